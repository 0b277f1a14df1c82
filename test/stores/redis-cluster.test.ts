// The store on a Redis Cluster: the contract, the comparison with the local store, and the
// behaviour of shards.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { emptyCounts } from "../../src/queue/queue-status.ts";
import { shardOf, SHARDS, shards, slotOf } from "../../src/stores/redis/shards.ts";
import { eventually } from "../support/eventually.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { storeContract } from "./contract.ts";
import { bytesOf, Caller, textOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { compareStores } from "./differential.ts";
import { testLikeReference } from "./like-reference.ts";
import { openOnCluster, queuesApart } from "./open-cluster.ts";
import { openLocal } from "./open-local.ts";
import { FORGOTTEN_MS } from "./open-redis.ts";
import { lastingKeys } from "./redis-targets.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ masters: 3, replicasEach: 0, outlivesTest: true });
}, 60_000);

afterAll(() => cluster.close());

const openCluster = (timeoutMs?: number) => openOnCluster(cluster, timeoutMs);

const openForgetting = () => openOnCluster(cluster, undefined, FORGOTTEN_MS);

storeContract("cluster", () => openCluster(), { parts: SHARDS });
testLikeReference("cluster", () => openCluster(), {
  seeds: [7, 9],
  rounds: 100,
});
testLikeReference("cluster, priorities and groups only", () => openForgetting(), {
  seeds: [1],
  rounds: 60,
  only: "order",
});
testLikeReference("cluster, lists", () => openForgetting(), {
  seeds: [1],
  rounds: 60,
  only: "lists",
});
testLikeReference("cluster, streams", () => openForgetting(), {
  seeds: [1],
  rounds: 60,
  only: "streams",
});

const seeds = process.env.OKQ_SEEDS?.split(",").map(Number) ?? [1, 2];

test.each(seeds)("random operations get the answers of the local store (seed %d)", async (seed) => {
  const [redis, local] = [await openCluster(), await openLocal()];
  try {
    await compareStores(redis, local, { seed, rounds: 150 });
  } finally {
    await redis.close();
    await local.close();
  }
});

const countsOf = (pushed: number) => ({ ...emptyCounts(), totals: [pushed, 0, 0, 0, 0, 0, 0, 0] });

async function pushedTotal(store: LifeCaller, queue: Buffer): Promise<number> {
  return (await store.submit({ kind: "stats", queue, isWhole: false })).counts.totals[0]!;
}

describe("in a cluster", () => {
  test("what is due in a shard is done while another one cannot be used", async () => {
    const under = await openCluster();
    const store = new LifeCaller(under);
    const [a, b] = queuesApart(2) as [string, string];
    const ids = Array.from({ length: 100 }, (_, at) => `${at}`);
    await store.pushBatch(a, ids, { start: { afterMs: 10 } });
    const { tag, slot } = shards[shardOf(bytesOf(b))]!;
    const { redis } = await cluster.ownerOf(slot);
    await redis.set(`${tag}:2:timers`, "of another type");
    store.advance(10);
    expect(await store.reclaim(64)).toBe(64);
    await expect(store.reclaim(64)).rejects.toThrow("WRONGTYPE");
    expect(await store.counts(a)).toEqual({ ready: 100 });
    await redis.del(`${tag}:2:timers`);
    await under.close();
  });

  test("counts are added to the queues of each shard, or named as still to be added", async () => {
    const under = await openCluster();
    const store = new LifeCaller(under);
    const [a, b] = queuesApart(2).map(bytesOf) as [Buffer, Buffer];
    for (const queue of [a, b]) await store.push(textOf(queue), "1");
    const counted = [a, b].map((queue) => ({ queue, counts: countsOf(3) }));
    const { tag, slot } = shards[shardOf(b)]!;
    const { redis } = await cluster.ownerOf(slot);
    await redis.rename(`${tag}:2:queues`, `${tag}:2:aside`);
    await redis.set(`${tag}:2:queues`, "of another type");
    const number = { kind: "count", number: 1, settled: 1 } as const;
    expect(await store.submit({ ...number, counted })).toEqual({ notDone: [b], unknown: [] });
    const ofB = { ...number, counted: counted.slice(1) };
    await expect(store.submit(ofB)).rejects.toThrow("WRONGTYPE");
    await redis.rename(`${tag}:2:aside`, `${tag}:2:queues`);
    expect(await store.submit({ ...number, counted })).toEqual({ notDone: [], unknown: [] });
    expect([await pushedTotal(store, a), await pushedTotal(store, b)]).toEqual([3, 3]);
    await under.close();
  });

  test("shards have different slots, spread evenly, as Redis computes them", async () => {
    const { redis } = cluster.nodes[0]!;
    const stretch = 16_384 / SHARDS;
    expect(shards.map(({ slot }) => Math.floor(slot / stretch))).toEqual([...shards.keys()]);
    for (const { tag, slot } of shards.filter((_, at) => at % 16 === 0)) {
      expect(await redis.call("CLUSTER", "KEYSLOT", `${tag}:2:ready:x`)).toBe(slot);
      expect(slotOf(tag.slice(1, -1))).toBe(slot);
    }
  });

  test("the shard of a queue never changes between versions of okq", () => {
    // The check value of CRC-32 is 0xcbf43926.
    expect(shardOf(Buffer.from("123456789"))).toBe(0xcbf43926 % 64);
    expect(shardOf(Buffer.alloc(0))).toBe(0);
    expect(SHARDS).toBe(64);
  });

  test.each([
    ["orders{7}", "7"],
    ["{7}mail@x", "7"],
    ["a{}b{7}{8}", "7"],
    ["a@b{7}", "7"],
    ["a{@b", "a{"],
    ["a}{", "a}{"],
    ["{}", "{}"],
    ["mail@archive", "mail"],
    ["mail@archive@2", "mail"],
    ["@mail", ""],
  ])("the queue %s is in the shard of %p", (queue, part) => {
    expect(shardOf(Buffer.from(queue))).toBe(Bun.hash.crc32(part) % SHARDS);
  });

  test("all keys of a queue are in one slot, and every master has queues", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    const queues = queuesApart(SHARDS);
    await Promise.all(
      queues.map(async (queue) => {
        const session = caller.another();
        await session.pushAll(queue, ["claimed", "ready"]);
        await session.pop(queue);
      }),
    );
    const found: string[] = [];
    for (const { redis } of cluster.nodes) {
      const keys = (await redis.keys("*")).filter((key) => /:(ready|claimed|events):/.test(key));
      expect(keys).not.toEqual([]);
      for (const key of keys) {
        const queue = key.split(":").at(-1)!;
        const { slot } = shards[shardOf(Buffer.from(queue))]!;
        expect([key, await redis.call("CLUSTER", "KEYSLOT", key)]).toEqual([key, slot]);
        found.push(queue);
      }
    }
    // Three keys for each queue.
    expect(found.toSorted()).toEqual(queues.flatMap((queue) => [queue, queue, queue]).toSorted());
    await under.close();
  });

  test("leaves no key of deleted queues in any shard", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    const queues = queuesApart(SHARDS);
    await caller.register(Object.fromEntries(queues.map((queue) => [queue, 1])));
    await Promise.all(queues.map((queue) => caller.another().push(queue, "1")));
    await Promise.all(queues.map((queue) => caller.another().pop(queue)));
    await Promise.all(queues.map((queue) => caller.another().ack(queue, "1")));
    await caller.register({}, true);
    const keys = await Promise.all(cluster.nodes.map(({ redis }) => lastingKeys(redis)));
    expect(keys.flat()).toEqual([]);
    await under.close();
  });

  test("a reclaim asks only the shards with expired leases", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    const scripts = async () => {
      const stats = await Promise.all(cluster.nodes.map(({ redis }) => redis.info("commandstats")));
      const calls = stats.map((text) => /cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? "0");
      return calls.reduce((sum, count) => sum + Number(count), 0);
    };
    await caller.reclaim();
    await caller.push("mail", "1");
    await caller.pop("mail", 1);
    await eventually(() => under.store.dueInMs() === 0, {
      message: "the lease of 1 ms has expired",
    });
    under.advance(1);
    const before = await scripts();
    const due = () => caller.submit({ kind: "tick", limit: 10, parts: "due" });
    expect(await due()).toEqual({ moved: 1, cronParts: [] });
    expect(under.store.dueInMs()).toBeGreaterThan(0);
    expect(await due()).toEqual({ moved: 0, cronParts: [] });
    expect((await scripts()) - before).toBe(1);
    await under.close();
  });

  test("finds a claim that no message announced by asking a few shards at a time", async () => {
    const [under, other] = [await openCluster(), await openCluster()];
    const [caller, stranger] = [new Caller(under), new Caller(other)];
    await stranger.push("mail", "1");
    await stranger.pop("mail", 1);
    under.advance(1);
    const some = () => caller.submit({ kind: "tick", limit: 10, parts: "some" });
    let moved = 0;
    for (let look = 0; look < SHARDS / 8; look++) moved += (await some()).moved;
    expect(moved).toBe(1);
    await Promise.all([under.close(), other.close()]);
  });

  test("a session keeps its order across shards, and a list covers all shards", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    const queues = queuesApart(8);
    const rounds = Array.from({ length: 40 }, (_, n) => String(n));
    const answers = await Promise.all(
      rounds.flatMap((id, n) => {
        const queue = queues[n % queues.length]!;
        return [caller.push(queue, id), caller.pop(queue), caller.ack(queue, id)];
      }),
    );
    expect(answers).toEqual(rounds.flatMap((id) => ["ok", id, true]));
    await Promise.all(queues.map((queue) => caller.another().push(queue, "last")));
    expect((await caller.list()).map(([queue]) => queue)).toEqual(queues.toSorted());
    await under.close();
  });

  test("a failed-to never leads to another shard", async () => {
    const under = await openCluster();
    const caller = new LifeCaller(under);
    const [queue, other] = queuesApart(2) as [string, string];
    const values = { "max-attempts": "1", "failed-to": other };
    expect(await caller.configure(queue, values)).toBe("apart");
    expect(await caller.settings(queue)).toEqual({});
    expect(await caller.configure(queue, { "failed-to": `${queue}@dead` })).toBe("ok");
    expect(await caller.configure(queue, { "failed-to": null })).toBe("ok");

    // The script must know the shard of each of these as okq does.
    const targets = [other, "{7}", "a{}b{7}{8}", "a@b{7}", "a}{", "{}", "@mail", "\xff\x00 {\xfe}"];
    for (const target of [...targets, "x".repeat(10_000)]) {
      await caller.configure(null, { "failed-to": target });
      const home = "a queue elsewhere";
      const shard = shardOf(Buffer.from(target, "latin1"));
      const near = queuesApart(SHARDS).find((name) => shardOf(Buffer.from(name)) === shard)!;
      expect(shardOf(Buffer.from(home))).not.toBe(shard);
      for (const name of [home, near]) {
        await caller.push(name, "1");
        await caller.fail(name, await caller.mustClaim(name), "final");
      }
      expect([target, await caller.counts(home)]).toEqual([target, { failed: 1 }]);
      if (near !== target) expect([target, await caller.counts(near)]).toEqual([target, {}]);
      if (near !== target) expect(await caller.counts(target)).toEqual({ ready: 1 });
      await Promise.all([home, near, target].map((name) => caller.flush(name)));
    }
    await under.close();
  });

  test("a batch for a moved slot goes to the new owner without an error", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    await caller.pushAll("mail", ["1", "2"]);
    const { slot } = shards[shardOf(Buffer.from("mail"))]!;
    const from = await cluster.ownerOf(slot);
    const to = cluster.nodes.find((node) => node !== from)!;
    expect(await cluster.moveSlot(slot, to)).toBeGreaterThan(0);
    await caller.push("mail", "3");
    expect(await caller.drain("mail")).toEqual(["1", "2", "3"]);
    await cluster.moveSlot(slot, from);
    await under.close();
  });

  test("a batch waits until the move of its slot is complete", async () => {
    const under = await openCluster();
    const caller = new Caller(under);
    await caller.pushAll("mail", ["1", "2"]);
    await caller.pop("mail");
    const { slot } = shards[shardOf(Buffer.from("mail"))]!;
    const from = await cluster.ownerOf(slot);
    const to = cluster.nodes.find((node) => node !== from)!;
    await cluster.moveSlot(slot, to, { keysPerStep: 1, onStep: () => "stop" });
    let isDone = false;
    const pushing = caller.push("mail", "3").then((result) => {
      isDone = true;
      return result;
    });
    // Other shards are not delayed.
    expect(await new Caller(under).push("elsewhere", "1")).toBe("ok");
    await eventually(async () => /TRYAGAIN|ASK/.test(await from.redis.info("errorstats")));
    expect(isDone).toBe(false);
    await cluster.moveSlot(slot, to);
    expect(await pushing).toBe("ok");
    expect(await caller.status("mail")).toEqual([["mail", 3, 1, 0]]);
    await cluster.moveSlot(slot, from);
    await under.close();
  });

  test("a batch fails and has no effect if the move of its slot stops half-way", async () => {
    const under = await openCluster(2_000);
    const caller = new Caller(under);
    await eventually(() => caller.push("mail", "1"), {
      message: "all nodes know the owner of a slot that was just moved",
    });
    const { slot } = shards[shardOf(Buffer.from("mail"))]!;
    const from = await cluster.ownerOf(slot);
    const to = cluster.nodes.find((node) => node !== from)!;
    await cluster.moveSlot(slot, to, { keysPerStep: 1, onStep: () => "stop" });
    const error = await caller.push("mail", "2").catch((caught) => caught);
    expect(error).toMatchObject({ failure: "unavailable" });
    expect(String(error)).toMatch(/TRYAGAIN|ASK/);
    await cluster.moveSlot(slot, to);
    expect(await caller.drain("mail")).toEqual(["1"]);
    await cluster.moveSlot(slot, from);
    await under.close();
  }, 60_000);
});
