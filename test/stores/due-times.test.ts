// A process reclaims at the earliest time that it knows, in whatever order it learns the times.
import { expect, test } from "bun:test";
import { DueTimes } from "../../src/stores/redis/due-times.ts";

const LATER_MS = 3_600_000;

test("an answer replaces the time that was known when the batch was sent", () => {
  const due = new DueTimes();
  expect(due.isAnyDue()).toBe(false);
  due.set("tag", 0, performance.now());
  expect([due.isDue("tag"), due.isDue("other"), due.isAnyDue()]).toEqual([true, false, true]);
  due.set("tag", LATER_MS, Infinity);
  expect(due.isDue("tag")).toBe(false);
  due.set("tag", 0, Infinity);
  due.set("tag", -1, Infinity);
  expect(due.isAnyDue()).toBe(false);
});

test.each([-1, LATER_MS])("one that was overtaken does not put it off: %d", (inMs) => {
  const due = new DueTimes();
  const askedAtMs = performance.now();
  due.set("tag", 0, askedAtMs);
  due.set("tag", inMs, askedAtMs);
  expect(due.isDue("tag")).toBe(true);
  due.set("tag", -1, Infinity);
  due.hear("tag", 0);
  due.set("tag", inMs, askedAtMs);
  expect(due.isDue("tag")).toBe(true);
});

test("a message of another process only makes it earlier", () => {
  const due = new DueTimes();
  due.hear("tag", 0);
  due.hear("tag", LATER_MS);
  expect(due.isDue("tag")).toBe(true);
});
