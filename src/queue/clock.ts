// The time, for all that measures it or waits for it. Tests move a clock of their own
// (test/support/test-clock.ts).

export interface Clock {
  /**
   * Milliseconds, with fractions: those since 1970 when the process started, and from then on even
   * ones. They do not jump when somebody sets the machine's clock.
   */
  nowMs(): number;
  /** Runs it once, not before so many milliseconds have passed. Any delay is fine. */
  after(delayMs: number, run: () => void): Cancel;
  /** Runs it again and again, with so many milliseconds from one time to the next. */
  every(periodMs: number, run: () => void): Cancel;
}

/** Stops the timer. May be called at any time, also twice. */
export type Cancel = () => void;

/** setTimeout takes no longer delays than this. */
const DELAY_MS_MAX = 2 ** 31 - 1;
const offsetMs = Date.now() - performance.now();

export const systemClock: Clock = {
  nowMs: () => offsetMs + performance.now(),
  after(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number) => {
      timer = setTimeout(fire, Math.min(Math.ceil(leftMs), DELAY_MS_MAX));
    };
    const fire = () => {
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) wait(leftMs);
      else run();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, run) {
    const timer = setInterval(run, periodMs);
    return () => clearInterval(timer);
  },
};
