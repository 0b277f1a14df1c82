// Consumers of this process: their number in each queue, and the reports to the store when a
// consumer registers or leaves, also while the store is down.
import { expect, test } from "bun:test";
import { Consumer } from "../../src/queue/consumer.ts";
import { Consumers } from "../../src/queue/consumers.ts";
import { StoreError } from "../../src/queue/errors.ts";
import type { Operation, Register } from "../../src/queue/operations.ts";
import { type Receiver, Session } from "../../src/queue/store.ts";
import { TestClock } from "../support/test-clock.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => Buffer.from(name)) as [Buffer, Buffer, Buffer];
const down = new StoreError("unavailable", "down");

/** Consumers on a store that records reports, and that a test can take down. */
function setUp() {
  const reported: [string, number][][] = [];
  const resets: boolean[] = [];
  const errors: Error[] = [];
  /** away: the queues whose part is down. */
  const store = { isDown: false, away: new Set<string>() };
  class Recorder extends Session {
    submit(operation: Operation, receiver: Receiver<never>): void {
      const { consumers, isReset } = operation as Register;
      if (store.isDown) return receiver.failed(down);
      if (consumers.some(({ queue }) => store.away.has(String(queue))))
        return receiver.failed(down);
      reported.push(consumers.map(({ queue, count }) => [queue.toString(), count]));
      resets.push(isReset);
      (receiver as Receiver<unknown>).succeeded(null);
    }
  }
  const clock = new TestClock();
  const noteError = (error: Error) => void errors.push(error);
  const consumers = new Consumers({ session: () => new Recorder() }, noteError, clock);
  const consumer = () => new Consumer(consumers);
  return { consumers, reported, resets, errors, store, clock, consumer };
}

function countsOf(consumers: Consumers) {
  return consumers.counts().map(({ queue, count }) => [queue.toString(), count]);
}

test("each consumer counts once on each of its queues", async () => {
  const { consumers, reported, consumer } = setUp();
  await consumer().register([a, b]);
  await consumer().register([b]);
  expect(reported).toEqual([
    [
      ["a", 1],
      ["b", 1],
    ],
    [["b", 2]],
  ]);
  expect(countsOf(consumers)).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
});

test("a new list of queues replaces the old one, and a queue in both keeps its count", async () => {
  const { consumers, reported, consumer } = setUp();
  const one = consumer();
  await one.register([a, b]);
  await one.register([b, c]);
  expect(reported[1]).toContainEqual(["a", 0]);
  expect(reported[1]).toContainEqual(["c", 1]);
  expect(countsOf(consumers)).toEqual([
    ["b", 1],
    ["c", 1],
  ]);
  expect(one.queues).toEqual([b, c]);
});

test("does not report a queue again after its last consumer left", async () => {
  const { consumers, reported, consumer } = setUp();
  const one = consumer();
  await one.register([a]);
  await one.leaveAll();
  expect(reported[1]).toEqual([["a", 0]]);
  expect([countsOf(consumers), consumers.bytes]).toEqual([[], 0]);
  await one.leaveAll();
  expect(reported).toHaveLength(2);
});

test("a consumer whose registration cannot be reported keeps its old queues", async () => {
  const { consumers, consumer, store } = setUp();
  const one = consumer();
  store.isDown = true;
  expect(await one.register([a]).catch((error: unknown) => error)).toBe(down);
  expect([one.hasRegistered, one.queues, countsOf(consumers)]).toEqual([false, [], []]);
  store.isDown = false;
  await one.register([a]);
  store.isDown = true;
  expect(await one.register([b, c]).catch((error: unknown) => error)).toBe(down);
  expect([one.hasRegistered, one.queues, countsOf(consumers)]).toEqual([true, [a], [["a", 1]]]);
});

test("a consumer leaves even if the store is down, and a full report follows", async () => {
  const { consumers, consumer, store, errors, reported } = setUp();
  const one = consumer();
  await one.register([a, b]);
  store.isDown = true;
  await one.leaveAllBut((queue) => queue === b);
  expect([one.queues, errors]).toEqual([[b], [down]]);
  store.isDown = false;
  await consumers.reportAll();
  expect(reported.at(-1)).toEqual([["b", 1]]);
});

test("a consumer that leaves while its registration is in flight is not registered", async () => {
  const { consumers, consumer, store } = setUp();
  const one = consumer();
  store.isDown = true;
  const registered = one.register([a]).catch((error: unknown) => error);
  await one.leaveAll();
  expect(await registered).toBe(down);
  expect([one.queues, one.hasRegistered, countsOf(consumers)]).toEqual([[], false, []]);
});

test("a consumer may wait once it has registered, until it has left all queues", async () => {
  const one = setUp().consumer();
  expect(one.hasRegistered).toBe(false);
  await one.register([]);
  expect(one.hasRegistered).toBe(true);
  await one.register([a, b]);
  await one.leaveAllBut((queue) => queue === b);
  expect(one.hasRegistered).toBe(true);
  await one.leaveAll();
  expect(one.hasRegistered).toBe(false);
});

test("the search for ready events continues after the queue found last", async () => {
  const one = setUp().consumer();
  await one.register([a, b, c]);
  one.searchAfter(b);
  expect(one.queues).toEqual([c, a, b]);
  one.searchAfter(b);
  expect(one.queues).toEqual([c, a, b]);
});

test("the full report names all queues in pages, and says once that there are none", async () => {
  const { consumers, consumer, reported, resets } = setUp();
  await consumers.reportAll();
  expect(reported).toEqual([]);
  const one = consumer();
  await one.register(Array.from({ length: 600 }, (_, at) => Buffer.from(`queue ${at}`)));
  await consumers.reportAll();
  expect(reported.slice(1).map((page) => page.length)).toEqual([256, 256, 88]);
  expect(resets.slice(1)).toEqual([true, false, false]);
  await one.leaveAll();
  for (let times = 0; times < 3; times++) await consumers.reportAll();
  expect(reported.slice(5)).toEqual([[]]);
});

test("queue names are bytes: no two are confused, none is changed", async () => {
  const { consumers, consumer } = setUp();
  const names = [[0xff], [0xc3, 0xbf], [0], []].map((bytes) => Buffer.from(bytes));
  await consumer().register(names);
  expect(consumers.counts()).toEqual(names.map((queue) => ({ queue, count: 1 })));
});

test("counts on the queues of the last pop for a minute, and during a wait", async () => {
  const { consumers, reported, clock, consumer } = setUp();
  const one = consumer();
  one.popsFrom([a, b], Infinity);
  one.popsFrom([a, b], Infinity);
  expect(reported).toEqual([
    [
      ["a", 1],
      ["b", 1],
    ],
  ]);
  await one.register([b]);
  clock.advance(30_000);
  one.popsFrom([c], Infinity);
  expect(countsOf(consumers).toSorted()).toEqual([
    ["b", 1],
    ["c", 1],
  ]);
  clock.advance(59_000);
  await consumers.reportAll();
  expect(countsOf(consumers)).toHaveLength(2);
  const wait = Promise.withResolvers<null>();
  const waits = one.waits(wait.promise, { queues: [], worker: "", target: null });
  clock.advance(60_000);
  await consumers.reportAll();
  expect(countsOf(consumers)).toHaveLength(2);
  wait.resolve(null);
  await waits;
  clock.advance(59_000);
  await consumers.reportAll();
  expect(countsOf(consumers)).toHaveLength(2);
  clock.advance(2_000);
  await consumers.reportAll();
  expect(countsOf(consumers)).toEqual([["b", 1]]);
});

test("a pop counts nothing while the registrations of all need too much memory", () => {
  const { consumers, consumer } = setUp();
  consumer().popsFrom([a, b], 1000);
  expect([countsOf(consumers), consumers.bytes]).toEqual([[], 0]);
});

test("many counts are reported anew in pages, also if one of these fails", async () => {
  const { consumers, reported, store, consumer } = setUp();
  const names = Array.from({ length: 600 }, (_, n) => `queue ${n}`);
  await consumer().register(names.map((name) => Buffer.from(name)));
  store.away.add("queue 0");
  reported.length = 0;
  await expect(consumers.reportAll()).rejects.toThrow(down.message);
  expect(reported.flat()).toEqual(names.slice(256).map((name) => [name, 1]));
});

test("a page of counts has those of the moment when it is reported", async () => {
  const { consumers, reported, consumer } = setUp();
  const names = Array.from({ length: 300 }, (_, n) => Buffer.from(`queue ${n}`));
  const one = consumer();
  await one.register(names);
  const reporting = consumers.reportAll();
  await Promise.all([one.leaveAll(), reporting]);
  expect(new Map(reported.flat()).get("queue 299")).toBe(0);
});
