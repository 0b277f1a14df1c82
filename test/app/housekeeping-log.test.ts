// A failure of periodic work is logged once, and once more when it is over.
import { expect, test } from "bun:test";
import { HousekeepingLog } from "../../src/app/housekeeping-log.ts";
import { createLog } from "../../src/log/log.ts";
import { LogLimit } from "../../src/log/log-limit.ts";
import { StoreError } from "../../src/queue/errors.ts";
import { TestClock } from "../support/test-clock.ts";

function start() {
  const lines: string[] = [];
  const log = createLog("text", false, (line) => lines.push(line.slice(25).trimEnd()));
  const clock = new TestClock();
  const limit = new LogLimit(log.warn);
  const { note } = new HousekeepingLog(log, limit, { store: "s" }, clock);
  return { lines, clock, note, close: () => limit.close() };
}

test("logs a lasting failure once, and its end after three seconds without a failure", () => {
  const { lines, clock, note, close } = start();
  for (let round = 0; round < 10; round++) {
    note("tick", new StoreError("refused", "a reason"));
    note("register", null);
    clock.advance(1_000);
    // A single success does not end a failure.
    note("tick", null);
  }
  const failure = "warn  cannot requeue expired claims, okq tries again store=s reason=";
  expect(lines).toEqual([`${failure}"a reason"`]);
  note("tick", new StoreError("refused", "another"));
  expect(lines.slice(1)).toEqual([`${failure}another`]);
  clock.advance(3_000);
  for (let round = 0; round < 3; round++) note("tick", null);
  expect(lines.slice(2)).toEqual(["info  expired claims are requeued again store=s"]);
  close();
});

test("logs a bug in okq, but not an unreachable store", () => {
  const { lines, note, close } = start();
  note("watch", new StoreError("unavailable", "away"));
  note("watch", new StoreError("unknown", "away"));
  expect(lines).toEqual([]);
  note("watch", new TypeError("undefined is not a function"));
  expect(lines).toHaveLength(1);
  // The store does not log a subscription that Redis refuses.
  note("hear", new StoreError("unavailable", "NOPERM"));
  expect(lines).toHaveLength(2);
  close();
});
