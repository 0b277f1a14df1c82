// Empties a Redis Cluster between two tests.
import { shards } from "../../src/stores/redis/shards.ts";
import type { Cluster } from "./redis-cluster.ts";

/**
 * Notes that the queues of an older okq have been moved: to look for them takes three requests to
 * each shard, which is most of a start. Tests of upgrades do not use this.
 */
export async function emptyCluster({ nodes }: Cluster): Promise<void> {
  await Promise.all(nodes.map(({ redis }) => redis.flushall()));
  await nodes[0]!.redis.hset(`${shards[0]!.tag}:queues`, "state", "done");
}
