// Clients that hand events over from one queue to another, each in one transaction, and an account
// of what was answered. In the end each event is in one of the two queues.
import { eventually } from "../support/eventually.ts";
import { readable } from "../support/readable.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { CLOSED, Wire } from "../support/wire.ts";
import type { Outcome } from "./account.ts";
import { kindOf } from "./error-kind.ts";
import { checked, CLIENT_PATIENCE_MS, untilAccepted, untilWorked } from "./until-accepted.ts";

export const [IN, OUT] = ["in{1}", "out{1}"];
/** Claims of clients that lost their connection stay: their events are in the first queue. */
const LEASE = 3600;
const CLIENTS = 4;
const AT_ONCE = 6;
const SURPLUS = 50;
const ASKED_AT_ONCE = 200;

export interface HandOverOptions {
  /** From this queue to that one. */
  queues?: readonly [string, string];
  /** The port of okq for a client; called for every connection. */
  port?(): number;
}

export class HandOver {
  /** Error replies so far, by kind. */
  readonly errors = new Set<string>();
  readonly #port: () => number;
  readonly #in: string;
  readonly #out: string;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #faults: string[] = [];
  readonly #ids: string[];
  readonly #running: Promise<void>[] = [];
  #isStopped = false;
  /** Until the next progress the clients hand over so many, and a few more. */
  #wanted = 0;

  private constructor(port: () => number, ids: string[], queues: readonly [string, string]) {
    this.#port = port;
    this.#ids = ids;
    [this.#in, this.#out] = queues;
    for (let client = 0; client < CLIENTS; client++) this.#running.push(this.#run());
  }

  /** Pushes that many events, and begins to hand them over. */
  static async start(
    port: number,
    count: number,
    { queues = [IN, OUT], port: portOf = () => port }: HandOverOptions = {},
  ): Promise<HandOver> {
    const ids = Array.from({ length: count }, (_, at) => `event-${at}`);
    for (let at = 0; at < count; at += 1000) {
      const pairs = ids.slice(at, at + 1000).flatMap((id) => [id, `contents of ${id}`]);
      const push = ["QMPUSH", queues[0], "PAIRS", ...pairs];
      await untilWorked(portOf, async (wire) => checked(await wire.call(...push)));
    }
    return new HandOver(portOf, ids, queues);
  }

  count(outcome: Outcome): number {
    return [...this.#outcomes.values()].filter((each) => each === outcome).length;
  }

  /** Resolves after that many more events were handed over. */
  async progress(count: number, timeoutMs = 30_000): Promise<void> {
    const wanted = this.count("done") + count;
    this.#wanted = wanted;
    const message = `${count} more events are handed over`;
    await eventually(() => this.count("done") >= wanted, { timeoutMs, message });
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  /** Throws unless each event is in one queue: where the answers say that it is, if they say so. */
  async settle(port = this.#port()): Promise<Record<Outcome, number>> {
    await this.close();
    const [isIn, isOut] = await untilWorked(
      () => port,
      (wire) => this.#ask(wire),
    );
    this.check(isIn, isOut);
    const [done, refused, unknown] = (["done", "refused", "unknown"] as const).map((each) =>
      this.count(each),
    );
    return { done: done!, refused: refused!, unknown: unknown! };
  }

  /** The ids that are in the queues. */
  async #ask(wire: Wire): Promise<[Set<string>, Set<string>]> {
    const [isIn, isOut] = [new Set<string>(), new Set<string>()];
    const queues = [this.#in, this.#out];
    for (let at = 0; at < this.#ids.length; at += ASKED_AT_ONCE) {
      const ids = this.#ids.slice(at, at + ASKED_AT_ONCE);
      wire.pipeline(...ids.flatMap((id) => queues.map((queue) => ["QGET", queue, id])));
      for (const id of ids) {
        for (const found of [isIn, isOut]) if (checked(await wire.next()) !== null) found.add(id);
      }
    }
    return [isIn, isOut];
  }

  /** The same for the ids that are in the queues, as somebody has found them there. */
  check(isIn: ReadonlySet<string>, isOut: ReadonlySet<string>): void {
    for (const id of this.#ids) this.#check(id, isIn.has(id), isOut.has(id));
    if (this.#faults.length > 0) {
      throw new Error(`${this.#faults.length}: ${this.#faults.slice(0, 5).join(", ")}`);
    }
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
        async () => this.#isStopped || (await Wire.connect(this.#port())),
        { timeoutMs: 60_000, message: "okq accepts a connection" },
      );
      if (wire === true) return;
      try {
        while (!this.#isStopped) await this.#handOver(wire as Wire);
      } catch (error) {
        const { message } = error as Error;
        if (message !== CLOSED) this.#faults.push(message);
      } finally {
        (wire as Wire).close();
      }
    }
  }

  async #handOver(wire: Wire): Promise<void> {
    const pop = ["QPOP", "COUNT", AT_ONCE, "LEASE", LEASE, "FROM", this.#in];
    const isWanted = () => this.#isStopped || this.count("done") < this.#wanted + SURPLUS;
    await eventually(isWanted, { timeoutMs: 300_000 });
    const popped = readable(await wire.call(...pop.map(String)));
    this.#noted(popped);
    if (!Array.isArray(popped)) return await this.#untilAvailable(wire);
    const events = (popped as string[][]).map(([, id, contents, token]) => [
      id!,
      contents!,
      token!,
    ]);
    for (const [id] of events) this.#outcomes.set(id!, "unknown");
    wire.pipeline(
      ...events.flatMap(([id, contents, token]) => [
        ["MULTI"],
        ["QPUSH", this.#out, contents!, "ID", id!],
        ["QACK", this.#in, id!, "TOKEN", token!],
        ["EXEC"],
      ]),
    );
    for (const [id] of events) {
      const replies = (await wire.take(4)).map(readable);
      this.#outcomes.set(id!, this.#outcomeOf(id!, replies.at(-1)));
    }
  }

  async #untilAvailable(wire: Wire): Promise<void> {
    const isWell = (reply: Decoded) => !this.#noted(readable(reply)) || this.#isStopped;
    await untilAccepted(wire, ["QLPEEK", this.#in], isWell, CLIENT_PATIENCE_MS);
  }

  /** Whether it is an error. */
  #noted(reply: unknown): boolean {
    const isError = typeof reply === "string" && reply.startsWith("-");
    if (isError) this.errors.add(kindOf(reply.slice(1)));
    return isError;
  }

  #outcomeOf(id: string, reply: unknown): Outcome {
    if (Bun.deepEquals(reply, [id, 1])) return "done";
    this.#noted(reply);
    const text = String(reply);
    if (text.startsWith("-EXECABORT Transaction discarded")) return "refused";
    if (!text.startsWith("-ERR store outcome unknown: ")) {
      this.#faults.push(`${id} was answered ${JSON.stringify(reply)}`);
    }
    return "unknown";
  }
}
