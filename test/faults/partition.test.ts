// Parts of a network cannot reach each other: packets vanish, and no connection is reset. No
// answered change that replicas received is lost, and okq soon serves again.
import { describe, expect, test } from "bun:test";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { eventually, lasting } from "../support/eventually.ts";
import {
  canUseNamespaces,
  type Host,
  skipReason,
  startNetwork,
} from "../support/network-namespaces.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import { timeoutFor } from "./rounds.ts";
import { Trial } from "./trial.ts";

/** Long enough for the other side to elect its own master. */
const PARTITION_MS = 4_000;
const SPREAD = { queues: ["a", "b", "c", "d", "e", "f"], producers: 6, consumers: 6 };

function newMaster({ ownerOf }: Cluster, isIt: (address: string) => boolean): Promise<unknown> {
  const slots = SPREAD.queues.map((queue) => shards[shardOf(Buffer.from(queue))]!.slot);
  return eventually(
    async () => {
      const owners = await Promise.all(slots.map(ownerOf));
      return owners.every(({ address }) => isIt(address));
    },
    { timeoutMs: 60_000, message: "masters that can be reached have all slots" },
  );
}

/** Resolves when every master has its replica again, as --redis-wait needs it. */
async function inSync({ nodes }: Cluster): Promise<void> {
  const isInSync = async ({ redis }: RedisServer) => {
    const info = await redis.info("replication");
    return /master_link_status:up/.test(info) || /slave0:.*state=online/.test(info);
  };
  await eventually(async () => (await Promise.all(nodes.map(isInSync))).every(Boolean), {
    timeoutMs: 60_000,
    message: "all replicas are in sync",
  });
}

async function startOn(machines: Host[], name: string): Promise<[Cluster, Trial]> {
  const cluster = await startCluster({ masters: 3, replicasEach: 1, machines });
  const redisAddr = cluster.nodes.map(({ address, port }) => `${address}:${port}`).join(",");
  const config = { redisAddr, redisCluster: true, redisWait: 1, redisWaitTimeout: 300 };
  return [cluster, await Trial.start(name, config, SPREAD)];
}

describe.skipIf(!canUseNamespaces())(`in a network that breaks${skipReason()}`, () => {
  test(
    "okq uses the new master after a cluster replaces an unreachable one",
    async () => {
      const network = startNetwork();
      const hosts = Array.from({ length: 6 }, () => network.host());
      const [cluster, trial] = await startOn(hosts, "Cluster, master cut off, wait 1");
      network.cut(hosts[0]!);
      await newMaster(cluster, (address) => address !== hosts[0]!.address);
      // Until the old master is back as a replica, the new master has none.
      network.join(hosts[0]!);
      await cluster.healed();
      await trial.recovers();
      await inSync(cluster);
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(30_000),
  );

  test(
    "a cluster's master cut off together with okq confirms no change that is lost later",
    async () => {
      const network = startNetwork();
      const near = { address: network.address, command: (argv: string[]) => argv } as Host;
      const far = network.host();
      const [cluster, trial] = await startOn(
        [near, far, far, far, far, far],
        "Cluster, cut off with okq, wait 1",
      );
      network.cut(far);
      await trial.fails(20);
      await lasting(PARTITION_MS);
      network.join(far);
      await newMaster(cluster, (address) => address === far.address);
      await cluster.healed();
      await trial.recovers();
      await inSync(cluster);
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(30_000),
  );

  test(
    "okq leaves a master that is cut off together with a Sentinel once there is a new master",
    async () => {
      const network = startNetwork();
      const hosts = [network.host(), network.host(), network.host()];
      const group = await startSentinelGroup({
        replicas: 2,
        machines: hosts,
        sentinelMachines: hosts,
      });
      const addresses = group.sentinelServers.map(({ address, port }) => `${address}:${port}`);
      const config = { redisSentinelAddr: addresses.join(","), redisWait: 1 };
      const trial = await Trial.start("Sentinel, master and Sentinel cut off, wait 1", config);
      const master = await group.master();
      const host = hosts.find(({ address }) => address === master.address)!;
      network.cut(host);
      await group.promoted(master.port);
      await trial.recovers();
      network.join(host);
      await group.synced(group.servers.length - 1);
      await trial.recovers();
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(30_000),
  );
});
