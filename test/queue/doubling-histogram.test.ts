// Numbers in buckets whose bounds are powers of two.
import { expect, test } from "bun:test";
import { DoublingHistogram } from "../../src/queue/doubling-histogram.ts";

const cases = [
  { first: 0, last: 4, step: 1 },
  { first: 3, last: 9, step: 2 },
] as const;
const numbers = [0, 0.2, 1, 1.5, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 128, 129, 511, 512, 513, 1e15];

test.each(cases)("counts how many numbers do not exceed each bound of %o", (buckets) => {
  const histogram = new DoublingHistogram(buckets);
  for (const number of numbers) histogram.add(number);
  const upTo = [...histogram.upTo()];
  const bounds = upTo.map(([bound]) => bound);
  const { first, last, step } = buckets;
  expect(bounds[0]).toBe(2 ** first);
  expect(bounds.at(-1)).toBe(2 ** last);
  expect(bounds[1]).toBe(2 ** (first + step));
  expect(upTo).toEqual(
    bounds.map((bound) => [bound, numbers.filter((number) => number <= bound).length]),
  );
  expect(histogram.count).toBe(numbers.length);
  expect(histogram.sum).toBeCloseTo(numbers.reduce((sum, number) => sum + number));
});

test("counts a number several times", () => {
  const histogram = new DoublingHistogram(cases[0]);
  histogram.add(3, 5);
  expect(histogram.count).toBe(5);
  expect(histogram.sum).toBe(15);
  expect([...histogram.upTo()][2]).toEqual([4, 5]);
});
