// The Redis store: the contract, the comparison with the local store, and its own guarantees.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { EarlierFailure, type StoreError } from "../../src/queue/errors.ts";
import type { ReadyListener } from "../../src/queue/store.ts";
import { fixedKeys, INFIXES, TAG, TICKS_PER_MS } from "../../src/stores/redis/keys.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { eventually } from "../support/eventually.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { storeContract } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { compareStores } from "./differential.ts";
import { testLikeReference } from "./like-reference.ts";
import { openLocal } from "./open-local.ts";
import { FORGOTTEN_MS, openOnRedis } from "./open-redis.ts";
import { ignoredCallbacks, lastingKeys, openRedisCaller, targetOf } from "./redis-targets.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

const openRedis = (poolSize?: number, onReady?: ReadyListener) =>
  openOnRedis(server, poolSize, onReady);

const openForgetting = () => openOnRedis(server, 1, () => {}, FORGOTTEN_MS);

storeContract("redis", () => openRedis());
testLikeReference("redis", () => openRedis(1), {
  seeds: [1, 2, 3, 4, 5, 9],
  rounds: 100,
});

testLikeReference("redis, priorities and groups only", () => openForgetting(), {
  seeds: [1, 2, 3],
  rounds: 100,
  only: "order",
});

testLikeReference("redis, lists", () => openForgetting(), {
  seeds: [1, 2, 3],
  rounds: 100,
  only: "lists",
});

testLikeReference("redis, streams", () => openForgetting(), {
  seeds: [1, 2, 3],
  rounds: 100,
  only: "streams",
});

const seeds = process.env.OKQ_SEEDS?.split(",").map(Number) ?? [1, 2, 3, 4, 5];

test.each(seeds)("random operations get the answers of the local store (seed %d)", async (seed) => {
  const [redis, local] = [await openRedis(1), await openLocal()];
  try {
    await compareStores(redis, local, { seed, rounds: 150 });
  } finally {
    await redis.close();
    await local.close();
  }
});

describe("the Redis store", () => {
  /** Ways to remove all events of a queue. */
  const endings: [string, (caller: Caller) => Promise<unknown>][] = [
    ["acknowledge", async (caller) => (await caller.pop("q"), await caller.ack("q", "1"))],
    ["pop with a lease of 0", (caller) => caller.pop("q", 0)],
    ["flush", (caller) => caller.flush("q")],
    [
      "flush of a claimed event",
      async (caller) => (await caller.pop("q"), await caller.flush("q")),
    ],
    [
      "pop with a lease of 0 after the first lease expired",
      async (caller) => {
        await caller.pop("q", 10);
        caller.advance(10);
        expect(await caller.reclaim()).toBe(1);
        await caller.pop("q", 0);
      },
    ],
    [
      "the last consumer leaves",
      async (caller) => {
        await caller.register({ q: 1 });
        await caller.pop("q", 0);
        await caller.register({ q: 0 });
      },
    ],
    [
      "the last consumer is missing in a full report",
      async (caller) => {
        await caller.register({ q: 1 });
        await caller.pop("q", 0);
        await caller.register({}, true);
      },
    ],
  ];

  test.each(endings)("leaves no key of a queue behind: %s", async (_, end) => {
    const under = await openRedis();
    const caller = new Caller(under);
    await caller.push("q", "1");
    expect(await server.redis.keys("*")).not.toEqual([]);
    await end(caller);
    expect(await lastingKeys(server.redis)).toEqual([]);
    await under.close();
  });

  test("removes queues that only had consumers in a dead process", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    const names = Array.from({ length: 300 }, (_, number) => `q${number}`);
    await caller.register(Object.fromEntries(names.map((name) => [name, 1])));
    await caller.push("used", "1");
    const [process] = await server.redis.smembers(`${TAG}:2:processes`);
    await server.redis.del(process!);
    for (let slices = 0; slices < 3; slices++) await caller.reclaim();
    expect(await server.redis.zrange(`${TAG}:2:queues`, "0", "-1")).toEqual(["used"]);
    await caller.pop("used", 0);
    expect(await lastingKeys(server.redis)).toEqual([]);
    await under.close();
  });

  test("requeues events claimed by several processes in the order of their pops", async () => {
    const [one, two] = await Promise.all([openRedis(), openRedis()]);
    const [a, b] = [new Caller(one), new Caller(two)];
    const ids = Array.from({ length: 200 }, (_, id) => `${199 - id}`);
    await a.pushAll("q", ids);
    for (const [at, id] of ids.entries()) {
      expect(await (at % 3 === 0 ? a : b).pop("q", at % 2 === 0 ? 30_000 : 10_000)).toBe(id);
      // Both processes use the clock of one server.
      for (const process of [a, b]) process.advance(0.01);
    }
    a.advance(30_000);
    b.advance(30_000);
    for (let left = 4; left > 0; left--) await (left % 2 === 0 ? a : b).reclaim(50);
    expect(await b.drain("q")).toEqual(ids);
    await Promise.all([one.close(), two.close()]);
  });

  test("keeps the order of claims when the clock of Redis is set back", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    await caller.pushAll("q", ["1", "2", "3"]);
    await caller.pop("q", 1000);
    under.advance(-3);
    await caller.pop("q", 1000);
    under.advance(-3_600_000);
    await caller.pop("q", 1000);
    // The lease does not become longer when the clock is set back.
    under.advance(1000);
    expect(await caller.reclaim()).toBe(1);
    expect(await caller.drain("q")).toEqual(["3"]);
    under.advance(3_600_003);
    expect(await caller.reclaim()).toBe(2);
    expect(await caller.drain("q")).toEqual(["1", "2"]);
    await under.close();
  });

  test("another process learns when a reclaim is due", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    const other = await RedisStore.open({
      target: targetOf({ nodes: [{ host: "127.0.0.1", port: server.port }] }),
      poolSize: 1,
      onReady() {},
      ...ignoredCallbacks,
    });
    await other.watch([], "ready");
    await other.session().ask({ kind: "tick", limit: 1, parts: "all" });
    await caller.push("q", "1");
    expect(other.dueInMs()).toBeGreaterThan(0);
    await caller.pop("q", 1);
    await eventually(() => other.dueInMs() === 0, {
      message: "the other process knows of the claim",
    });
    await caller.ack("q", "1");
    await other.session().ask({ kind: "tick", limit: 1, parts: "all" });
    expect(other.dueInMs()).toBeGreaterThan(0);
    await server.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(() => other.dueInMs() === 0, {
      message: "the other process looks for missed claims",
    });
    await under.close();
    await other.close();
  });

  test("skips an event whose contents were deleted", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    await caller.pushAll("q", ["1", "2", "3"]);
    await server.redis.hdel(`${TAG}${INFIXES.EVENTS}q`, "1", "2");
    expect(await caller.drain("q")).toEqual(["3"]);
    await under.close();
  });

  test("a key of the wrong type fails only operations on its queue", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    await server.redis.set(`${TAG}${INFIXES.READY}broken`, "a string");
    const answers = await Promise.allSettled([
      caller.push("sound", "1"),
      caller.push("broken", "2"),
      caller.another().pop("broken"),
      caller.another().push("sound", "3"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect(String((answers[1] as PromiseRejectedResult).reason)).toContain("WRONGTYPE");
    expect(await server.redis.exists(`${TAG}${INFIXES.EVENTS}broken`)).toBe(0);
    expect(await caller.drain("sound")).toEqual(["1", "3"]);
    await under.close();
  });

  test("splits pops of large events into batches, and keeps the order of a session", async () => {
    const under = await openRedis(1);
    const caller = new Caller(under);
    const large = "x".repeat(1024 * 1024);
    const ids = Array.from({ length: 40 }, (_, n) => String(n));
    for (const id of ids) await caller.push("q", id, "left", large);
    await server.redis.config("RESETSTAT");
    const answers = await Promise.all([
      ...ids.map(() => caller.pop("q")),
      caller.push("q", "last", "right"),
      caller.ack("q", "39"),
      caller.pop("q"),
      caller.status("q"),
    ]);
    expect(answers).toEqual([...ids, "ok", true, "last", [["q", 40, 40, 0]]]);
    const scripts = /cmdstat_evalsha:calls=(\d+)/.exec(await server.redis.info("commandstats"));
    expect(Number(scripts![1])).toBeGreaterThanOrEqual(3);
    await under.close();
  });

  test("keeps the order of split pops and a refused push", async () => {
    const under = await openRedis(1);
    const [caller, other] = [new Caller(under), new Caller(under)];
    const large = "x".repeat(1024 * 1024);
    const ids = Array.from({ length: 20 }, (_, n) => String(n));
    for (const id of ids) await caller.push("q", id, "left", large);
    await under.setRefusing("full", true);
    const answers = Promise.allSettled([
      ...ids.slice(0, 6).map(() => caller.pop("q")),
      other.push("full", "1"),
      ...ids.slice(6, 12).map(() => caller.pop("q")),
      caller.push("full", "1"),
      other.push("q", "2"),
      caller.pop("q"),
      caller.push("q", "3"),
    ]);
    const values = (await answers).map((answer) =>
      answer.status === "fulfilled" ? answer.value : (answer.reason as Error).constructor.name,
    );
    expect(values).toEqual([
      ...ids.slice(0, 6),
      "StoreError",
      ...ids.slice(6, 12),
      "StoreError",
      ...Array(3).fill("EarlierFailure"),
    ]);
    expect(await caller.status("q")).toEqual([["q", 20, 12, 0]]);
    await under.close();
  });

  test("executes later operations after the rest of a split batch", async () => {
    let pushing: Promise<unknown> | undefined;
    const under = await openRedis(1, (queue) => {
      if (String(queue) === "done") pushing = second.push("out", "3").catch((error) => error);
    });
    const [first, second, third] = [new Caller(under), new Caller(under), new Caller(under)];
    for (const queue of ["full", "full too"]) await under.setRefusing(queue, true);
    // Both pushes to "out" are in one script call. Only the first session has an earlier refusal.
    const outcomes = await Promise.allSettled([
      first.push("full", "1"),
      first.push("out", "1"),
      second.push("out", "2"),
      second.push("full too", "2"),
      third.push("done", "1"),
    ]);
    expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(await pushing).toBeInstanceOf(EarlierFailure);
    expect(await second.drain("out")).toEqual(["2"]);
    await under.close();
  });

  test("failed registrations change nothing", async () => {
    const under = await openRedis(1);
    const caller = new Caller(under);
    for (const key of fixedKeys(TAG, "").slice(0, 3)) {
      await server.redis.flushall();
      await server.redis.set(key, "of another type");
      const outcome = await caller.register({ q: 1 }).then(
        () => "done",
        () => "failed",
      );
      if (outcome === "failed") expect(await server.redis.keys("*")).toEqual([key]);
      expect([key, outcome]).toEqual([key, key.includes("timers") ? "done" : "failed"]);
    }
    await under.close();
  });

  test("does not load the contents of a large duplicate into the script", async () => {
    const under = await openRedis(1);
    const caller = new Caller(under);
    await caller.push("q", "1", "left", "x".repeat(32 * 1024 * 1024));
    const memory = async () => {
      const info = await server.redis.info("memory");
      return Number(/^used_memory_peak:(\d+)/m.exec(info)![1]);
    };
    const before = await memory();
    const duplicates = await Promise.all(Array.from({ length: 20 }, () => caller.push("q", "1")));
    expect(new Set(duplicates)).toEqual(new Set(["duplicate"]));
    expect((await memory()) - before).toBeLessThan(16 * 1024 * 1024);
    await under.close();
  });

  test("a pop that cannot store its claim leaves the events ready", async () => {
    const under = await openRedis();
    const caller = new Caller(under);
    await caller.pushAll("q", ["1", "2"]);
    await server.redis.set(`${TAG}${INFIXES.CLAIMED}q`, "a string");
    const pops = await Promise.allSettled([caller.pop("q"), caller.pop("q")]);
    expect(pops.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await server.redis.del(`${TAG}${INFIXES.CLAIMED}q`);
    expect(await caller.drain("q")).toEqual(["1", "2"]);
    await under.close();
  });
});

test("too few replicas for one client's change fail no operation of another client", async () => {
  await server.redis.flushall();
  const done: string[] = [];
  const store = await RedisStore.open({
    target: targetOf({
      nodes: [{ host: "127.0.0.1", port: server.port }],
      waitReplicas: 1,
      waitTimeoutMs: 300,
    }),
    poolSize: 1,
    onReady() {},
    observer: { done: ({ kind }) => done.push(kind) },
    ...ignoredCallbacks,
  });
  const [changing, reading] = [store.session(), store.session()];
  const queue = Buffer.from("q");
  const [id, contents] = [Buffer.from("1"), Buffer.from("contents")];
  const pushed = changing.ask({ kind: "push", queue, end: "left", id, contents, options: null });
  const failure = pushed.catch((error: StoreError) => error.failure);
  // The push is done, and waits for replicas.
  await eventually(async () => (await server.redis.exists(`${TAG}:2:events:q`)) === 1);
  const peeked = reading.ask({ kind: "peek", queue, end: "right" });
  const next = changing.ask({ kind: "peek", queue, end: "right" }).catch((error) => error);
  expect(await failure).toBe("unknown");
  expect(await peeked).toEqual({ id, contents });
  expect(await next).toBeInstanceOf(EarlierFailure);
  // It is counted: the event is there.
  expect(done).toEqual(["push", "peek"]);
  await store.close();
});

test("measures leases with the server's clock by default", async () => {
  await server.redis.flushall();
  const caller = await openRedisCaller({ nodes: [{ host: "127.0.0.1", port: server.port }] });
  const serverMs = async () => {
    const [seconds, micros] = (await server.redis.time()).map(Number);
    return seconds! * 1000 + Math.floor(micros! / 1000);
  };
  await caller.pushAll("q", ["long", "short"]);
  const before = await serverMs();
  expect(await caller.pop("q", 3_600_000)).toBe("long");
  const after = await serverMs();
  for (const [key, member, perMs] of [
    [`${TAG}${INFIXES.CLAIMED}q`, "long", TICKS_PER_MS],
    [`${TAG}:2:timers`, "q", 1],
  ] as const) {
    const deadlineMs = Number(await server.redis.zscore(key, member)) / perMs;
    expect(deadlineMs - 3_600_000).toBeWithin(before, after + 1);
  }
  expect(await caller.pop("q", 1)).toBe("short");
  await eventually(async () => (await caller.reclaim()) === 1, { message: "the lease expires" });
  expect(await caller.drain("q")).toEqual(["short"]);
  expect(await caller.status("q")).toEqual([["q", 1, 1, 0]]);
  await caller.under.close();
});
