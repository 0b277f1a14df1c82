// Upgrades of 100,000 events: by okq processes that are killed, and in a cluster where queues
// change their shard.
import { expect, test } from "bun:test";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { shardOf, SHARDS, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startProcess } from "../support/process.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { startRedis } from "../support/redis-server.ts";
import { Caller } from "./contract/caller.ts";
import { Heard } from "./heard.ts";
import { ignoredCallbacks, openRedisCaller, startHearing, targetOf } from "./redis-targets.ts";
import { FirstOkq } from "./upgrade/first-okq.ts";

const EVENTS = 100_000;
const AT_ONCE = 500;
const HOUR_MS = 3_600_000;

/** Pushes events with the ids 0, 1, ... on the left, and claims the first ones. */
async function fill(first: FirstOkq, queue: string, count: number, claims: number): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const ids = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => `${from + at}`);
    const pairs = ids.map((id) => [id, `contents of ${id}`]);
    // Names that are numbers come in ascending order.
    await first.push(queue, "LEFT", Object.fromEntries(pairs));
  }
  await first.pop(queue, HOUR_MS, claims);
}

/** Pops everything; the ids in order. Each event has its contents. */
async function drain(caller: Caller, queue: string): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const pops = Array.from({ length: AT_ONCE }, () => caller.popEvent(queue, 0));
    const events = (await Promise.all(pops)).filter((event) => event !== null);
    for (const [id, contents] of events) {
      if (contents !== `contents of ${id}`) throw new Error(`${id} has ${contents}`);
      ids.push(id);
    }
    if (events.length < AT_ONCE) return ids;
  }
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `${from + at}`);

test("killed okq processes in an upgrade, and others after them, lose nothing", async () => {
  const server = closeAfterTest(await startRedis());
  await fill(new FirstOkq(server.redis), "big", EVENTS, 100);
  const start = () =>
    startProcess(["--listen-addr", "127.0.0.1:0", "--redis-addr", `127.0.0.1:${server.port}`]);
  const isUnderWay = async () => (await server.redis.exists("{okq}:2:moving:renamed")) === 1;
  let interrupted = 0;
  for (let round = 0; round < 3 && (round === 0 || (await isUnderWay())); round++) {
    const pair = [start(), start()];
    await Promise.race(pair.map((okq) => okq.waitForLine(/moving events of an older okq/)));
    for (const okq of pair) okq.kill("SIGKILL");
    await Promise.all(pair.map(({ exited }) => exited));
    if (await isUnderWay()) interrupted += 1;
  }
  expect(interrupted).toBeGreaterThan(0);
  await Promise.all([start(), start()].map((okq) => okq.waitForLine(/listening/)));
  const caller = await openRedisCaller({ nodes: [{ host: "127.0.0.1", port: server.port }] });
  closeAfterTest(caller.under);
  expect(await caller.status("big")).toEqual([["big", EVENTS, 100, 0]]);
  expect(await drain(caller, "big")).toEqual(range(100, EVENTS));
  for (const id of range(0, 100)) expect(await caller.ack("big", id)).toBe(true);
  const keys = await server.redis.keys("*");
  expect(keys.filter((key) => /^\{okq\}:(ready|events|claimed|leases)/.test(key))).toEqual([]);
}, 180_000);

/** A new okq on a cluster. */
async function openOn({ nodes }: Cluster): Promise<Caller> {
  const addresses = nodes.map(({ address: host, port }) => ({ host, port }));
  const target = targetOf({ mode: "cluster", nodes: addresses });
  const store = await RedisStore.open({ target, poolSize: 1, onReady() {}, ...ignoredCallbacks });
  return new Caller({
    store: closeAfterTest(store),
    ready: [],
    hear: () => startHearing(new Heard(), store),
    nowMs: () => Date.now(),
    advance() {},
    setRefusing: async () => {},
    close: () => store.close(),
  });
}

test("in a cluster, queues move to the shard of the new rule, whoever does it", async () => {
  // Filling it takes long on a busy machine: no node may count as down for that.
  const cluster = await startCluster({ masters: 3, replicasEach: 0, nodeTimeoutMs: 10_000 });
  const kinds = ["plain", "orders{7}", "mail@copy", "{part}x", "a@{b}"];
  const queues = Array.from({ length: 20 }, (_, at) => `${kinds[at % kinds.length]}${at}`);
  const oldShardOf = (queue: string) => Bun.hash.crc32(queue) % SHARDS;
  const moving = queues.filter((queue) => oldShardOf(queue) !== shardOf(Buffer.from(queue)));
  expect(moving.length).toBeGreaterThanOrEqual(12);
  const each = EVENTS / queues.length;
  for (const queue of queues) {
    const { tag, slot } = shards[oldShardOf(queue)]!;
    const { redis } = await cluster.ownerOf(slot);
    await fill(new FirstOkq(redis, tag), queue, each, 10);
  }
  const [caller] = await Promise.all([openOn(cluster), openOn(cluster)]);
  const rows = queues.map((queue): [string, number, number, number] => [queue, each, 10, 0]);
  expect(await caller.status(...queues)).toEqual(rows);
  expect((await caller.list()).length).toBe(queues.length);
  for (const queue of queues) {
    expect([queue, await drain(caller, queue)]).toEqual([queue, range(10, each)]);
    expect(await caller.ack(queue, "0")).toBe(true);
  }
}, 180_000);

test("moves what is in a part of a cluster that was down at the start", async () => {
  const args = ["--cluster-require-full-coverage", "no"];
  const cluster = await startCluster({ masters: 2, replicasEach: 0, isDurable: true, args });
  const away = cluster.nodes[1]!;
  const queue = ["a", "b", "c", "d", "e", "f"].find((name) => isOn(name, 1))!;
  const { tag } = shards[Bun.hash.crc32(queue) % SHARDS]!;
  await fill(new FirstOkq(away.redis, tag), queue, 1000, 10);
  await away.kill();
  const caller = await openOn(cluster);
  const other = ["a", "b", "c", "d", "e", "f"].find((name) => isOn(name, 0))!;
  await eventually(() => caller.push(other, "1"), { message: "the rest of the cluster serves" });
  await away.start();
  const count = async () => (await caller.status(queue))[0]![1];
  await eventually(async () => (await count()) === 1000, { message: "its events are moved" });
  expect(await drain(caller, queue)).toEqual(range(10, 1000));
});

test("moves what a failover brought back after the end", async () => {
  const cluster = await startCluster({ masters: 2, replicasEach: 0 });
  await openOn(cluster);
  const { tag, slot } = shards[Bun.hash.crc32("q") % SHARDS]!;
  const { redis } = await cluster.ownerOf(slot);
  await redis.del(`${tag}:queues`, `${tag}:deadlines`);
  await fill(new FirstOkq(redis, tag), "q", 1000, 10);
  const caller = await openOn(cluster);
  const count = async () => (await caller.status("q"))[0]![1];
  await eventually(async () => (await count()) === 1000, { message: "its events are moved" });
  expect(await drain(caller, "q")).toEqual(range(10, 1000));
});

/** Whether the queue is on that of two masters. */
function isOn(queue: string, master: number): boolean {
  return Math.floor((shardOf(Buffer.from(queue)) * 2) / SHARDS) === master;
}
