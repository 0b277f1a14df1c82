// A load on some okq processes while their Redis fails and comes back: how long the service was
// away after the store was back, and whether the account of events adds up.
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
  /** The longest time from the store being back to commands that succeed again. */
  #backMs = 0;

  private constructor(name: string, okqs: TestOkq[], load: Load) {
    this.#name = name;
    this.okqs = okqs;
    this.load = load;
  }

  /** Two okq processes on that Redis, with three producers and three consumers or more. */
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

  /** The store is back: waits until every client's commands succeed again. */
  async recovers(timeoutMs = 30_000): Promise<number> {
    const startedAt = performance.now();
    await this.load.progress(1, timeoutMs);
    const backMs = performance.now() - startedAt;
    this.#backMs = Math.max(this.#backMs, backMs);
    await this.load.progress(200, timeoutMs);
    return backMs;
  }

  /** Waits for so many more error replies than there were: now, or before they could begin. */
  async fails(count: number, before = this.load.failed): Promise<void> {
    const failed = before + count;
    await eventually(() => this.load.failed >= failed, { message: `${count} commands fail` });
  }

  /** Nothing that was answered OK may be gone, nothing acked may come again. */
  async settle(figures: object = {}): Promise<Totals> {
    await this.#end();
    const totals = this.load.account.settle();
    this.#report({ ...totals, lost: 0, returned: 0 }, figures);
    return totals;
  }

  /** For a store that made no such promise. */
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
