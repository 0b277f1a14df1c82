// Steps of a history as bytes.
import { expect, test } from "bun:test";
import type { Step } from "../../src/queue/history.ts";
import { NO_STEPS, packStep, unpackSteps, withStep } from "../../src/queue/packed-steps.ts";

const since = 28_000_000;
const ZEROS = Array<number>(9).fill(0);
const step = (at: number, ...given: number[]): Step => {
  const values = [...given, ...ZEROS.slice(given.length)];
  return { at: since + at, counts: values.slice(0, 5), levels: values.slice(5) };
};

const edges = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

const numbersToPack: number[] = [...edges, ...edges.map((edge) => -edge), -32, -33];

test.each(numbersToPack)("%d is packed exactly", (number) => {
  const numbers = [number, 0, number, 1, number, number, 0, 7, Math.abs(number)];
  expect(unpackSteps(packStep(step(3, ...numbers), since), since)).toEqual([
    step(3, ...numbers.map((each) => each + 0)),
  ]);
});

test("a step takes a dozen bytes, and none more than 100", () => {
  expect(packStep(step(50, 20, 20, 20, 0, 0, 1000, 1, 0, 0), since).length).toBe(10);
  expect(packStep(step(5000, 9000, 9000, 9000, 5, 0, 70_000, 200, 0, 3), since).length).toBe(24);
  const most = step(2 ** 40, ...Array<number>(9).fill(2 ** 53 - 1));
  expect(packStep(most, since).length).toBeLessThanOrEqual(100);
});

test("steps stand one behind the other, without old ones but the latest of them", () => {
  let bytes: Uint8Array = NO_STEPS;
  for (const at of [0, 3, 4, 9, 10]) bytes = withStep(bytes, step(at, 300, at), limits(at - 6));
  expect(unpackSteps(bytes, since).map(({ at }) => at - since)).toEqual([3, 4, 9, 10]);
  bytes = withStep(bytes, step(500), limits(400));
  expect(unpackSteps(bytes, since).map(({ at }) => at - since)).toEqual([10, 500]);
});

const limits = (oldest: number) => ({ since, oldest: since + oldest });

test("other bytes are no steps", () => {
  expect(() => unpackSteps(Buffer.from("something else"), since)).toThrow();
  for (const bytes of [[3, 1], [1, 0xc1], [4, 0, 1, 5, 5], [0]]) {
    expect(() => unpackSteps(Buffer.from(bytes), since)).toThrow();
  }
});
