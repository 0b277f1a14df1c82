// How long a commit waits for further operations. An append takes long, so an operation that comes
// right behind the start of one waits for two: the clients that were just answered get a moment to
// send their next operations.

import type { Clock } from "../../../queue/clock.ts";
import type { Awaited } from "../journal.ts";

/** The moment, as a part of the time of the latest append. */
const momentPart = 1 / 4;
const momentMsMax = 20;

export class Collecting {
  readonly #clock: Clock;
  readonly #minIntervalMs: number;
  #startedAtMs = -Infinity;
  /** Of the latest append. */
  lastMs = 0;

  constructor(clock: Clock, minIntervalMs: number) {
    this.#clock = clock;
    this.#minIntervalMs = minIntervalMs;
  }

  /** 0: now. */
  delayMs({ waiting, expected, answeredAtMs, isCut }: Awaited): number {
    // The interval is for what one append can take: it is no limit of speed.
    if (isCut) return 0;
    const nowMs = this.#clock.nowMs();
    const momentMs = Math.min(this.lastMs * momentPart, momentMsMax);
    const endsAtMs = Math.max(
      this.#startedAtMs + this.#minIntervalMs,
      waiting < expected ? answeredAtMs + momentMs : -Infinity,
    );
    return Math.max(0, endsAtMs - nowMs);
  }

  started(): void {
    this.#startedAtMs = this.#clock.nowMs();
  }

  ended(): void {
    this.lastMs = this.#clock.nowMs() - this.#startedAtMs;
  }
}
