// Options of a Redis store for tests, with defaults, and a store with them.
import type { Redis } from "ioredis";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import type { RedisTarget } from "../../src/stores/redis/target.ts";
import type { StoreUnderTest } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { Heard } from "./heard.ts";

export function targetOf(target: Partial<RedisTarget>): RedisTarget {
  return {
    mode: "single",
    nodes: [],
    path: null,
    group: "master",
    db: 0,
    username: null,
    password: null,
    sentinelUsername: null,
    sentinelPassword: null,
    tls: null,
    waitReplicas: 0,
    waitTimeoutMs: 1000,
    timeoutMs: 5000,
    ...target,
  };
}

/** Callbacks that ignore changes in the state of the store. */
export const ignoredCallbacks = {
  onState() {},
  onReplicas() {},
  onRefusal() {},
  onPolicy() {},
  onUpgrade() {},
};

/** Callbacks that note reports. */
export function heardBy({ observer, note }: Heard) {
  return { observer, onReport: note };
}

export async function startHearing(heard: Heard, store: RedisStore): Promise<Heard> {
  await store.reports.leave("of somebody who listens");
  heard.isOn = true;
  return heard;
}

/** The keys without an expiry, but those that keep an older okq away. */
export async function lastingKeys(redis: Redis): Promise<string[]> {
  const keys = (await redis.keys("*")).filter((key) => !/^\{[^}]*\}:(queues|deadlines)$/.test(key));
  const lifetimes = await Promise.all(keys.map((key) => redis.pttl(key)));
  return keys.filter((_, at) => lifetimes[at] === -1);
}

/** A store with one connection, which goes by the clock of Redis. */
export async function openRedisCaller(target: Partial<RedisTarget>): Promise<Caller> {
  const heard = new Heard();
  const callbacks = { onReady() {}, ...ignoredCallbacks, ...heardBy(heard) };
  const options = { target: targetOf(target), poolSize: 1, ...callbacks };
  const store = await RedisStore.open(options);
  return new Caller({
    store,
    ready: [],
    hear: () => startHearing(heard, store),
    nowMs: () => Date.now(),
    advance() {},
    setRefusing: () => Promise.resolve(),
    close: () => store.close(),
  });
}

/** A store on the Redis at that port, with `clock` instead of the time of the server. */
export async function openTimedRedis(
  port: number,
  clock: { nowMs: number },
): Promise<StoreUnderTest> {
  const heard = new Heard();
  const store = await RedisStore.open({
    target: targetOf({ nodes: [{ host: "127.0.0.1", port }] }),
    poolSize: 1,
    onReady() {},
    ...ignoredCallbacks,
    ...heardBy(heard),
    now: () => clock.nowMs,
  });
  return {
    store,
    ready: [],
    hear: () => startHearing(heard, store),
    nowMs: () => clock.nowMs,
    advance: (ms) => (clock.nowMs += ms),
    setRefusing: () => Promise.resolve(),
    close: () => store.close(),
  };
}
