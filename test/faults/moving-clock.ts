// A clock of okq that goes on by itself, and that a test can also move past the ends of leases.
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";

const STEP_MS = 5;

export function startMovingClock(): TestClock {
  const clock = new TestClock();
  const timer = setInterval(() => clock.advance(STEP_MS), STEP_MS);
  closeAfterTest({ close: () => clearInterval(timer) });
  return clock;
}
