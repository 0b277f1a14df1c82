// Consumers of this process: counts by queue, and which of them a consumer changes by its lists.
import { expect, test } from "bun:test";
import { Consumers } from "../../src/queue/consumers.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => Buffer.from(name)) as [Buffer, Buffer, Buffer];

test("each consumer counts once on each of its queues", () => {
  const consumers = new Consumers();
  expect(consumers.replace([], [a, b])).toEqual([
    { queue: a, count: 1 },
    { queue: b, count: 1 },
  ]);
  expect(consumers.replace([], [b])).toEqual([{ queue: b, count: 2 }]);
  expect(consumers.counts()).toEqual([
    { queue: a, count: 1 },
    { queue: b, count: 2 },
  ]);
});

test("a list traded for another changes both, and a queue on both keeps its count", () => {
  const consumers = new Consumers();
  consumers.replace([], [a, b]);
  const changed = consumers.replace([a, b], [b, c]);
  expect(changed).toContainEqual({ queue: a, count: 0 });
  expect(changed).toContainEqual({ queue: c, count: 1 });
  expect(consumers.counts()).toEqual([
    { queue: b, count: 1 },
    { queue: c, count: 1 },
  ]);
});

test("a queue whose last consumer left is not counted any more", () => {
  const consumers = new Consumers();
  consumers.replace([], [a]);
  expect(consumers.replace([a], [])).toEqual([{ queue: a, count: 0 }]);
  expect(consumers.counts()).toEqual([]);
  expect(consumers.replace([], [])).toEqual([]);
});

test("names are bytes: none is confused with another or changed", () => {
  const consumers = new Consumers();
  const names = [[0xff], [0xc3, 0xbf], [0], []].map((bytes) => Buffer.from(bytes));
  consumers.replace([], names);
  expect(consumers.counts()).toEqual(names.map((queue) => ({ queue, count: 1 })));
});
