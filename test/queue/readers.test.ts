// Clients that wait for entries of streams, without a store.
import { expect, test } from "bun:test";
import { Readers } from "../../src/queue/readers.ts";
import { TestClock } from "../support/test-clock.ts";

const s = Buffer.from("s");
const length = (count: number) => ({ length: count, lastId: { ms: BigInt(count), seq: 0n } });

/** Readers of a queue that has `entries`. */
function setUp(count: number) {
  const readers = new Readers(new TestClock());
  const state = { entries: 0, attempts: 0 };
  const { signal } = new AbortController();
  const attempt = async () => {
    state.attempts += 1;
    return state.entries > 0 ? state.entries : null;
  };
  const found = Array.from({ length: count }, () =>
    readers.wait({ queues: [s], timeoutMs: Infinity, attempt, signal }),
  );
  return { readers, state, found };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("all who wait look when something is ready, once each", async () => {
  const { readers, state, found } = setUp(3);
  await settled();
  expect(state.attempts).toBe(3);
  readers.ready(Buffer.from("other"));
  readers.ready(s);
  await settled();
  expect(state.attempts).toBe(6);
  state.entries = 1;
  readers.ready(s);
  expect(await Promise.all(found)).toEqual([1, 1, 1]);
  expect([state.attempts, readers.size]).toEqual([9, 0]);
});

test("one that is looking looks again, because it may have looked too early", async () => {
  const { readers, state, found } = setUp(2);
  readers.ready(s);
  state.entries = 1;
  expect(await Promise.all(found)).toEqual([1, 1]);
});

test("a poll wakes where the length has changed, and asks once at a time", async () => {
  const { readers, state, found } = setUp(1);
  let [asked, count] = [0, 1];
  const lengthOf = async () => {
    asked += 1;
    return length(count);
  };
  readers.poll(lengthOf);
  readers.poll(lengthOf);
  expect(asked).toBe(1);
  await settled();
  const { attempts } = state;
  readers.poll(lengthOf);
  await settled();
  expect([asked, state.attempts]).toEqual([2, attempts]);
  [count, state.entries] = [2, 1];
  readers.poll(lengthOf);
  expect(await found[0]).toBe(1);
});

test("a poll that fails is made again", async () => {
  const { readers, state, found } = setUp(1);
  readers.poll(() => Promise.reject(new Error("away")));
  await settled();
  state.entries = 1;
  readers.poll(async () => length(1));
  expect(await found[0]).toBe(1);
});
