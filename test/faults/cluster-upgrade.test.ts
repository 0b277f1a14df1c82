// A Redis Cluster with the keys of an okq of the first layout, while new okq processes move them:
// these are killed, masters fail over, and an okq of the first layout goes on.
// oxlint-disable no-await-in-loop -- one failure after the other
import { expect, test } from "bun:test";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import {
  fillFirstQueues,
  firstOkqFor,
  firstShardOf,
  namesOfQueues,
  takeFirstQueues,
} from "../stores/upgrade/first-queues.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { type OkqProcess, startProcess } from "../support/process.ts";
import { ask, type Readable } from "../support/readable.ts";
import { type Cluster, type ClusterNode, startCluster } from "../support/redis-cluster.ts";
import { Wire } from "../support/wire.ts";
import { randomOf, rounds, timeoutFor } from "./rounds.ts";

const START_MS_MAX = 60_000;
const WAIT = ["--redis-wait", "1", "--redis-wait-timeout", "300"];

function argsOf({ nodes }: Cluster, ...args: string[]): string[] {
  const address = `127.0.0.1:${nodes[0]!.port},127.0.0.1:${nodes[1]!.port}`;
  return ["--redis-cluster", "--redis-addr", address, ...args];
}

function start(cluster: Cluster, ...args: string[]): OkqProcess {
  return startProcess(["--listen-addr", "127.0.0.1:0", ...argsOf(cluster, ...args)]);
}

/** A client of an okq, once that listens. */
async function clientOf(okq: OkqProcess): Promise<Wire> {
  const [, port] = await okq.waitForLine(/listening .*port=(\d+)/, START_MS_MAX);
  return await Wire.connect(Number(port));
}

const hasBegun = (okq: OkqProcess) => okq.waitForLine(/moving events of an older okq/);

/** Resolves when all replicas have everything that is there now. */
async function inSync(cluster: Cluster): Promise<void> {
  for (const { redis } of await cluster.masters()) {
    await redis.set("in-sync", 1).catch(() => {});
    const number = async (pattern: RegExp) =>
      Number(pattern.exec(await redis.info("replication"))?.[1] ?? Number.NaN);
    const wanted = await number(/^master_repl_offset:(\d+)/m);
    const isThere = async () => (await number(/^slave0:.*state=online,offset=(\d+)/m)) >= wanted;
    await eventually(isThere, { timeoutMs: START_MS_MAX, message: "the replica has everything" });
  }
}

/** Kills a master. It comes back as the replica of its successor. */
async function failOver(cluster: Cluster, master: ClusterNode, slot: number): Promise<void> {
  await master.kill();
  await eventually(async () => (await cluster.ownerOf(slot)) !== master, {
    timeoutMs: START_MS_MAX,
    message: "another master takes over",
  });
  await master.start();
}

test(
  "okq killed and a master lost in the midst: everything is there once, in order",
  async () => {
    const random = randomOf("upgrade of a cluster");
    for (let round = 0; round < rounds / 2; round++) {
      const cluster = await startCluster({ masters: 3, replicasEach: 1 });
      const queues = await fillFirstQueues(cluster, namesOfQueues(128), random(20, 200));
      await inSync(cluster);
      const pair = [start(cluster, ...WAIT), start(cluster, ...WAIT)] as const;
      const [killed, other] = random(0, 1) ? pair : pair.toReversed();
      await Promise.race(pair.map(hasBegun));
      killed!.kill("SIGKILL");
      const { slot } = shards[random(0, 63)]!;
      await failOver(cluster, await cluster.ownerOf(slot), slot);
      const client = await clientOf(other!);
      await inSync(cluster);
      const next = await startOkqProcess(argsOf(cluster, ...WAIT));
      await takeFirstQueues(await next.connect(), queues);
      expect(await ask(client, "QUEUES")).toEqual([null, []]);
      await Promise.all([other!, next].map((okq) => okq.kill("SIGKILL")));
      await cluster.close();
    }
  },
  timeoutFor(40_000),
);

test("with --redis-wait no event is removed before a replica has its copy", async () => {
  const cluster = await startCluster({ masters: 3, replicasEach: 1 });
  const ownerOf = (shard: number) => cluster.ownerOf(shards[shard]!.slot);
  const names = namesOfQueues(400);
  // From the first master to the last one.
  const name = names.find((each) => firstShardOf(each) < 20 && shardOf(Buffer.from(each)) > 44)!;
  const queues = await fillFirstQueues(cluster, [name], 100);
  await inSync(cluster);
  const { slot } = shards[shardOf(Buffer.from(name))]!;
  const target = await ownerOf(shardOf(Buffer.from(name)));
  const replica = await cluster.replicaOf(target);
  // It cannot follow its master any more, and so misses what okq copies.
  await replica.redis.config("SET", "masterauth", "wrong");
  await target.redis.call("CLIENT", "KILL", "TYPE", "replica");
  const okq = start(cluster, ...WAIT);
  const waits = async () =>
    /cmdstat_wait:calls=[2-9]/.test(await target.redis.info("commandstats"));
  await eventually(waits, { message: "okq has waited for the replica in vain" });
  await target.kill();
  await eventually(async () => (await cluster.ownerOf(slot)) === replica, {
    timeoutMs: START_MS_MAX,
    message: "the replica takes over",
  });
  await target.start();
  await inSync(cluster);
  await takeFirstQueues(await clientOf(okq), queues);
}, 120_000);

test("an okq of the first layout in use loses nothing while two others upgrade", async () => {
  const random = randomOf("an okq of the first layout in use");
  const cluster = await startCluster({ masters: 3, replicasEach: 0 });
  const there = new Map(namesOfQueues(24).map((name) => [name, new Set<string>()]));
  const use = async (queue: string, id: string) => {
    const own = there.get(queue)!;
    const first = await firstOkqFor(cluster, queue);
    await first.push(queue, random(0, 1) ? "LEFT" : "RIGHT", { [id]: id });
    own.add(id);
    if (random(0, 2) === 0) return;
    const isTaking = random(0, 1) === 0;
    const [popped] = (await first.pop(queue, isTaking ? 0 : 30_000)).ids;
    if (popped !== undefined && (isTaking || (await first.ack(queue, popped)))) own.delete(popped);
  };
  /** Resolves to how many uses were refused. */
  const useAll = async (n: number) => {
    let refused = 0;
    const uses = [...there.keys()].map((queue) => use(queue, `${n}`));
    for (const used of await Promise.allSettled(uses)) {
      if (used.status === "fulfilled") continue;
      expect(String(used.reason)).toContain("WRONGTYPE");
      refused += 1;
    }
    return refused;
  };
  for (let n = 0; n < 100; n++) await useAll(n);
  const pair = [start(cluster), start(cluster)];
  let refused = 0;
  for (let n = 100; refused < 1000; n++) refused += await useAll(n);
  const [client] = await Promise.all(pair.map(clientOf));
  for (const [queue, ids] of there) {
    const [, events] = (await ask(client!, "QLIST", queue, "COUNT", 1000)) as [null, Readable[][]];
    const found = events.map((event) => event[1]!);
    expect([queue, found.toSorted()]).toEqual([queue, [...ids].toSorted()]);
  }
}, 120_000);
