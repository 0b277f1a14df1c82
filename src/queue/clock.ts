// The clock of everything that measures time or waits. Tests have a clock that they move themselves
// (testing/moved-clock.ts).

export interface Clock {
  /**
   * Milliseconds since 1970, with fractions. The machine's clock is read only at the start of the
   * process, so the time does not jump when somebody sets that clock.
   */
  nowMs(): number;
  /**
   * The machine's clock. Somebody may set it, and it goes on while the machine sleeps, which the
   * time of nowMs() may not.
   */
  wallMs(): number;
  /** Runs it once, after at least this delay. The delay may have any length. */
  after(delayMs: number, run: () => void): Cancel;
  /** Runs it periodically. */
  every(periodMs: number, run: () => void): Cancel;
}

/** Stops the timer. May be called at any time, also twice. */
export type Cancel = () => void;

/** setTimeout takes no longer delays than this. */
const DELAY_MS_MAX = 2 ** 31 - 1;
const offsetMs = Date.now() - performance.now();

export const systemClock: Clock = {
  nowMs: () => offsetMs + performance.now(),
  wallMs: () => Date.now(),
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
