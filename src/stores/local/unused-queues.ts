// Queues that may have become unused. Most of them are used again at once, so that they are not
// forgotten before a sweep, now and then.
import type { LocalQueue } from "./local-queue.ts";

/** Many, but not so many that clients notice. */
const sweptAtOnce = 10_000;

export class UnusedQueues {
  readonly #queues = new Set<LocalQueue>();
  /** A sweep was asked for while it was not safe. */
  isSweepDue = false;

  get size(): number {
    return this.#queues.size;
  }

  note(queue: LocalQueue): void {
    if (queue.isUnused) this.#queues.add(queue);
  }

  /** Has those forgotten that are still unused. It is not safe while they may be needed again. */
  sweep(isSafe: boolean, forget: (queue: LocalQueue) => void): void {
    this.isSweepDue = !isSafe;
    if (!isSafe) return;
    let left = sweptAtOnce;
    for (const queue of this.#queues) {
      if (left-- === 0) return;
      this.#queues.delete(queue);
      if (queue.isUnused) forget(queue);
    }
  }
}
