// Opens a store on a Redis Cluster for a test, with a clock that only the test moves.
import { systemClock } from "../../src/queue/clock.ts";
import { INFIXES } from "../../src/stores/redis/keys.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { shardOf, SHARDS, shards } from "../../src/stores/redis/shards.ts";
import { emptyCluster } from "../support/empty-cluster.ts";
import type { Cluster } from "../support/redis-cluster.ts";
import type { StoreUnderTest } from "./contract.ts";
import { Heard } from "./heard.ts";
import { heardBy, ignoredCallbacks, startHearing, targetOf } from "./redis-targets.ts";

/** On a busy machine a tick in all shards takes longer than okq waits for it. */
const TICK_MS_MAX = 30_000;

/**
 * Empties the cluster. A batch is retried for timeoutMs, by default longer than any test. aheadMs:
 * see openOnRedis.
 */
export async function openOnCluster(
  cluster: Cluster,
  timeoutMs = 600_000,
  aheadMs = 0,
): Promise<StoreUnderTest> {
  await emptyCluster(cluster);
  let [nowMs, skippedMs] = [1_700_000_000_000, 0];
  const heard = new Heard();
  const ready: StoreUnderTest["ready"] = [];
  const { address, port } = cluster.nodes[0]!;
  const store = await RedisStore.open({
    target: targetOf({ mode: "cluster", nodes: [{ host: address, port }], timeoutMs }),
    poolSize: 1,
    onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
    ...ignoredCallbacks,
    ...heardBy(heard),
    now: () => nowMs,
    tickMsMax: TICK_MS_MAX,
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + skippedMs },
  });
  return {
    store,
    ready,
    hear: () => startHearing(heard, store),
    parts: SHARDS,
    nowMs: () => nowMs,
    advance(ms) {
      nowMs += ms;
      skippedMs += aheadMs;
    },
    async setRefusing(queue, isRefusing) {
      const { tag, slot } = shards[shardOf(Buffer.from(queue, "latin1"))]!;
      const key = Buffer.from(`${tag}${INFIXES.EVENTS}${queue}`, "latin1");
      const { redis } = await cluster.ownerOf(slot);
      await (isRefusing ? redis.set(key, "of another type") : redis.del(key));
    },
    close: () => store.close(),
  };
}

/** Names of queues in different slots. */
export function queuesApart(count: number): string[] {
  const found = new Map<number, string>();
  for (let n = 0; found.size < count; n++) found.set(shardOf(Buffer.from(`q${n}`)), `q${n}`);
  return [...found.values()];
}
