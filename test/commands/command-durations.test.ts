// For how long commands took, by command, with one look at the clock for each turn.
import { expect, test } from "bun:test";
import { CommandDurations, NO_COMMAND } from "../../src/commands/command-durations.ts";
import { TestClock } from "../support/test-clock.ts";

class WatchedClock extends TestClock {
  looks = 0;

  override nowMs(): number {
    this.looks += 1;
    return super.nowMs();
  }
}

/** How many calls took how many ms together, by number. */
function shown(durations: CommandDurations): [number: number, calls: number, ms: number][] {
  return [...durations.called()].map(([number, histogram]) => [
    number,
    histogram.count,
    Math.round(histogram.sum / 1000),
  ]);
}

test("counts the calls of each command with their own begin", () => {
  const clock = new TestClock();
  const durations = new CommandDurations(clock);
  const beganAtMs = clock.nowMs();
  clock.advance(10);
  const laterMs = clock.nowMs();
  clock.advance(5);
  for (const [number, from] of [
    [7, beganAtMs],
    [7, beganAtMs],
    [7, laterMs],
    [NO_COMMAND, laterMs],
    [7, laterMs],
  ] as const) {
    durations.ended(number, from);
  }
  expect(shown(durations)).toEqual([
    [NO_COMMAND, 1, 5],
    [7, 4, 15 + 15 + 5 + 5],
  ]);
});

test("looks at the clock once in a turn, and again in the next one", () => {
  const clock = new WatchedClock();
  const durations = new CommandDurations(clock);
  const beganAtMs = clock.nowMs();
  clock.looks = 0;
  for (const number of [1, 2, 3, 1]) durations.ended(number, beganAtMs);
  durations.turnEnded();
  expect(clock.looks).toBe(1);
  durations.turnEnded();
  expect(clock.looks).toBe(1);
  clock.advance(1000);
  durations.ended(1, beganAtMs);
  durations.turnEnded();
  expect(clock.looks).toBe(2);
  expect(shown(durations)).toEqual([
    [1, 3, 1000],
    [2, 1, 0],
    [3, 1, 0],
  ]);
});
