// Histories on Redis: what is left of them, several okq processes, clocks that jump, and bytes that
// another program has written.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { count, historyOf } from "./contract/history.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openTimedRedis } from "./redis-targets.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const KEY = "{okq}:2:history:q";
let server: RedisServer;
let clock: { nowMs: number };

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

beforeEach(async () => {
  await server.redis.flushall();
  clock = { nowMs: 1_700_000_000_000 };
});

async function open(): Promise<LifeCaller> {
  const store = new LifeCaller(await openTimedRedis(server.port, clock));
  closeAfterTest(store.under);
  return store;
}

/** Of the latest minutes. */
async function pushed(store: LifeCaller, steps: number): Promise<(number | null)[]> {
  return (await historyOf(store)).hour.counts[0]!.slice(-steps);
}

const endings: [string, (store: LifeCaller) => Promise<unknown>][] = [
  ["its last event", (store) => store.drain("q")],
  ["a flush", (store) => store.flush("q")],
  ["a removal", (store) => store.remove("q", ["1"])],
];

test.each(endings)("a history is gone with its queue: %s", async (_, end) => {
  const store = await open();
  await store.push("q", "1");
  await count(store, "q", { pushed: 1 });
  expect(await server.redis.keys("*history*")).toEqual([KEY]);
  await end(store);
  expect(await server.redis.keys("*history*")).toEqual([]);
  await count(store, "q", { acked: 1 });
  expect(await server.redis.keys("*history*")).toEqual([]);
});

test("its key has an expiry, for an older okq that does not know of it", async () => {
  const store = await open();
  await store.push("q", "1");
  for (let round = 0; round < 25; round++) {
    await count(store, "q", { pushed: 1 });
    expect(await server.redis.pttl(KEY)).toBeWithin(DAY_MS + 10 * MINUTE_MS, 2 * DAY_MS);
    store.advance(MINUTE_MS);
  }
});

test("what several okq processes have counted adds up", async () => {
  const [one, other] = [await open(), await open()];
  await one.push("q", "1");
  await count(one, "q", { pushed: 3 }, 1);
  await count(other, "q", { pushed: 4 }, 1);
  one.advance(MINUTE_MS);
  await count(other, "q", { pushed: 5 }, 2);
  for (const store of [one, other]) expect(await pushed(store, 3)).toEqual([null, 7, 5]);
});

test("a clock that is set back by some minutes goes on with the latest one", async () => {
  const store = await open();
  await store.push("q", "1");
  await count(store, "q", { pushed: 1 });
  store.advance(MINUTE_MS);
  await count(store, "q", { pushed: 2 });
  store.advance(-5 * MINUTE_MS);
  await count(store, "q", { pushed: 3 });
  expect(await pushed(store, 3)).toEqual([null, 1, 5]);
  store.advance(6 * MINUTE_MS);
  await count(store, "q", { pushed: 4 });
  expect(await pushed(store, 4)).toEqual([null, 1, 5, 4]);
});

test("a history begins anew when the clock is set back further, or far ahead", async () => {
  const store = await open();
  await store.push("q", "1");
  await count(store, "q", { pushed: 1 });
  for (const ms of [-11 * MINUTE_MS, DAY_MS + MINUTE_MS, 1000 * DAY_MS, -1000 * DAY_MS]) {
    store.advance(ms);
    expect(await pushed(store, 1)).toEqual([null]);
    await count(store, "q", { pushed: 2 });
    expect(await pushed(store, 2)).toEqual([null, 2]);
    expect(await server.redis.hkeys(KEY)).toEqual(["since", "latest"]);
  }
});

test("a queue that is always used takes a few kilobytes", async () => {
  const store = await open();
  await store.push("q", "1");
  for (let round = 0; round < 1600; round++) {
    await count(store, "q", { pushed: 1000, popped: 1000, acked: 990, failures: 10 });
    store.advance(MINUTE_MS);
  }
  const sizes = await Promise.all(["hour", "day"].map((each) => server.redis.hstrlen(KEY, each)));
  expect(sizes[0]).toBeWithin(500, 1500);
  expect(sizes[1]).toBeWithin(2000, 4000);
  expect(await server.redis.memory("USAGE", KEY)).toBeLessThan(6000);
}, 60_000);

const others: [string, () => Promise<unknown>][] = [
  ["another type", () => server.redis.set(KEY, "x")],
  ["no first minute", () => server.redis.hdel(KEY, "since")],
  ["another first minute", () => server.redis.hset(KEY, "since", "x")],
  ["another latest minute", () => server.redis.hset(KEY, "latest", "x")],
  ["nothing in it", () => server.redis.hset(KEY, "latest", "\0")],
  ["no latest minute", () => server.redis.hdel(KEY, "latest")],
];

test.each(others)("what another program has written is replaced: %s", async (_, write) => {
  const store = await open();
  await store.push("q", "1");
  await count(store, "q", { pushed: 1 });
  await server.redis.del(KEY);
  await count(store, "q", { pushed: 1 });
  await write();
  const shown = await historyOf(store).then(
    ({ hour }) => hour.counts[0]!.at(-1),
    (error: Error) => error.message.split(" ")[0],
  );
  expect([null, "WRONGTYPE"]).toContain(shown as null);
  await count(store, "q", { pushed: 5 });
  expect(await pushed(store, 2)).toEqual([null, 5]);
});

test("steps that okq cannot read are not shown, and go", async () => {
  const store = await open();
  await store.push("q", "1");
  for (const field of ["hour", "day"]) {
    for (const bytes of [
      "",
      "x",
      "\xff",
      "\x02\xc1\xc1",
      "abcdefghijklmnopqrstuvwxyz".repeat(10),
    ]) {
      await count(store, "q", { pushed: 1 });
      store.advance(20 * MINUTE_MS);
      await count(store, "q", { pushed: 1 });
      await server.redis.hset(KEY, field, Buffer.from(bytes, "latin1"));
      expect((await historyOf(store)).hour.counts[0]).toHaveLength(60);
      store.advance(20 * MINUTE_MS);
      await count(store, "q", { pushed: 7 });
      expect((await historyOf(store)).hour.levels[0]!.at(-1)).toBe(1);
      store.advance(2 * DAY_MS);
    }
  }
});
