// Changes of a Redis Cluster: all servers are killed and restarted, servers join and leave under
// load, and okq processes are killed or start while a part is down.
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { type Cluster, type ClusterNode, startCluster } from "../support/redis-cluster.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import type { Wire } from "../support/wire.ts";
import { errorOf, isOk, Load } from "./load.ts";
import { report, rounds } from "./rounds.ts";
import { Trial } from "./trial.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000 + 20_000 * rounds);

const SPREAD = { queues: ["a", "b", "c", "d", "e", "f"], producers: 6, consumers: 6 };

function on({ nodes }: Cluster, config: Partial<Config> = {}): Partial<Config> {
  const redisAddr = nodes.map(({ address, port }) => `${address}:${port}`).join(",");
  return { store: "", redisAddr, redisCluster: true, ...config };
}

/** A consumer that waits at an okq without load. */
async function waitingConsumer(okq: TestOkq): Promise<Wire> {
  const consumer = await okq.connect();
  await consumer.call("QREGISTER", "waited-for");
  consumer.pipeline(["QNOTIFY", "60"]);
  await untilWaiting(okq.port, 1, "waited-for");
  return consumer;
}

test("a killed and restarted cluster loses no event and wakes waiting consumers", async () => {
  const cluster = await startCluster({ replicasEach: 0, isDurable: true });
  const trial = await Trial.start("Cluster, all killed", on(cluster), SPREAD);
  const consumer = await waitingConsumer(await startTestOkq(on(cluster)));
  for (let round = 0; round < rounds; round++) {
    const { failed } = trial.load;
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await trial.fails(12, failed);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.healed();
    await trial.recovers();
  }
  expect(consumer.waiting > 0 ? await consumer.next() : null).toBeNull();
  const producer = await trial.okqs[1]!.connect();
  const startedAt = performance.now();
  expect(await producer.call("QLPUSH", "waited-for", "1", "x")).toEqual({ simple: "OK" });
  expect(await consumer.next()).toEqual(Buffer.from("waited-for"));
  await trial.settle({ wokenMs: performance.now() - startedAt });
});

test("okq needs no restart when servers join and leave a cluster under load", async () => {
  const cluster = await startCluster({
    masters: 4,
    replicasEach: 0,
    // Only slots with queues are moved.
    args: ["--cluster-require-full-coverage", "no"],
  });
  const joined = cluster.nodes.at(-1)!;
  // Moves the slots of all queues away from this server, so that it is like a new one.
  for (const { slot } of shards) {
    if ((await cluster.ownerOf(slot)) === joined) await cluster.moveSlot(slot, cluster.nodes[0]!);
  }
  const consumer = await waitingConsumer(await startTestOkq(on(cluster)));
  const isSubscribedAt = async (node: ClusterNode) =>
    Number((await node.redis.pubsub("NUMSUB", "{okq}:due:0"))[1]) > 0;
  const subscribed = await Promise.all(cluster.nodes.map(isSubscribedAt));
  // The okq of the consumer subscribes at the server that leaves.
  const leaving = cluster.nodes[subscribed.indexOf(true)]!;
  const rest = cluster.nodes.filter((node) => node !== leaving);
  const trial = await Trial.start("Cluster, servers join and leave", on(cluster), SPREAD);
  let moved = 0;
  for (const { slot } of shards) {
    if ((await cluster.ownerOf(slot)) !== leaving) continue;
    await cluster.moveSlot(slot, moved % 2 ? joined : rest[0]!);
    moved += 1;
  }
  for (const { redis } of rest) await redis.call("CLUSTER", "FORGET", leaving.id);
  await leaving.redis.flushall();
  await leaving.redis.call("CLUSTER", "RESET");
  await trial.recovers();
  await eventually(async () => !(await isSubscribedAt(leaving)));
  await eventually(async () => (await Promise.all(rest.map(isSubscribedAt))).includes(true));
  const producer = await trial.okqs[1]!.connect();
  const startedAt = performance.now();
  await producer.call("QLPUSH", "waited-for", "1", "x");
  expect(await consumer.next()).toEqual(Buffer.from("waited-for"));
  await trial.settle({ moved, wokenMs: performance.now() - startedAt });
});

test("okq starts while a part of the cluster is down, and uses it when it is back", async () => {
  const cluster = await startCluster({
    replicasEach: 0,
    args: ["--cluster-require-full-coverage", "no"],
  });
  await cluster.nodes[0]!.kill();
  const okq = await startTestOkq(on(cluster));
  const client = await okq.connect();
  const queueOf = async (isLost: boolean) => {
    for (let at = 0; ; at++) {
      const answer = await client.call("QLPUSH", `q${at}`, "1", "x");
      if (isOk(answer) !== isLost) return `q${at}`;
    }
  };
  const [lost] = [await queueOf(true), await queueOf(false)];
  await cluster.nodes[0]!.start();
  await cluster.healed();
  await eventually(async () => isOk(await client.call("QLPUSH", lost, "2", "x")));
});

test("while a master is down, commands fail that concern its queues or all queues", async () => {
  const cluster = await startCluster({
    replicasEach: 0,
    args: ["--cluster-require-full-coverage", "no"],
  });
  const okq = await startTestOkq(on(cluster));
  const [client, consumer] = [await okq.connect(), await okq.connect()];
  const ownerOf = (name: string) => cluster.ownerOf(shards[shardOf(Buffer.from(name))]!.slot);
  const [lost, master] = ["q0", await ownerOf("q0")];
  let kept = "q1";
  for (let at = 2; (await ownerOf(kept)) === master; at++) kept = `q${at}`;
  await consumer.call("QREGISTER", kept, lost);
  await master.kill();
  const fails = async (...words: string[]) =>
    errorOf(await client.call(...words))?.startsWith("LOADING store unavailable") ?? false;
  await eventually(() => fails("QLPUSH", lost, "1", "x"));
  expect(await client.call("QSTATUS", kept)).toEqual([[Buffer.from(kept), 0, 0, 1]]);
  const failing = [["QSTATUS"], ["QINFO"], ["OKQ", "HEALTH"], ["QSTATUS", kept, lost]];
  for (const words of [...failing, ["QREGISTER", kept, lost]]) {
    expect([words, await fails(...words)]).toEqual([words, true]);
  }
  expect(errorOf(await consumer.call("QNOTIFY", "1"))).toStartWith("LOADING store unavailable");
  expect(String(await client.call("INFO", "queues"))).toContain("queues_error:nothing was done");
});

test("okq starts while all Sentinels but one are down", async () => {
  const group = await startSentinelGroup();
  await Promise.all(group.sentinelServers.slice(1).map((sentinel) => sentinel.kill()));
  const redisSentinelAddr = group.sentinels.map((port) => `127.0.0.1:${port}`).join(",");
  const okq = await startTestOkq({ store: "", redisSentinelAddr });
  expect(errorOf(await (await okq.connect()).call("QLPUSH", "q", "1", "x"))).toBeNull();
});

test.each(["Sentinel", "Cluster"])("a killed okq loses no event on %s", async (kind) => {
  const isCluster = kind === "Cluster";
  const nodes = isCluster
    ? (await startCluster({ replicasEach: 0 })).nodes
    : (await startSentinelGroup()).sentinelServers;
  const flag = isCluster ? "--redis-addr" : "--redis-sentinel-addr";
  const args = nodes.flatMap(({ address, port }) => [flag, `${address}:${port}`]);
  const start = () => startOkqProcess(isCluster ? ["--redis-cluster", ...args] : args);
  const okqs = [await start(), await start()];
  const load = new Load({ port: (client) => okqs[client % 2]!.port, ...SPREAD });
  for (let round = 0; round < rounds; round++) {
    await load.progress(300);
    await okqs[round % 2]!.crash();
    okqs[round % 2] = await start();
    await load.progress(200);
  }
  await load.stop();
  await load.drain(okqs[0]!.port);
  report(`okq killed under ${kind}`, load.account.settle());
  closeAfterTest({ close: () => Promise.all(okqs.map((okq) => okq.crash())) });
});
