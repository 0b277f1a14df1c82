// A budget of bytes that clients share: when it is full, and which functions wait for room.
import { expect, test } from "bun:test";
import { Budget } from "../../src/commands/budget.ts";

test("is full above its maximum", () => {
  const budget = new Budget(100);
  budget.take(100);
  expect([budget.bytes, budget.isFull]).toEqual([100, false]);
  budget.take(1);
  expect([budget.bytes, budget.isFull]).toEqual([101, true]);
});

test("calls each waiting function once, when there is room again", () => {
  const budget = new Budget(100);
  const called: string[] = [];
  const [first, second] = [() => void called.push("first"), () => void called.push("second")];
  budget.take(150);
  for (const wait of [first, second, first]) budget.whenRoom(wait);
  budget.release(49);
  expect(called).toEqual([]);
  budget.release(1);
  expect(called).toEqual(["first", "second"]);
  budget.take(150);
  budget.release(150);
  expect(called).toEqual(["first", "second"]);
});

test("lets a function wait again while it is called", () => {
  const budget = new Budget(100);
  let count = 0;
  const takeAll = () => {
    count += 1;
    budget.take(150);
    budget.whenRoom(takeAll);
  };
  takeAll();
  budget.release(150);
  expect(count).toBe(2);
});
