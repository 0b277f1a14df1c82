// The sorted line of the local store, compared with a sorted array.
import { expect, test } from "bun:test";
import { SortedLine } from "../../src/stores/local/sorted-line.ts";
import { Random } from "./random.ts";

interface Value {
  place: number;
  name: string;
}

test.each([1, 2, 3])("gives the results of a sorted array, seed %d", (seed) => {
  const random = new Random(seed);
  const line = new SortedLine<Value>(({ place }) => place);
  let places: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    // The line grows first and shrinks later, with ranks at both ends and in the middle.
    const grows = random.below(20_000) > step;
    const place = random.below(3) === 0 ? step : random.below(1_000_000) - 500_000;
    if (grows && !places.includes(place)) {
      line.add({ place, name: `${place}` });
      places.push(place);
    } else if (places.length > 0) {
      const gone = places.splice(random.below(places.length), 1)[0]!;
      expect(line.remove(gone).place).toBe(gone);
    }
    if (step % 500 > 0) continue;
    places = places.toSorted((a, b) => a - b);
    expect([...line].map((value) => value.place)).toEqual(places);
    expect(line.length).toBe(places.length);
    expect([line.first?.place, line.last?.place]).toEqual([places[0], places.at(-1)]);
    if (places.length === 0) continue;
    line.replace({ place: places[0]!, name: "new" });
    expect(line.first?.name).toBe("new");
  }
});

test("is empty after its last value is removed, at any length", () => {
  const line = new SortedLine<number>((value) => value);
  for (let value = 0; value < 5000; value++) line.add(value);
  for (let value = 4999; value >= 0; value--) expect(line.remove(value)).toBe(value);
  expect([line.length, line.first, line.last]).toEqual([0, undefined, undefined]);
  line.add(1);
  expect([...line]).toEqual([1]);
});
