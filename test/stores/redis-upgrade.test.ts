// Upgrades of events that older versions of okq left in Redis, with scores in ms instead of ticks.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { INFIXES, TAG, TICKS_PER_MS } from "../../src/stores/redis/keys.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { targetOf, ignoredCallbacks } from "./redis-targets.ts";

const START_MS = 1_700_000_000_000;

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

/** A store on an empty Redis, with a test clock instead of the server's. */
async function openRedis(): Promise<StoreUnderTest> {
  await server.redis.flushall();
  let nowMs = START_MS;
  const store = await RedisStore.open({
    target: targetOf({ nodes: [{ host: "127.0.0.1", port: server.port }] }),
    poolSize: 1,
    onReady() {},
    ...ignoredCallbacks,
    now: () => nowMs,
  });
  return {
    store,
    ready: [],
    nowMs: () => nowMs,
    advance: (ms) => (nowMs += ms),
    setRefusing: async () => {},
    close: () => store.close(),
  };
}

test("requeues claims with deadlines in ms by deadline, then by id", async () => {
  const under = await openRedis();
  const caller = new Caller(under);
  await caller.pushAll("q", ["new", "newer", "never popped"]);
  for (const _ of "12") await caller.pop("q", 30_000);
  const claims = { d: 29_000, a: 29_500, c: 29_000, b: 29_000 };
  for (const [id, inMs] of Object.entries(claims)) {
    await server.redis.hset(`${TAG}${INFIXES.EVENTS}q`, id, "x");
    await server.redis.zadd(`${TAG}${INFIXES.CLAIMED}q`, START_MS + inMs, id);
  }
  expect(await caller.ack("q", "d")).toBe(true);
  under.advance(28_999);
  expect(await caller.reclaim(2)).toBe(0);
  under.advance(1001);
  while ((await caller.reclaim(2)) > 0);
  expect(await caller.drain("q")).toEqual(["b", "c", "a", "new", "newer", "never popped"]);
  await under.close();
});

test("converts the scores in ms of events at the right end and of claims", async () => {
  const under = await openRedis();
  const caller = new Caller(under);
  await caller.pushAll("q", ["pushed", "pushed later"]);
  // Those versions added 2 ** 38 to the claim of an event when its pop was undone.
  const front = {
    "right 2": -(START_MS - 1),
    "right 1": -(START_MS - 2),
    "popped 2": START_MS - 900,
    "popped 4": START_MS - 700,
    "pop undone": 2 ** 38 + START_MS - 600,
  };
  const claimed = { "popped 1": START_MS - 1000 + 1 / 2048, "popped 3": START_MS - 800 };
  for (const [id, score] of Object.entries(front)) {
    await server.redis.hset(`${TAG}${INFIXES.EVENTS}q`, id, "x");
    await server.redis.zadd(`${TAG}${INFIXES.FRONT}q`, score, id);
  }
  for (const [id, claim] of Object.entries(claimed)) {
    await server.redis.hset(`${TAG}${INFIXES.EVENTS}q`, id, "x");
    await server.redis.zadd(`${TAG}${INFIXES.CLAIMED}q`, claim + 5000, id);
    await server.redis.hset(`${TAG}${INFIXES.CLAIMS}q`, id, 5000);
  }
  await server.redis.zadd(`${TAG}:2:timers`, START_MS + 4000, "q");
  await caller.push("q", "right 3", "right");
  under.advance(4200);
  while ((await caller.reclaim(2)) > 0);
  expect(await caller.drain("q")).toEqual(
    ["right 3", "right 2", "right 1"].concat(
      ["popped 1", "popped 2", "popped 3", "popped 4"],
      ["pop undone", "pushed", "pushed later"],
    ),
  );
  await under.close();
});

test("requeues a claim whose deadline an older okq stored in ticks", async () => {
  const under = await openRedis();
  const caller = new Caller(under);
  await caller.push("q", "1");
  await caller.pop("q", 1000);
  await server.redis.zadd(`${TAG}:2:timers`, (START_MS + 1000) * TICKS_PER_MS, "q");
  under.advance(999);
  expect(await caller.reclaim()).toBe(0);
  await server.redis.zadd(`${TAG}:2:timers`, (START_MS + 1000) * TICKS_PER_MS, "q");
  under.advance(1);
  expect(await caller.reclaim()).toBe(1);
  expect(await caller.drain("q")).toEqual(["1"]);
  await under.close();
});

test("leases expire on time if the clock of Redis starts in 1970", async () => {
  const under = await openRedis();
  const caller = new Caller(under);
  under.advance(60_000 - START_MS);
  await caller.push("q", "1");
  await caller.pop("q", 1000);
  under.advance(1000);
  expect(await caller.reclaim()).toBe(1);
  await under.close();
});
