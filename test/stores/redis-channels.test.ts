// An okq process is subscribed to the channels of the queues that it watches, and to no others.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { TestClock } from "../support/test-clock.ts";
import { Caller } from "./contract/caller.ts";
import { ignoredCallbacks, openRedisCaller, targetOf } from "./redis-targets.ts";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

const bytes = (name: string) => Buffer.from(name, "latin1");

/** A store, what it was told, and another one on the same Redis. */
async function openTwo() {
  const clock = new TestClock();
  const told: string[] = [];
  const target = { nodes: [{ host: "127.0.0.1", port: server.port }] };
  const store = await RedisStore.open({
    target: targetOf(target),
    poolSize: 1,
    clock,
    ...ignoredCallbacks,
    onReady: (queue, count) => told.push(`${queue.toString("latin1")} ${count} ready`),
    onEnded: (queue) => told.push(`${queue.toString("latin1")} ended`),
  });
  const other: Caller = await openRedisCaller(target);
  closeAfterTest({ close: () => Promise.all([store.close(), other.under.close()]) });
  return { clock, told, store, other };
}

async function subscribers(channel: string): Promise<number> {
  return Number((await server.redis.pubsub("NUMSUB", bytes(channel)))[1]);
}

test("hears of the queues that it watches, and of no others", async () => {
  const { told, store, other } = await openTwo();
  await store.watch(["some", "\xff any*"].map(bytes), "ready");
  await other.push("unheard", "1");
  await other.push("\xff any*", "1");
  await other.push("some", "1");
  await other.push("some", "2");
  await other.pop("some");
  await other.ack("some", "1");
  await store.watch([bytes("some")], "ended");
  await other.pop("some");
  await other.ack("some", "2");
  await eventuallyEqual(
    () => told,
    ["\xff any* 1 ready", "some 1 ready", "some 1 ready", "some ended"],
  );
  expect(await subscribers("{okq}:ready:0:unheard")).toBe(0);
});

test("leaves the channels that it has not asked for in half a minute", async () => {
  const { clock, store } = await openTwo();
  await store.watch([bytes("left"), bytes("kept")], "ready");
  clock.advance(29_000);
  await store.watch([bytes("kept")], "ready");
  expect(await subscribers("{okq}:ready:0:left")).toBe(1);
  clock.advance(12_000);
  await store.watch([], "ready");
  await eventually(async () => (await subscribers("{okq}:ready:0:left")) === 0);
  expect(await subscribers("{okq}:ready:0:kept")).toBe(1);
  await store.watch([bytes("left")], "ready");
  expect(await subscribers("{okq}:ready:0:left")).toBe(1);
});

test("hears of the same queues on its next connection", async () => {
  const { told, store, other } = await openTwo();
  await store.watch([bytes("again")], "ready");
  await server.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  await eventually(async () => (await subscribers("{okq}:ready:0:again")) === 1);
  await other.push("again", "1");
  await eventuallyEqual(() => told, ["again 1 ready"]);
});

test("subscribes to a bounded number of channels", async () => {
  const { clock, store } = await openTwo();
  const names = Array.from({ length: 65_600 }, (_, n) => bytes(`many ${n}`));
  await store.watch(names, "ready");
  const channels = () => server.redis.pubsub("CHANNELS", "{okq}:ready:0:many *");
  expect(await channels()).toHaveLength(65_536);
  // Of those that it knows it goes on hearing, and leaves others for new ones.
  clock.advance(29_000);
  await store.watch([names[65_599]!, names[65_535]!], "ready");
  clock.advance(12_000);
  await store.watch([], "ready");
  await eventuallyEqual(channels, ["{okq}:ready:0:many 65535"]);
  await store.watch([names[65_599]!], "ready");
  expect(await subscribers("{okq}:ready:0:many 65599")).toBe(1);
});
