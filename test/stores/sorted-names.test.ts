// The sorted names of queues that come and go, compared with a sorted array.
import { expect, test } from "bun:test";
import { SortedNames } from "../../src/stores/local/sorted-names.ts";
import { Random } from "./random.ts";

test.each([1, 2, 3])("gives the same pages as a sorted list, seed %d", (seed) => {
  const random = new Random(seed);
  const names = new SortedNames();
  const there = new Set<string>();
  for (let step = 0; step < 20_000; step++) {
    const name = `${random.below(4000)}`;
    if (there.delete(name)) names.remove(name);
    else {
      there.add(name);
      names.add(name);
    }
    if (step % 500 > 0) continue;
    const sorted = [...there].toSorted();
    const limit = 1 + random.below(1500);
    const from = `${random.below(5000)}`;
    expect(names.after(null, limit)).toEqual(sorted.slice(0, limit));
    expect(names.after(from, limit)).toEqual(sorted.filter((each) => each > from).slice(0, limit));
  }
  for (const name of there) names.remove(name);
  expect(names.after(null, 10)).toEqual([]);
  expect(names.after("5", 10)).toEqual([]);
});
