// A load on several okq processes while their Redis fails and comes back. Measures how soon they
// serve again, and checks the account of events.
import type { Config } from "../../src/config/options.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import type { Losses, Totals } from "./account.ts";
import { Load, type LoadOptions } from "./load.ts";
import { report } from "./rounds.ts";

export class Trial {
  readonly load: Load;
  readonly okqs: TestOkq[];
  readonly #name: string;
  /** The longest time from the recovery of the store until commands succeed again. */
  #backMs = 0;

  private constructor(name: string, okqs: TestOkq[], load: Load) {
    this.#name = name;
    this.okqs = okqs;
    this.load = load;
  }

  /** Two okq processes on that Redis, with at least three producers and three consumers. */
  static async start(
    name: string,
    config: Partial<Config>,
    options: Partial<LoadOptions> = {},
  ): Promise<Trial> {
    const start = () => startTestOkq({ store: "", ...config });
    const okqs = [await start(), await start()];
    const load = closeAfterTest(new Load({ port: (client) => okqs[client % 2]!.port, ...options }));
    await load.progress(50);
    return new Trial(name, okqs, load);
  }

  /** Call when the store has recovered. Waits until commands of every client succeed again. */
  async recovers(timeoutMs = 30_000): Promise<number> {
    const startedAt = performance.now();
    await this.load.progress(1, timeoutMs);
    const backMs = performance.now() - startedAt;
    this.#backMs = Math.max(this.#backMs, backMs);
    await this.load.progress(200, timeoutMs);
    return backMs;
  }

  /** Waits until every okq has logged such a line. */
  async logs(line: RegExp): Promise<void> {
    const isLogged = ({ log }: TestOkq) => log.some((logged) => line.test(logged.trimEnd()));
    await eventually(() => this.okqs.every(isLogged), { message: `every okq logs ${line}` });
  }

  /** The server that the first okq uses, as INFO shows it. */
  async storeAddress(): Promise<string | undefined> {
    const client = await this.okqs[0]!.connect();
    const info = String(await client.call("INFO", "store"));
    client.close();
    return /^store_address:(.*)$/m.exec(info)?.[1]?.trim();
  }

  /** Waits for that number of error replies more than `before`. */
  async fails(count: number, before = this.load.failed): Promise<void> {
    const failed = before + count;
    await eventually(() => this.load.failed >= failed, { message: `${count} commands fail` });
  }

  /** Throws if an answered push is lost or an acked event was delivered again. */
  async settle(figures: object = {}): Promise<Totals> {
    await this.#end();
    const totals = this.load.account.settle();
    this.#report({ ...totals, lost: 0, returned: 0 }, figures);
    return totals;
  }

  /** Like settle(), but counts lost events, for a store that may lose events. */
  async settleLosses(figures: object = {}): Promise<Totals & Losses> {
    await this.#end();
    const totals = this.load.account.settleLosses();
    this.#report(totals, figures);
    return totals;
  }

  async #end(): Promise<void> {
    await this.load.stop();
    await this.load.drain(this.okqs[0]!.port);
  }

  #report(totals: Totals & Losses, figures: object): void {
    const errors = Object.fromEntries(this.load.errors);
    const { backMs, slowestMs } = { backMs: this.#backMs, slowestMs: this.load.slowestMs };
    report(this.#name, { ...totals, backMs, slowestMs, ...figures, ...errors });
  }
}
