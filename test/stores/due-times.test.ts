// A process reclaims at the earliest time that it knows. The times may arrive in any order.
import { expect, test } from "bun:test";
import { DueTimes } from "../../src/stores/redis/due-times.ts";
import { TestClock } from "../support/test-clock.ts";

const LATER_MS = 3_600_000;

test("an answer replaces the time that was known when the batch was sent", () => {
  const clock = new TestClock();
  const due = new DueTimes(clock, () => {});
  expect(due.inMs()).toBe(Infinity);
  due.set("tag", 0, clock.nowMs());
  expect([due.isDue("tag"), due.isDue("other"), due.inMs()]).toEqual([true, false, 0]);
  due.set("tag", LATER_MS, Infinity);
  clock.advance(LATER_MS - 1);
  expect(due.isDue("tag")).toBe(false);
  clock.advance(1);
  expect(due.isDue("tag")).toBe(true);
  due.set("tag", 0, Infinity);
  due.set("tag", -1, Infinity);
  expect(due.inMs()).toBe(Infinity);
});

test.each([-1, LATER_MS])("an outdated answer does not delay the reclaim: %d", (inMs) => {
  const clock = new TestClock();
  const due = new DueTimes(clock, () => {});
  const askedAtMs = clock.nowMs();
  due.set("tag", 0, askedAtMs);
  due.set("tag", inMs, askedAtMs);
  expect(due.isDue("tag")).toBe(true);
  due.set("tag", -1, Infinity);
  due.hear("tag", 0);
  due.set("tag", inMs, askedAtMs);
  expect(due.isDue("tag")).toBe(true);
});

test("a message from another process makes the reclaim earlier, never later", () => {
  const due = new DueTimes(new TestClock(), () => {});
  due.hear("tag", 0);
  due.hear("tag", LATER_MS);
  expect(due.isDue("tag")).toBe(true);
});

test("tells when the earliest time of all tags becomes earlier, and only then", () => {
  const clock = new TestClock();
  let told = 0;
  const due = new DueTimes(clock, () => told++);
  due.set("a", 1_000, clock.nowMs());
  expect([told, due.inMs()]).toEqual([1, 1_000]);
  due.hear("b", 2_000);
  expect([told, due.inMs()]).toEqual([1, 1_000]);
  due.hear("b", 500);
  expect([told, due.inMs()]).toEqual([2, 500]);
  due.set("b", -1, Infinity);
  expect([told, due.inMs()]).toEqual([2, 1_000]);
  clock.advance(1_500);
  expect(due.inMs()).toBe(0);
});
