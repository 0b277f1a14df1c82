// Clients that wait until an event has ended, or until a queue is empty. They look when this
// process ends an event there, and now and then, because other okq processes end events too.
import type { Clock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import type { Operation } from "./operations.ts";
import { type Attempt, Waiters } from "./waiters.ts";

/** However many events end: between two looks of those who wait for a queue. */
const PAUSE_MS = 50;

interface Awaited<T> {
  queue: Buffer;
  /** null: that the queue is empty. */
  id: Buffer | null;
  timeoutMs: number;
  /** Finds how the event ended, or that the queue is empty; null if that is still to come. */
  look: Attempt<T>;
  /** Ends the wait, as the timeout does. */
  signal: AbortSignal;
}

export class Endings {
  readonly #clock: Clock;
  readonly #waiters: Waiters;
  /** Queues whose waiters look soon. */
  readonly #soon = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#waiters = new Waiters(clock);
  }

  /** Resolves with what a look found, or with null at the end of the time. As Waiters.wait(). */
  wait<T>({ queue, id, timeoutMs, look, signal }: Awaited<T>): Promise<T | null> {
    return this.#waiters.wait({ queues: [keyOf(queue, id)], timeoutMs, attempt: look, signal });
  }

  /** An operation of this process was done. */
  done(operation: Operation): void {
    if (this.#waiters.size === 0) return;
    switch (operation.kind) {
      case "ack":
      case "fail":
      case "cancel":
        this.#ended(operation.queue, operation.id);
        break;
      case "ackBatch":
        for (const { id } of operation.claims) this.#ended(operation.queue, id);
        break;
      case "remove":
      case "move":
        for (const { id } of operation.targets) this.#ended(operation.queue, id);
        break;
      case "flush":
        this.lookAll();
        break;
      case "pop":
      case "redo":
        this.#lookSoon(operation.queue);
    }
  }

  /** All look: something may have ended without a word. */
  lookAll(): void {
    for (const queue of this.#waiters.queues()) this.#waiters.wake(queue, Infinity);
  }

  #ended(queue: Buffer, id: Buffer): void {
    this.#waiters.wake(keyOf(queue, id), Infinity);
    this.#lookSoon(queue);
  }

  #lookSoon(queue: Buffer): void {
    const name = nameOf(queue);
    if (this.#soon.has(name)) return;
    this.#soon.add(name);
    this.#clock.after(PAUSE_MS, () => {
      this.#soon.delete(name);
      this.#waiters.wake(keyOf(queue, null), Infinity);
    });
  }
}

/** Different for each pair. */
function keyOf(queue: Buffer, id: Buffer | null): Buffer {
  const own = id === null ? [] : [Buffer.from("="), id];
  return Buffer.concat([Buffer.from(`${queue.length}:`), queue, ...own]);
}
