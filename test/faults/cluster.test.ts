// Masters of a Redis Cluster are killed, frozen or cut off, or hand over their slots. With
// --redis-wait 1 no change that was answered OK is lost, and okq soon serves again.
// oxlint-disable no-await-in-loop -- one failure after the other
import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { inSync, ownerOf, takenOver } from "./cluster-failover.ts";
import { errorOf, type LoadOptions } from "./load.ts";
import { randomOf, rounds, timeoutFor } from "./rounds.ts";
import { Trial } from "./trial.ts";
import { untilWaiting } from "./waiting.ts";

const FROZEN_MS = 10_000;
const WAIT = { redisWait: 1, redisWaitTimeout: 300 };
/** Longer than any test, so a command that fails did not wait for this timeout. */
const PATIENT = { redisTimeout: 600_000 };

/** Two queues on each of three masters. */
const queues = ["q0", "q1", "q2", "q3", "q4", "q5"].map((_, at) => {
  const isThere = (name: string) => Math.floor((shardOf(Buffer.from(name)) * 6) / 64) === at;
  return Array.from({ length: 1000 }, (__, n) => `queue-${n}`).find(isThere)!;
});

function on({ nodes }: Cluster, config: Partial<Config> = {}): Partial<Config> {
  return { redisAddr: `127.0.0.1:${nodes[0]!.port}`, redisCluster: true, ...config };
}

async function startTrial(
  name: string,
  cluster: Cluster,
  config: Partial<Config>,
  options: Partial<LoadOptions> = {},
): Promise<Trial> {
  return await Trial.start(name, on(cluster, config), {
    queues,
    producers: 6,
    consumers: 6,
    lease: 1,
    ...options,
  });
}

/** Kills a master. Commands recover before it is back or, if they need a replica, after that. */
async function killAndFailOver(cluster: Cluster, trial: Trial, back: "before" | "then") {
  for (let round = 0; round < rounds; round++) {
    const queue = queues[round % queues.length]!;
    const master = await ownerOf(cluster, queue);
    await master.kill();
    await takenOver(cluster, queue, master);
    await trial.logs(
      new RegExp(`another node serves the slots .*server=127.0.0.1:${master.port}$`),
    );
    if (back === "before") await trial.recovers();
    await master.start();
    await inSync(cluster);
    await trial.recovers();
  }
}

describe("in a cluster", () => {
  test.each([
    ["without tokens", false],
    ["with tokens", true],
  ])(
    "a killed master loses no answered change that a replica received (claims %s)",
    async (how, hasTokens) => {
      // With two replicas, a slow machine may promote the replica without the change.
      const cluster = await startCluster({ masters: 3, replicasEach: 1 });
      const name = `Cluster, master killed, wait 1, ${how}`;
      const trial = await startTrial(name, cluster, WAIT, { hasTokens });
      await killAndFailOver(cluster, trial, "then");
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(25_000),
  );

  test(
    "a killed master may lose changes that no replica received, and okq recovers",
    async () => {
      const cluster = await startCluster({ masters: 3, replicasEach: 1 });
      const trial = await startTrial("Cluster, master killed, no wait", cluster, {});
      await killAndFailOver(cluster, trial, "before");
      expect((await trial.settleLosses()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(25_000),
  );

  test(
    "okq moves from a frozen master to the new one, and no change is lost",
    async () => {
      const cluster = await startCluster({ masters: 3, replicasEach: 1 });
      const trial = await startTrial("Cluster, master frozen, wait 1", cluster, WAIT);
      const master = await ownerOf(cluster, queues[0]!);
      const frozenAt = performance.now();
      master.signal("SIGSTOP");
      await takenOver(cluster, queues[0]!, master);
      await lasting(FROZEN_MS - (performance.now() - frozenAt));
      master.signal("SIGCONT");
      await inSync(cluster);
      await trial.recovers();
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(40_000),
  );

  test(
    "moving slots under load loses no event",
    async () => {
      const cluster = await startCluster({ masters: 3, replicasEach: 0 });
      // Long enough that no lease expires on a slow machine.
      const trial = await startTrial("Cluster, slots moved", cluster, {}, { lease: 30 });
      const random = randomOf("slots moved");
      let moved = 0;
      for (let round = 0; round < 10 * rounds; round++) {
        const { slot } = shards[shardOf(Buffer.from(queues[round % queues.length]!))]!;
        const from = await cluster.ownerOf(slot);
        const to = cluster.nodes.filter((node) => node !== from)[random(0, 1)]!;
        await cluster.moveSlot(slot, to, { keysPerStep: 1, onStep: () => lasting(random(0, 20)) });
        moved += 1;
        await trial.load.progress(10);
      }
      expect((await trial.settle({ moved })).repeated).toBeLessThan(100);
    },
    timeoutFor(20_000),
  );

  test("only commands for a slot without an owner fail, and fail at once", async () => {
    const cluster = await startCluster({
      masters: 3,
      replicasEach: 0,
      args: ["--cluster-require-full-coverage", "no"],
    });
    const okq = await startTestOkq({ store: "", ...on(cluster), ...PATIENT });
    const client = await okq.connect();
    const victim = await ownerOf(cluster, queues[0]!);
    const elsewhere = (
      await Promise.all(
        queues.map(async (queue) => ((await ownerOf(cluster, queue)) === victim ? [] : [queue])),
      )
    ).flat();
    await client.call("QLPUSH", queues[0]!, "before", "x");
    await client.call("QLPUSH", elsewhere[1]!, "before", "x");
    const consumer = await okq.connect();
    await consumer.call("QREGISTER", queues[0]!, elsewhere[1]!);
    await victim.kill();
    const push = (queue: string, id: string) => client.call("QLPUSH", queue, id, "x");
    await eventually(async () => /LOADING/.test(errorOf(await push(queues[0]!, "away")) ?? ""));
    expect(errorOf(await push(queues[0]!, "away"))).toStartWith("LOADING store unavailable: ");
    expect(await push(elsewhere[0]!, "1")).toEqual({ simple: "OK" });
    // Commands after a command that was not done are not done, in any shard.
    client.pipeline(["QLPUSH", queues[0]!, "away", "x"], ["QLPUSH", elsewhere[0]!, "2", "x"]);
    expect(errorOf(await client.next())).toStartWith("LOADING store unavailable: ");
    expect(errorOf(await client.next())).toStartWith("LOADING store unavailable: ");
    expect(errorOf(await client.call("OKQ", "HEALTH"))).toStartWith("LOADING");
    // A client that waits for several queues gets what there is in the others.
    const both = [queues[0]!, elsewhere[0]!];
    expect(await client.call("QPOP", "NOACK", "COUNT", 5, "FROM", ...both)).toHaveLength(1);
    expect(errorOf(await client.call("QPOP", "NOACK", "COUNT", 5, "FROM", ...both))).toStartWith(
      "LOADING",
    );
    expect(await consumer.call("QNOTIFY", 0)).toEqual(Buffer.from(elsewhere[1]!));
    await push(elsewhere[0]!, "2");
    await victim.start();
    await cluster.healed();
    await eventually(async () => errorOf(await push(queues[0]!, "after")) === null);
    expect(await client.call("QSTATUS", elsewhere[0]!)).toEqual([
      [Buffer.from(elsewhere[0]!), 1, 0, 1],
    ]);
    // HEALTH writes to every shard, and some servers learn the owner of a slot later than others.
    await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
  }, 60_000);

  test("a push through any okq wakes a consumer, whichever server has the queue", async () => {
    const cluster = await startCluster({ masters: 3, replicasEach: 0 });
    const start = () => startTestOkq({ store: "", ...on(cluster) });
    const [one, other] = [await start(), await start()];
    const producer = await one.connect();
    for (const queue of queues) {
      const consumer = closeAfterTest(await other.connect());
      await consumer.call("QREGISTER", queue);
      consumer.pipeline(["QNOTIFY", "10"]);
      await untilWaiting(other.port, 1, queue);
      await producer.call("QLPUSH", queue, "1", "x");
      expect(await consumer.next()).toEqual(Buffer.from(queue));
    }
  }, 60_000);
});
