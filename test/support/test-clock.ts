// A clock that stands still until a test moves it.
import type { Cancel, Clock } from "../../src/queue/clock.ts";

interface Timer {
  dueMs: number;
  run: () => void;
}

export class TestClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer: Timer = {
      dueMs: this.#nowMs + delayMs,
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

  /** Moves the clock. Runs the timers that become due, each at its time, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#timers].reduce<Timer | null>(earlier, null);
      if (next === null || next.dueMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = endMs;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

function earlier(a: Timer | null, b: Timer): Timer {
  return a === null || b.dueMs < a.dueMs ? b : a;
}
