// A clock that stands still until a test moves it, for tests of one side without I/O.
import { MovedClock } from "../../src/testing/moved-clock.ts";

export class TestClock extends MovedClock {
  constructor() {
    super(1_000_000);
  }

  /** Moves the clock. Runs the timers that become due, each at its time, in order. */
  advance(ms: number): void {
    const endMs = super.nowMs() + ms;
    while (this.step(endMs));
  }
}
