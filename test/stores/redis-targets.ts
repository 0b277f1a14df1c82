// What a Redis store of a test is opened with, without what a test does not care about.
import type { RedisTarget } from "../../src/stores/redis/target.ts";

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

/** What a store has to say to a person, where nobody listens. */
export const unheard = { onState() {}, onReplicas() {}, onRefusal() {}, onPolicy() {} };
