// The line and the order by time of the local store, compared with sorted arrays.
import { expect, test } from "bun:test";
import { Line, placeOf } from "../../src/stores/local/line.ts";
import { LEFT_END } from "../../src/stores/local/states.ts";
import { type TimeAndRank, TimeLine } from "../../src/stores/local/time-line.ts";
import { Random } from "./random.ts";

interface Value {
  place: number;
}

test.each([1, 2, 3])("the line gives the results of a sorted array, seed %d", (seed) => {
  const random = new Random(seed);
  const line = new Line<Value>();
  const places = new Set<number>();
  const popped: number[] = [];
  const descending = () => [...places].toSorted((a, b) => b - a);
  const remove = (place: number) => {
    line.remove(place);
    places.delete(place);
  };
  const add = (place: number) => {
    line.add(random.below(2) === 0 ? place : { place });
    places.add(place);
  };
  for (let step = 1; step < 8000; step++) {
    const kinds = { left: 4, right: 1, claim: 1, pop: 3, middle: 2, unpop: 2, close: 1 };
    const kind = random.weighted(kinds);
    if (kind === "left") add(LEFT_END - step);
    else if (kind === "right") add(step);
    else if (kind === "claim") add(-step);
    else if (kind === "close") line.closeGaps();
    else if (kind === "unpop") {
      const place = popped.pop();
      if (place !== undefined) add(place);
    } else if (places.size > 0) {
      const gone = kind === "pop" ? descending()[0]! : random.of([...places])!;
      if (kind === "pop") popped.push(gone);
      // An event that comes back to its gap is popped before that only from the right end.
      else popped.length = 0;
      remove(gone);
      if (kind === "middle" && random.below(3) === 0) add(gone);
    }
    if (step % 100 > 0) continue;
    const wanted = descending();
    expect(line.length).toBe(wanted.length);
    const next = line.next;
    expect(next === undefined ? undefined : placeOf(next)).toBe(wanted[0]);
    const leftMost = line.leftMost;
    expect(leftMost === undefined ? undefined : placeOf(leftMost)).toBe(wanted.at(-1));
    for (const isReverse of [false, true]) {
      const all = isReverse ? wanted.toReversed() : wanted;
      const at = random.below(all.length + 1);
      const after = at === 0 ? null : all[at - 1]!;
      expect(line.page(after, 7, isReverse).map(placeOf)).toEqual(all.slice(at, at + 7));
    }
  }
});

test("a line closes the gaps of removed events when they are many", () => {
  const line = new Line<Value>();
  for (let number = 1; number <= 1000; number++) line.add(LEFT_END - number);
  for (let number = 2; number < 1000; number++) {
    line.remove(LEFT_END - number);
    if (line.hasManyGaps) line.closeGaps();
  }
  expect(line.length).toBe(2);
  expect(line.hasManyGaps).toBe(false);
  expect(line.page(null, 9, false)).toEqual([LEFT_END - 1, LEFT_END - 1000]);
});

test.each([1, 2, 3])("the order by time is that of a sorted array, seed %d", (seed) => {
  const random = new Random(seed);
  const line = new TimeLine<number>();
  let wanted: [TimeAndRank, number][] = [];
  for (let step = 0; step < 6000; step++) {
    const isGrowing = random.below(6000) > step;
    if (isGrowing) {
      const [atMs, rank] = [random.below(50), step - 3000];
      line.add(atMs, rank, step);
      wanted.push([[atMs, rank], step]);
    } else if (wanted.length > 0) {
      const [[[atMs, rank]]] = wanted.splice(random.below(wanted.length), 1) as [
        (typeof wanted)[0],
      ];
      line.remove(atMs, rank);
    }
    if (step % 200 > 0) continue;
    wanted = wanted.toSorted(([[a, rankA]], [[b, rankB]]) => a - b || rankA - rankB);
    expect([...line]).toEqual(wanted.map(([, value]) => value));
    expect(line.length).toBe(wanted.length);
    expect([line.first, line.firstMs]).toEqual([wanted[0]?.[1], wanted[0]?.[0][0] ?? Infinity]);
    for (const isReverse of [false, true]) {
      const all = isReverse ? wanted.toReversed() : wanted;
      const at = random.below(all.length + 1);
      const after = at === 0 ? null : all[at - 1]![0];
      expect(line.page(after, 700, isReverse)).toEqual(all.slice(at, at + 700));
    }
  }
});

test("events come back beside the left-most one, which left after them", () => {
  const line = new Line<{ place: number }>();
  const places = [1, 2, 3, 4].map((at) => LEFT_END - at);
  for (const place of places) line.add({ place });
  for (const place of places.slice(1)) line.remove(place);
  for (const place of places.slice(1).toReversed()) line.add({ place });
  expect(line.page(null, 9, false).map(placeOf)).toEqual(places);
  expect(line.length).toBe(4);
});
