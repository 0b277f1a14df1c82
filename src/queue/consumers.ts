// The consumers of this process: which clients are registered on which queues, and the reports by
// which the store knows how many there are on each.
import { type Clock, systemClock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import { slicesOf } from "./slices.ts";
import type { Session, Store } from "./store.ts";

/** About the memory of a registration without its name: its part of a list, a line and a report. */
const REGISTRATION_BYTES = 2048;
/** Queues named in one operation. */
const PAGE = 256;

/** How long a client counts as a consumer after a pop. */
const POP_COUNTS_MS = 60_000;

/** A client that has popped. */
interface Popping {
  forgetPopBefore(ms: number): void;
}

/** How many consumers a queue has. */
interface Count {
  queue: Buffer;
  count: number;
}

export class Consumers {
  /** The only one for reports: between two sessions an old count could overtake a new one. */
  readonly #session: Session;
  readonly #onLeaveFailed: (error: Error) => void;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  /** The clients that count because of a pop. */
  readonly #popping = new Set<Popping>();
  #bytes = 0;
  /** Resolves when the store has been told of all changes so far, or could not be told. */
  #reported: Promise<unknown> = Promise.resolve();
  /** Whether the store may know of consumers of this process. */
  #hasReported = false;

  /** Calls back when the store could not be told that a consumer left. */
  constructor(
    store: Pick<Store, "session">,
    onLeaveFailed: (error: Error) => void,
    clock: Clock = systemClock,
  ) {
    this.#session = store.session();
    this.#clock = clock;
    this.#onLeaveFailed = onLeaveFailed;
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  addPopping(consumer: Popping): void {
    this.#popping.add(consumer);
  }

  removePopping(consumer: Popping): void {
    this.#popping.delete(consumer);
  }

  /** About how much memory all registrations take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How much memory they would take if a consumer had the second list instead of the first. */
  bytesWith(before: Buffer[], after: Buffer[]): number {
    return this.#bytes + bytesOf(after) - bytesOf(before);
  }

  /** A consumer has the second list of queues instead of the first. Returns the new counts. */
  replace(before: Buffer[], after: Buffer[]): Count[] {
    this.#bytes = this.bytesWith(before, after);
    const changed = new Map<string, Buffer>();
    for (const queue of before) changed.set(this.#add(queue, -1), queue);
    for (const queue of after) changed.set(this.#add(queue, 1), queue);
    return [...changed.values()].map((queue) => ({ queue, count: this.#countOf(queue) }));
  }

  /** Tells the store these counts; rejects with its error. */
  async report(consumers: Count[]): Promise<void> {
    if (consumers.length === 0) return;
    const report = this.#session.ask({ kind: "register", consumers, isReset: false });
    this.#reported = report.catch(() => {});
    await report;
  }

  /** The same for counts that changed because a consumer left or popped. Never rejects. */
  async reportLeft(consumers: Count[]): Promise<void> {
    await this.report(consumers).catch(this.#onLeaveFailed);
  }

  /**
   * Resolves when the store has been told of all consumers that left in this turn of the event
   * loop. A connection that ends in one turn is closed by the end of the next turn.
   */
  async allReported(): Promise<void> {
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await this.#reported;
  }

  /** Reports all counts anew. Once there are no consumers, that is reported once. */
  async reportAll(): Promise<void> {
    for (const consumer of this.#popping) consumer.forgetPopBefore(this.nowMs - POP_COUNTS_MS);
    if (this.#counts.size === 0 && !this.#hasReported) return;
    this.#hasReported = true;
    const counts = this.counts();
    // Without counts an empty page takes the earlier ones back.
    const pages = counts.length > 0 ? slicesOf(counts, PAGE) : [[]];
    const failures: unknown[] = [];
    for (const [at, page] of pages.entries()) {
      // One by one: after a failure the store refuses what the session has sent already.
      const consumers = page.map(({ queue }) => ({ queue, count: this.#countOf(queue) }));
      const report = this.#session.ask({ kind: "register", consumers, isReset: at === 0 });
      await report.catch((error: unknown) => failures.push(error));
    }
    this.#hasReported = counts.length > 0;
    if (failures.length > 0) throw failures[0];
  }

  #countOf(queue: Buffer): number {
    return this.#counts.get(nameOf(queue)) ?? 0;
  }

  /** Every queue with a consumer. */
  counts(): Count[] {
    return [...this.#counts].map(([key, count]) => ({ queue: Buffer.from(key, "latin1"), count }));
  }

  #add(queue: Buffer, difference: number): string {
    const key = nameOf(queue);
    const count = (this.#counts.get(key) ?? 0) + difference;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
    return key;
  }
}

function bytesOf(queues: Buffer[]): number {
  return queues.reduce((sum, { length }) => sum + REGISTRATION_BYTES + 2 * length, 0);
}
