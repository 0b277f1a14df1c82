// Queues that may have become unused. Most of them are used again soon, so they are forgotten only
// by a sweep now and then.
import type { LocalQueue } from "./local-queue.ts";

/** Few enough that clients do not notice. */
const sweptAtOnce = 10_000;

export class UnusedQueues {
  readonly #queues = new Set<LocalQueue>();
  /** A sweep was requested when it was not safe. */
  isSweepDue = false;

  get size(): number {
    return this.#queues.size;
  }

  note(queue: LocalQueue): void {
    if (queue.isUnused) this.#queues.add(queue);
  }

  /** Forgets the queues that are still unused. Not safe while a queue may be needed for an undo. */
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
