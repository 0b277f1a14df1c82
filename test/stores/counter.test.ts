// The numbers of tokens and made ids of the local store, and their text.
import { expect, test } from "bun:test";
import { countedText, Counter, msOf, readCounted } from "../../src/stores/local/counter.ts";

test("numbers ascend, whatever the clock does, and run ahead of it if they are many", () => {
  const counter = new Counter();
  const made = [1000, 1000, 990, 1001].map((nowMs) => counter.nextId(nowMs));
  expect(made.map(countedText)).toEqual(["1000-0", "1000-1", "1000-2", "1001-0"]);
  for (let n = 0; n < 1023; n++) counter.nextId(1001);
  expect(countedText(counter.nextId(1001))).toBe("1002-0");
  counter.startAfter(2000);
  expect(countedText(counter.nextId(1002))).toBe("2001-0");
});

test("tokens of a batch are neighbours, also with ids between them, and none comes twice", () => {
  const counter = new Counter();
  const tokens: number[] = [];
  const ids: number[] = [];
  for (let batch = 0; batch < 3; batch++) {
    counter.begin();
    for (let n = 0; n < 10; n++) {
      tokens.push(counter.nextToken(5));
      ids.push(counter.nextId(5));
    }
    const [first, ...others] = tokens.slice(-10) as [number, ...number[]];
    expect(others).toEqual(others.map((_, at) => first + at + 1));
  }
  expect(new Set([...tokens, ...ids]).size).toBe(60);
  for (const all of [tokens, ids]) expect(all).toEqual(all.toSorted((a, b) => a - b));
});

test("a batch with few tokens takes no more numbers than these", () => {
  const counter = new Counter();
  const made = [1, 2, 3].map(() => {
    counter.begin();
    return countedText(counter.nextToken(7));
  });
  expect(made).toEqual(["7-0", "7-1", "7-2"]);
});

test("reads its own texts and no others", () => {
  for (const number of [1024, 1_764_000_000_123 * 1024 + 1023]) {
    expect(readCounted(Buffer.from(countedText(number)))).toBe(number);
    expect(msOf(number)).toBe(Number(countedText(number).split("-")[0]));
  }
  const others = ["", "-", "1", "1-", "-1", "01-1", "1-01", "1-1024", "1-1 ", "1-1-1", "x-1"];
  for (const text of [...others, `${"9".repeat(16)}-1`, "*"]) {
    expect(readCounted(Buffer.from(text))).toBe(-1);
  }
});
