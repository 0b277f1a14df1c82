// The system clock and the test clock: timers run on time, once or periodically.
import { expect, test } from "bun:test";
import { systemClock } from "../../src/queue/clock.ts";
import { TestClock } from "../support/test-clock.ts";

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve));
}

test("the system's clock tells the milliseconds since 1970", () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(60_000);
});

test("a timer of the system's clock never runs early", async () => {
  const startedAtMs = systemClock.nowMs();
  await passed(2.5);
  expect(systemClock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(2.5);
});

test("a timer can be longer than setTimeout allows", async () => {
  let runs = 0;
  const cancel = systemClock.after(2 ** 31 * 1000, () => (runs += 1));
  await passed(5);
  cancel();
  expect(runs).toBe(0);
});

test("a periodic timer runs until it is cancelled", async () => {
  let runs = 0;
  const cancel = await new Promise<() => void>((resolve) => {
    const stop = systemClock.every(1, () => ++runs === 3 && resolve(stop));
  });
  cancel();
  await passed(5);
  expect(runs).toBe(3);
});

test("the clock of a test runs timers at their time and in order", () => {
  const clock = new TestClock();
  const startMs = clock.nowMs();
  const runs: [string, number][] = [];
  const note = (name: string) => () => runs.push([name, clock.nowMs() - startMs]);
  clock.after(30, note("once"));
  const stop = clock.every(20, note("period"));
  clock.after(10, note("cancelled"))();
  clock.advance(45);
  stop();
  clock.advance(100);
  expect(runs).toEqual([
    ["period", 20],
    ["once", 30],
    ["period", 40],
  ]);
  expect([clock.nowMs() - startMs, clock.timers]).toEqual([145, 0]);
});
