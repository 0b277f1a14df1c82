// Pauses between tries of a request to an object store, longer each time.

import type { Clock } from "../queue/clock.ts";

export class Retry {
  readonly #clock: Clock;
  readonly #longestMs: number;
  #nextMs: number;

  constructor(clock: Clock, longestMs = 1000, firstMs = 50) {
    this.#clock = clock;
    this.#nextMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** The length of the next pause. */
  get nextMs(): number {
    return this.#nextMs;
  }

  pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(this.#nextMs, resolve);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#longestMs);
    return promise;
  }
}
