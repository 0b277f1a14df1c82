// A clock that stands still until a test moves it.
import type { Cancel, Clock } from "../queue/clock.ts";

interface Timer {
  dueMs: number;
  run: () => void;
}

export class MovedClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer: Timer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      run: () => {
        this.#timers.delete(timer);
        run();
      },
    };
    return this.#add(timer);
  }

  every(periodMs: number, run: () => void): Cancel {
    const timer: Timer = {
      dueMs: this.#nowMs + periodMs,
      run: () => {
        timer.dueMs += periodMs;
        run();
      },
    };
    return this.#add(timer);
  }

  /** The number of running timers. */
  get timers(): number {
    return this.#timers.size;
  }

  /**
   * Moves to the time of the timer that is due first, if that is not after endMs, and runs the
   * timer. Of timers of the same time the oldest is first. Without such a timer moves to endMs and
   * returns false.
   */
  step(endMs: number): boolean {
    const next = this.#next();
    const isDue = next !== null && next.dueMs <= endMs;
    this.#nowMs = Math.max(this.#nowMs, isDue ? next.dueMs : endMs);
    if (isDue) next.run();
    return isDue;
  }

  /** As step(), with all timers that are due at that time; not with those that they set. */
  stepAll(endMs: number): boolean {
    const atMs = this.#next()?.dueMs ?? Infinity;
    let left = [...this.#timers].filter(({ dueMs }) => dueMs <= atMs).length;
    if (!this.step(endMs)) return false;
    while (--left > 0 && this.#timers.size > 0 && this.#next()!.dueMs <= this.#nowMs) {
      this.#next()!.run();
    }
    return true;
  }

  #next(): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (next === null || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}
