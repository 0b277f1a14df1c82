// A master of a Redis Cluster is killed, and its replica takes over.
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { eventually } from "../support/eventually.ts";
import type { Cluster, ClusterNode } from "../support/redis-cluster.ts";

/** The server with the queue's slot. */
export function ownerOf(cluster: Cluster, queue: string): Promise<ClusterNode> {
  return cluster.ownerOf(shards[shardOf(Buffer.from(queue))]!.slot);
}

/** Resolves when another master has the slot of the queue. */
export async function takenOver(cluster: Cluster, queue: string, from: ClusterNode): Promise<void> {
  await eventually(async () => (await ownerOf(cluster, queue)) !== from, {
    timeoutMs: 60_000,
    message: "another master takes over",
  });
  await cluster.healed();
}

/** Resolves when all replicas are in sync, so that the next failover loses nothing. */
export async function inSync({ nodes }: Cluster): Promise<void> {
  const isInSync = async ({ redis }: ClusterNode) => {
    const info = await redis.info("replication");
    return /master_link_status:up/.test(info) || /slave0:.*state=online/.test(info);
  };
  await eventually(async () => (await Promise.all(nodes.map(isInSync))).every(Boolean), {
    timeoutMs: 60_000,
    message: "all replicas are in sync",
  });
}
