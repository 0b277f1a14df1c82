// Pauses of a connection that uses much processor time.
import { expect, test } from "bun:test";
import { Backoff } from "../../../src/server/flow/backoff.ts";
import { TestClock } from "../../support/test-clock.ts";

function setUp() {
  const clock = new TestClock();
  const scheduler = { isCrowded: true };
  let ends = 0;
  const backoff = new Backoff(clock, scheduler, () => (ends += 1));
  /** Simulates work of that duration. */
  const work = (ms: number) => {
    const startedAtMs = clock.nowMs();
    clock.advance(ms);
    backoff.afterWork(startedAtMs);
  };
  return { clock, scheduler, backoff, work, ends: () => ends };
}

test("after its share of a turn a connection pauses for a millisecond", () => {
  const { clock, backoff, ends } = setUp();
  expect(backoff.isActive).toBe(false);
  backoff.afterShare();
  clock.advance(0.9);
  expect([backoff.isActive, ends()]).toEqual([true, 0]);
  clock.advance(0.1);
  expect([backoff.isActive, ends(), clock.timers]).toEqual([false, 1, 0]);
});

test("after long work the pause is four times as long as the work, and a second at most", () => {
  const { clock, backoff, work, ends } = setUp();
  work(10);
  clock.advance(39);
  expect(backoff.isActive).toBe(true);
  clock.advance(1);
  expect([backoff.isActive, ends()]).toEqual([false, 1]);
  work(3_600_000);
  clock.advance(999);
  expect(backoff.isActive).toBe(true);
  clock.advance(1);
  expect([backoff.isActive, ends()]).toEqual([false, 2]);
});

test("the pause that ends last counts, and ends once", () => {
  const { clock, backoff, work, ends } = setUp();
  work(15);
  backoff.afterShare();
  work(5);
  clock.advance(54);
  expect([backoff.isActive, ends()]).toEqual([true, 0]);
  clock.advance(1);
  expect([backoff.isActive, ends()]).toEqual([false, 1]);
  backoff.afterShare();
  clock.advance(1);
  expect(ends()).toBe(2);
});

test("a connection does not pause while no other one is busy", () => {
  const { clock, scheduler, backoff, work } = setUp();
  scheduler.isCrowded = false;
  backoff.afterShare();
  work(10);
  expect([backoff.isActive, clock.timers]).toEqual([false, 0]);
});
