// What belongs together stays together while another Redis takes over: the order within groups, an
// acknowledgement and the next push in one transaction, counters and the events at their end. With
// --redis-wait 1 a master under Sentinel, or of a cluster, is killed under all three loads.
// oxlint-disable no-await-in-loop -- one failover after the other
import { expect, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { shardOf } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import { inSync, ownerOf, takenOver } from "./cluster-failover.ts";
import { CounterLoad } from "./counter-load.ts";
import { GroupLoad } from "./group-load.ts";
import { HandOver, IN } from "./handover.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

const COUNTERS = 40 * (1 + rounds);
const EVENTS = 300 * (2 + rounds);

interface Fault {
  /** Kills a master; resolves when another one has taken over. */
  kill(): Promise<void>;
  /** Starts the killed server; resolves when it is a replica. */
  restore(): Promise<void>;
}

interface Setup {
  config: Partial<Config>;
  queues: string[];
  fault: Fault;
}

async function underSentinel(): Promise<Setup> {
  const group = await startSentinelGroup({ replicas: 2 });
  const redisSentinelAddr = group.sentinels.map((port) => `127.0.0.1:${port}`).join(",");
  let killed = await group.master();
  return {
    config: { redisSentinelAddr, redisWait: 1 },
    queues: ["groups"],
    fault: {
      async kill() {
        killed = await group.master();
        await killed.kill();
        await group.promoted(killed.port);
      },
      async restore() {
        // A master that is back before the end of the failover would keep the other replica.
        await group.synced(1);
        await killed.start();
        await group.synced(2);
      },
    },
  };
}

/** The killed master has all queues but one. */
async function inCluster(): Promise<Setup> {
  const cluster = await startCluster({ masters: 3, replicasEach: 1 });
  const far = (queue: string) =>
    (shardOf(Buffer.from(queue)) + 32) % 64 === shardOf(Buffer.from(IN));
  const other = Array.from({ length: 10_000 }, (_, n) => `groups-${n}`).find(far)!;
  let killed = await ownerOf(cluster, IN);
  return {
    config: {
      redisAddr: `127.0.0.1:${cluster.nodes[0]!.port}`,
      redisCluster: true,
      redisWait: 1,
      redisWaitTimeout: 300,
    },
    queues: ["groups{1}", other],
    fault: {
      async kill() {
        killed = await ownerOf(cluster, IN);
        await killed.kill();
        await takenOver(cluster, IN, killed);
      },
      async restore() {
        await killed.start();
        await inSync(cluster);
      },
    },
  };
}

test.each([
  ["under Sentinel", underSentinel],
  ["in a cluster", inCluster],
])(
  "groups, transactions and counters go on where they were, %s",
  async (name, open) => {
    const random = randomOf(`failover ${name}`);
    const { config, queues, fault } = await open();
    const start = () => startTestOkq({ store: "", ...config });
    const okqs = [await start(), await start()];
    const port = (client: number) => okqs[client % 2]!.port;
    const groups = closeAfterTest(new GroupLoad({ port, random, queues }));
    const handOver = closeAfterTest(await HandOver.start(port(0), EVENTS));
    const counters = closeAfterTest(
      await CounterLoad.start({ port, random, queue: "counters{1}", counters: COUNTERS }),
    );
    const loads = [groups, handOver, counters];
    const progress = (count: number) => Promise.all(loads.map((load) => load.progress(count)));
    for (let round = 0; round < rounds; round++) {
      // All loads are under way when the master is killed.
      const during = progress(60);
      await groups.progress(random(1, 30));
      await fault.kill();
      if (name === "under Sentinel") await during;
      await fault.restore();
      await during;
    }
    const totals = await groups.settle(port(0));
    for (const [at, each] of totals.entries()) report(`groups ${name}: ${queues[at]}`, each);
    const handedOver = await handOver.settle();
    report(`hand over ${name}`, handedOver);
    const counted = await counters.settle();
    report(`counters ${name}`, counted);
    for (const { turnsChecked } of totals) expect(turnsChecked).toBeGreaterThan(20);
    expect(handedOver.done).toBeGreaterThan(60 * rounds);
    expect(counted.zeros).toBeGreaterThan(0);
  },
  timeoutFor(60_000),
);
