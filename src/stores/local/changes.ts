// The net changes that a batch made to the model. The journal writes them; if that fails,
// they are undone in reverse order.

import type { LocalEvent, LocalQueue } from "./local-queue.ts";

/** The events of a queue that was flushed; the journal deletes them little by little. */
export interface Retired {
  number: number;
  /** Their keys, in any order; produced one at a time, because there may be millions. */
  keys: Iterable<number>;
}

export class Changes {
  /** Events that were changed, each once, in the order of their first change. */
  readonly touched: LocalEvent[] = [];
  /** The queue of each, and the number of that queue at that time. */
  readonly queues: LocalQueue[] = [];
  readonly queueNumbers: number[] = [];
  /** Queues that were given a number. */
  readonly named: { name: string; number: number }[] = [];
  readonly retired = new Map<number, Retired>();
  /** Numbers of forgotten queues; kept until a commit has succeeded. */
  readonly forgotten: number[] = [];
  /** The journal has to write, even if nothing has changed. */
  isDemanded = false;
  readonly #undos: (() => void)[] = [];
  #last = 0;

  /** Whether there is nothing to commit. */
  get isEmpty(): boolean {
    return this.#undos.length === 0 && !this.isDemanded;
  }

  /** A number that is new in the journal: for keys, places and queues. */
  next(): number {
    return ++this.#last;
  }

  /** Numbers up to this one are taken. */
  startAfter(last: number): void {
    this.#last = last;
  }

  numberOf(queue: LocalQueue): number {
    if (queue.number === 0) {
      queue.number = this.next();
      this.named.push({ name: queue.name, number: queue.number });
      this.#undos.push(() => (queue.number = 0));
    }
    return queue.number;
  }

  touch(queue: LocalQueue, event: LocalEvent, undo: () => void): void {
    this.#undos.push(undo);
    if (event.isTouched) return;
    event.isTouched = true;
    this.touched.push(event);
    this.queues.push(queue);
    this.queueNumbers.push(this.numberOf(queue));
  }

  /** Records that a queue lost all its events at once. */
  retire(retired: Retired, undo: () => void): void {
    this.retired.set(retired.number, retired);
    this.#undos.push(undo);
  }

  /** The journal has them. Calls onStored for each event that was touched and not flushed. */
  committed(onStored: (queue: LocalQueue, event: LocalEvent) => void): void {
    for (const [at, event] of this.touched.entries()) {
      event.isTouched = false;
      event.isStored = true;
      const queue = this.queues[at] as LocalQueue;
      if (queue.number === this.queueNumbers[at]) onStored(queue, event);
    }
    this.forgotten.length = 0;
    this.#clear();
  }

  /** Undoes every step, the latest first. */
  undo(): void {
    for (let at = this.#undos.length - 1; at >= 0; at--) this.#undos[at]!();
    for (const event of this.touched) event.isTouched = false;
    this.#clear();
  }

  #clear(): void {
    this.touched.length = 0;
    this.queues.length = 0;
    this.queueNumbers.length = 0;
    this.named.length = 0;
    this.isDemanded = false;
    this.#undos.length = 0;
    if (this.retired.size > 0) this.retired.clear();
  }
}
