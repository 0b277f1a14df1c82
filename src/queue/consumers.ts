// How many consumers (registered connections) this process has on each queue.
import { nameOf } from "./name-cache.ts";

/** About the bytes of a registration without its name: in a list, a line, a queue of its own. */
const REGISTRATION_BYTES = 2048;

export class Consumers {
  /** Settles when the store has been told of all changes so far, or could not be. */
  reported: Promise<unknown> = Promise.resolve();
  readonly #counts = new Map<string, number>();
  #bytes = 0;

  /** About how much memory all registrations take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How much memory they would take if a consumer had the second list instead of the first. */
  bytesWith(before: Buffer[], after: Buffer[]): number {
    return this.#bytes + bytesOf(after) - bytesOf(before);
  }

  /** A consumer trades its list of queues for another. Returns the counts that changed. */
  replace(before: Buffer[], after: Buffer[]): { queue: Buffer; count: number }[] {
    this.#bytes = this.bytesWith(before, after);
    const changed = new Map<string, Buffer>();
    for (const queue of before) changed.set(this.#add(queue, -1), queue);
    for (const queue of after) changed.set(this.#add(queue, 1), queue);
    return [...changed].map(([key, queue]) => ({ queue, count: this.#counts.get(key) ?? 0 }));
  }

  /** Every queue with a consumer. */
  counts(): { queue: Buffer; count: number }[] {
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
