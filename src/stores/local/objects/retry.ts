// Pauses between tries of a request to an object store, longer each time.

import type { Clock } from "../../../queue/clock.ts";

const FIRST_MS = 50;
const LONGEST_MS = 1000;

export class Retry {
  readonly #clock: Clock;
  readonly #longestMs: number;
  #nextMs = FIRST_MS;

  constructor(clock: Clock, longestMs = LONGEST_MS) {
    this.#clock = clock;
    this.#longestMs = longestMs;
  }

  pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(this.#nextMs, resolve);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#longestMs);
    return promise;
  }
}
