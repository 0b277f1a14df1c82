// Clients that wait for entries of streams, and take nothing: all who wait for a queue look when
// events become ready there. Those who wait to take events are in Waiters.
import type { Clock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import type { ResultOf } from "./operations.ts";
import type { StreamLength } from "./streams.ts";
import { type Wait, Waiters } from "./waiters.ts";

type Length = ResultOf<StreamLength>;

export class Readers {
  readonly #waiters: Waiters;
  /** By the name of a queue: what the latest poll found, or null as long as it is under way. */
  #polled = new Map<string, string | null>();

  constructor(clock: Clock) {
    this.#waiters = new Waiters(clock);
  }

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** The queues that somebody waits for. */
  queues(): Buffer[] {
    return this.#waiters.queues();
  }

  /** As Waiters.wait(): resolves with what an attempt found. */
  wait<T>(wait: Omit<Wait<T>, "takes">): Promise<T | null> {
    return this.#waiters.wait(wait);
  }

  /** Events became ready in that queue. */
  ready(queue: Buffer): void {
    this.#waiters.wakeAll(queue);
  }

  /** Asks for each queue, because a message may be lost, and wakes where it is not as before. */
  poll(lengthOf: (queue: Buffer) => Promise<Length>): void {
    const queues = this.queues();
    const before = this.#polled;
    this.#polled = new Map();
    for (const queue of queues) {
      const name = nameOf(queue);
      const found = before.get(name);
      this.#polled.set(name, null);
      if (found === null) continue;
      lengthOf(queue).then(
        (length) => this.#found(queue, textOf(length), found),
        () => this.#polled.delete(name),
      );
    }
  }

  #found(queue: Buffer, text: string, before: string | undefined): void {
    const name = nameOf(queue);
    if (this.#polled.has(name)) this.#polled.set(name, text);
    if (text !== before) this.ready(queue);
  }
}

function textOf(length: Length): string {
  if (typeof length === "string") return length;
  const { length: count, lastId } = length;
  return `${count} ${lastId.ms}-${lastId.seq}`;
}
