// Opens a store on a redis-server for a test, with a clock that only the test moves.
import { systemClock } from "../../src/queue/clock.ts";
import type { ReadyListener } from "../../src/queue/store.ts";
import { INFIXES, TAG } from "../../src/stores/redis/keys.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import type { RedisServer } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { Heard } from "./heard.ts";
import { heardBy, ignoredCallbacks, startHearing, targetOf } from "./redis-targets.ts";

/** By then a store has forgotten which queues need a larger script. */
export const FORGOTTEN_MS = 61_000;

/** On a busy machine the largest operations take longer than the default of okq. */
const LATE_MS = 30_000;

/**
 * Empties the server. aheadMs: how much further the clock by which the store measures waits goes
 * whenever the time advances; nothing may be in flight then.
 */
export async function openOnRedis(
  server: RedisServer,
  poolSize = 2,
  onReady: ReadyListener = () => {},
  aheadMs = 0,
): Promise<StoreUnderTest> {
  await server.redis.flushall();
  let [nowMs, skippedMs] = [1_700_000_000_000, 0];
  const heard = new Heard();
  const ready: StoreUnderTest["ready"] = [];
  const store = await RedisStore.open({
    target: targetOf({ nodes: [{ host: "127.0.0.1", port: server.port }], timeoutMs: LATE_MS }),
    poolSize,
    onReady: (queue, count) => {
      ready.push([queue.toString("latin1"), count]);
      onReady(queue, count);
    },
    ...ignoredCallbacks,
    ...heardBy(heard),
    now: () => nowMs,
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + skippedMs },
  });
  return {
    store,
    ready,
    hear: () => startHearing(heard, store),
    nowMs: () => nowMs,
    advance(ms) {
      nowMs += ms;
      skippedMs += aheadMs;
    },
    async setRefusing(queue, isRefusing) {
      const key = Buffer.from(`${TAG}${INFIXES.EVENTS}${queue}`, "latin1");
      await (isRefusing ? server.redis.set(key, "of another type") : server.redis.del(key));
    },
    close: () => store.close(),
  };
}
