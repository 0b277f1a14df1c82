// How long ago something was last known to be true, by the steady clock and by the machine's.

import type { Clock } from "../../../queue/clock.ts";

/** A time by both clocks. */
export interface Moment {
  steadyMs: number;
  wallMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { steadyMs: clock.nowMs(), wallMs: clock.wallMs() };
}

export class Confirmation {
  readonly #clock: Clock;
  #last: Moment;

  constructor(clock: Clock, last: Moment) {
    this.#clock = clock;
    this.#last = last;
  }

  /** It was true at that time or later: the start of the request that found it, not its end. */
  confirm(at: Moment): void {
    if (at.steadyMs >= this.#last.steadyMs) this.#last = at;
  }

  /** By both clocks. A machine's clock that was set back proves nothing, so the answer is no. */
  isWithin(ms: number): boolean {
    const { steadyMs, wallMs } = this.#last;
    const age = this.#clock.wallMs() - wallMs;
    return age >= 0 && age < ms && this.#clock.nowMs() - steadyMs < ms;
  }
}
