// Clients that hand events over from the queue "in{1}" to "out{1}", each in one transaction, and an
// account of what was answered. In the end each event is in one of the two queues.
import { eventually } from "../support/eventually.ts";
import { readable } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";
import type { Outcome } from "./account.ts";

export const [IN, OUT] = ["in{1}", "out{1}"];
/** Claims of clients that lost their connection stay: their events are in the first queue. */
const LEASE = 3600;
const CLIENTS = 4;
const AT_ONCE = 6;
const SURPLUS = 50;
const ASKED_AT_ONCE = 200;

export class HandOver {
  readonly #port: number;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #faults: string[] = [];
  readonly #ids: string[];
  readonly #running: Promise<void>[] = [];
  #isStopped = false;
  /** Until the next progress the clients hand over so many, and a few more. */
  #wanted = 0;

  private constructor(port: number, ids: string[]) {
    this.#port = port;
    this.#ids = ids;
    for (let client = 0; client < CLIENTS; client++) this.#running.push(this.#run());
  }

  /** Pushes that many events, and begins to hand them over. */
  static async start(port: number, count: number): Promise<HandOver> {
    const ids = Array.from({ length: count }, (_, at) => `event-${at}`);
    const wire = await Wire.connect(port);
    for (let at = 0; at < count; at += 1000) {
      const pairs = ids.slice(at, at + 1000).flatMap((id) => [id, `contents of ${id}`]);
      await wire.call("QMPUSH", IN, "PAIRS", ...pairs);
    }
    wire.close();
    return new HandOver(port, ids);
  }

  count(outcome: Outcome): number {
    return [...this.#outcomes.values()].filter((each) => each === outcome).length;
  }

  /** Resolves after that many more events were handed over. */
  async progress(count: number): Promise<void> {
    const wanted = this.count("done") + count;
    this.#wanted = wanted;
    const message = `${count} more events are handed over`;
    await eventually(() => this.count("done") >= wanted, { timeoutMs: 30_000, message });
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  /** Throws unless each event is in one queue: where the answers say that it is, if they say so. */
  async settle(): Promise<Record<Outcome, number>> {
    await this.close();
    const wire = await Wire.connect(this.#port);
    for (let at = 0; at < this.#ids.length; at += ASKED_AT_ONCE) {
      const ids = this.#ids.slice(at, at + ASKED_AT_ONCE);
      wire.pipeline(...ids.flatMap((id) => [IN, OUT].map((queue) => ["QGET", queue, id])));
      const shown = (await wire.take(2 * ids.length)).map((reply) => reply !== null);
      for (const [n, id] of ids.entries()) this.#check(id, shown[2 * n]!, shown[2 * n + 1]!);
    }
    wire.close();
    if (this.#faults.length > 0) {
      throw new Error(`${this.#faults.length}: ${this.#faults.slice(0, 5).join(", ")}`);
    }
    const [done, refused, unknown] = (["done", "refused", "unknown"] as const).map((each) =>
      this.count(each),
    );
    return { done: done!, refused: refused!, unknown: unknown! };
  }

  #check(id: string, isIn: boolean, isOut: boolean): void {
    const outcome = this.#outcomes.get(id) ?? "refused";
    if (isIn && isOut) this.#faults.push(`${id} is in both queues (${outcome})`);
    if (!isIn && !isOut) this.#faults.push(`${id} is in neither queue (${outcome})`);
    if (outcome === "done" && !isOut) this.#faults.push(`${id} was not handed over`);
    if (outcome === "refused" && isOut) this.#faults.push(`${id} was refused, and handed over`);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const wire = await eventually(
        async () => this.#isStopped || (await Wire.connect(this.#port)),
        { timeoutMs: 60_000, message: "okq accepts a connection" },
      );
      if (wire === true) return;
      try {
        while (!this.#isStopped) await this.#handOver(wire as Wire);
      } catch (error) {
        const { message } = error as Error;
        if (message !== "the connection was closed") this.#faults.push(message);
      } finally {
        (wire as Wire).close();
      }
    }
  }

  async #handOver(wire: Wire): Promise<void> {
    const pop = ["QPOP", "COUNT", AT_ONCE, "LEASE", LEASE, "FROM", IN];
    const isWanted = () => this.#isStopped || this.count("done") < this.#wanted + SURPLUS;
    await eventually(isWanted, { timeoutMs: 60_000 });
    const popped = readable(await wire.call(...pop.map(String)));
    // While the store is away.
    if (!Array.isArray(popped)) return;
    const events = (popped as string[][]).map(([, id, contents, token]) => [
      id!,
      contents!,
      token!,
    ]);
    for (const [id] of events) this.#outcomes.set(id!, "unknown");
    wire.pipeline(
      ...events.flatMap(([id, contents, token]) => [
        ["MULTI"],
        ["QPUSH", OUT, contents!, "ID", id!],
        ["QACK", IN, id!, "TOKEN", token!],
        ["EXEC"],
      ]),
    );
    for (const [id] of events) {
      const replies = (await wire.take(4)).map(readable);
      this.#outcomes.set(id!, this.#outcomeOf(id!, replies.at(-1)));
    }
  }

  #outcomeOf(id: string, reply: unknown): Outcome {
    if (Bun.deepEquals(reply, [id, 1])) return "done";
    const text = String(reply);
    if (text.startsWith("-EXECABORT Transaction discarded")) return "refused";
    if (!text.startsWith("-ERR store outcome unknown: ")) {
      this.#faults.push(`${id} was answered ${JSON.stringify(reply)}`);
    }
    return "unknown";
  }
}
