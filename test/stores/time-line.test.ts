// The values by time of the local store, compared with a sorted array.
import { expect, test } from "bun:test";
import { type TimeAndRank, TimeLine } from "../../src/stores/local/time-line.ts";
import { Random } from "./random.ts";

function inOrder([a, rankA]: TimeAndRank, [b, rankB]: TimeAndRank): number {
  return a - b || rankA - rankB;
}

/** Most positions come last and leave first, as leases do; the others are anywhere. */
function positionFor(step: number, random: Random): TimeAndRank {
  return random.below(4) > 0 ? [1000 + step, step] : [random.below(2000), random.below(9)];
}

test.each([1, 2, 3])("gives the results of a sorted array, seed %d", (seed) => {
  const random = new Random(seed);
  const line = new TimeLine<string>();
  let all: TimeAndRank[] = [];
  for (let step = 0; step < 8000; step++) {
    // It grows first and shrinks later.
    const grows = random.below(8000) > step * 0.7;
    const position = positionFor(step, random);
    const isThere = all.some((other) => inOrder(position, other) === 0);
    if (grows && !isThere) {
      line.add(...position, `${position}`);
      all = [...all, position].toSorted(inOrder);
    } else if (all.length > 0) {
      const isFirst = random.below(3) > 0;
      const at = isFirst ? random.below(Math.min(3, all.length)) : random.below(all.length);
      line.remove(...all.splice(at, 1)[0]!);
    }
    expect(line.length).toBe(all.length);
    expect(line.firstMs).toBe(all[0]?.[0] ?? Infinity);
    expect(line.first).toBe(all[0] && `${all[0]}`);
    const [atMs, rank] = positionFor(step, random);
    expect(line.countTo(atMs)).toBe(all.filter(([ms]) => ms <= atMs).length);
    expect(line.has(atMs, rank)).toBe(all.some((other) => inOrder([atMs, rank], other) === 0));
    if (step % 200 > 0) continue;
    expect([...line]).toEqual(all.map(String));
    const after = all[random.below(all.length + 1)] ?? null;
    const behind = all.filter((each) => after === null || inOrder(each, after) > 0);
    expect(line.page(after, 300, false).map(([each]) => each)).toEqual(behind.slice(0, 300));
    const before = all.filter((each) => after === null || inOrder(each, after) < 0).toReversed();
    expect(line.page(after, 300, true).map(([each]) => each)).toEqual(before.slice(0, 300));
  }
});

test("refuses to remove a value that is not there", () => {
  const line = new TimeLine<string>();
  line.add(5, 1, "a");
  line.add(5, 2, "b");
  line.remove(5, 1);
  expect(() => line.remove(5, 1)).toThrow("nothing at 5, 1");
});

test("keeps few values that have left, at any length", () => {
  const line = new TimeLine<object>();
  const left: WeakRef<object>[] = [];
  const add = (step: number) => {
    const value = {};
    left.push(new WeakRef(value));
    line.add(step, 0, value);
  };
  for (let step = 0; step < 1000; step++) add(step);
  for (let step = 0; step < 990; step++) line.remove(step, 0);
  Bun.gc(true);
  expect(left.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(50);
});
