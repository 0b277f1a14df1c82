// Two okq processes on one Redis: each does what is due in time, whichever of them caused it.
import { expect, test } from "bun:test";
import { Consumers } from "../../src/queue/consumers.ts";
import { systemClock } from "../../src/queue/clock.ts";
import { Housekeeper } from "../../src/queue/housekeeper.ts";
import { Endings } from "../../src/queue/endings.ts";
import { Readers } from "../../src/queue/readers.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { WaitingNotes } from "../../src/queue/waiting-notes.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { ignoredCallbacks, openRedisCaller, openTimedRedis, targetOf } from "./redis-targets.ts";

const LEASE_MS = 600;

test("an okq requeues an event when its lease ends that another okq popped", async () => {
  const server = await startRedis();
  closeAfterTest(server);
  const nodes = [{ host: "127.0.0.1", port: server.port }];
  const store = await openWithHousekeeper(nodes);
  const other = await openRedisCaller({ nodes });
  closeAfterTest(other.under);
  const calls = async () => {
    const stats = await server.redis.info("commandstats");
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const serverMs = async () => {
    const [seconds, micros] = await server.redis.time();
    return Number(seconds) * 1000 + Number(micros) / 1000;
  };
  await other.push("q", "1");
  await eventually(() => store.dueInMs() === Infinity, { message: "it has looked everywhere" });
  const poppedAtMs = await serverMs();
  await other.pop("q", LEASE_MS);
  await eventually(() => store.dueInMs() < Infinity, { message: "it heard of the lease" });
  const callsBefore = await calls();
  const ready = async () => (await server.redis.zcard("{okq}:2:front:q")) > 0;
  await eventually(ready, { message: "the event is ready again" });
  expect(await serverMs()).toBeGreaterThanOrEqual(poppedAtMs + LEASE_MS - 1);
  // Nothing else asked Redis, and it did not ask before the time.
  expect((await calls()) - callsBefore).toBe(1);
});

async function openWithHousekeeper(nodes: { host: string; port: number }[]): Promise<RedisStore> {
  let housekeeper: Housekeeper | null = null;
  const store = await RedisStore.open({
    target: targetOf({ nodes }),
    poolSize: 1,
    onReady() {},
    onDue: () => housekeeper?.wake(),
    ...ignoredCallbacks,
  });
  await store.watch([], "ready");
  const clock = systemClock;
  const waiters = new Waiters(clock);
  const consumers = new Consumers(store, () => {});
  housekeeper = new Housekeeper({
    store,
    consumers,
    waiters,
    readers: new Readers(clock),
    endings: new Endings(clock),
    waitingNotes: new WaitingNotes(undefined, clock, () => []),
    reporter: { renew: async () => {}, clear: async () => {} },
    counting: { send: async () => {} },
    clock,
    onRound() {},
    onSkipped() {},
  });
  closeAfterTest({ close: async () => (housekeeper?.stop(), await store.close()) });
  return store;
}

test("leases end although the key of the sweep has another type", async () => {
  const server = await startTestRedis();
  const nowMs = 1_700_000_000_000;
  const caller = new LifeCaller(closeAfterTest(await openTimedRedis(server.port, { nowMs })));
  await server.redis.set("{okq}:2:sweep", "of another type");
  await caller.push("q", "1");
  expect(await caller.pop("q", 1000)).toBe("1");
  caller.under.advance(1000);
  expect(await caller.reclaim()).toBe(1);
});
