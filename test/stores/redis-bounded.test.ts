// However many events a setting concerns, one operation moves few of them: a script holds up Redis.
import { expect, test } from "bun:test";
import type { EventPage } from "../../src/queue/management.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openTimedRedis } from "./redis-targets.ts";

const COUNT = 2000;

async function openCaller(): Promise<LifeCaller> {
  return (await open()).caller;
}

async function open() {
  const server = await startRedis();
  closeAfterTest(server);
  const clock = { nowMs: 1_700_000_000_000 };
  const caller = new LifeCaller(await openTimedRedis(server.port, clock));
  closeAfterTest(caller.under);
  return { caller, redis: server.redis };
}

async function fill(caller: LifeCaller): Promise<void> {
  for (let at = 0; at < COUNT; at += 500) await caller.pushBatch("q", Array(500).fill(null));
}

test("a pop passes over few events that have expired, and the next ones go on", async () => {
  const caller = await openCaller();
  await fill(caller);
  caller.advance(5000);
  await caller.push("q", "fresh");
  await caller.configure("q", { ttl: "1", "on-expire": "fail", "failed-to": "dead" });
  expect(await caller.pop("q")).toBeNull();
  const { ready } = await caller.counts("q");
  expect(ready).toBeWithin(COUNT / 2, COUNT + 1);
  let popped: string | null = null;
  for (let pops = 0; pops < 10 && popped === null; pops++) popped = await caller.pop("q");
  expect(popped).toBe("fresh");
  expect(await caller.counts("dead")).toEqual({ ready: COUNT });
});

test("a push drops few of the events that are too many, and the next ones go on", async () => {
  const caller = await openCaller();
  await fill(caller);
  await caller.configure("q", { "max-length": "10", "on-full": "drop-oldest" });
  await caller.push("q", "1");
  expect((await caller.counts("q")).ready).toBeWithin(COUNT / 2, COUNT);
  for (let pushes = 0; pushes < 30; pushes++) await caller.push("q", `more ${pushes}`);
  expect(await caller.counts("q")).toEqual({ ready: 10 });
});

test("a failure removes few of the failed events that are too many", async () => {
  const caller = await openCaller();
  await fill(caller);
  await caller.configure("q", { "max-attempts": "1" });
  const held = await caller.claimBatch(["q"], 1000);
  await Promise.all(held.slice(0, 999).map((claim) => caller.fail("q", claim)));
  await caller.configure("q", { "keep-failed": "10" });
  await caller.fail("q", held[999]!);
  expect((await caller.counts("q")).failed).toBeWithin(500, 1000);
});

test("pushes read nothing of paused workers", async () => {
  const { caller, redis } = await open();
  const pauses = Array.from({ length: 100 }, (_, at) =>
    caller.pause("q", ["out"], { worker: `worker ${at}` }),
  );
  await Promise.all(pauses);
  await caller.push("q", "1");
  expect(await redis.exists("{okq}:2:config:q")).toBe(0);
  expect(await redis.zcard("{okq}:2:paused-workers:q")).toBe(100);
  expect(await caller.claim("q", 1000, "worker 5")).toBeNull();
});

test("a tick goes on with the reviews of a queue without a pause", async () => {
  const { caller, redis } = await open();
  await fill(caller);
  await caller.configure("q", { ttl: "60" });
  let ticks = 1;
  while ((await caller.reclaim(500)) >= 500) ticks++;
  expect(ticks).toBeGreaterThan(2);
  expect(await redis.zcard("{okq}:2:expires:q")).toBe(COUNT);
});

/** Pushes and removes so many events behind those that are there, some ids again and again. */
async function pushAndRemove(caller: LifeCaller, count: number, name = ""): Promise<void> {
  for (let at = 0; at < count; at += 500) {
    const ids = Array.from({ length: 500 }, (_, n) => `${name}${(at + n) % 700}`);
    await caller.pushBatch("q", ids);
    await caller.remove("q", ids);
  }
}

test("removed events leave no ids behind, although an event before them stays", async () => {
  const { caller, redis } = await open();
  await caller.pushAll("q", ["first"]);
  await pushAndRemove(caller, 1500);
  await caller.pushAll("q", ["1", "second"]);
  await pushAndRemove(caller, 5000, "other ");
  await caller.pushAll("q", ["third"]);
  expect(await redis.llen("{okq}:2:ready:q")).toBeLessThan(2000);
  expect(await caller.counts("q")).toEqual({ ready: 4 });
  expect(await caller.ids("q", "ready")).toEqual(["first", "1", "second", "third"]);
  expect(await caller.drain("q")).toEqual(["first", "1", "second", "third"]);
  expect(await caller.list()).toEqual([]);
});

test("a scan misses no event when most of those before it are removed meanwhile", async () => {
  const caller = await openCaller();
  await caller.push("q", "first");
  for (let at = 0; at < 3000; at += 500) {
    await caller.pushBatch(
      "q",
      Array.from({ length: 500 }, (_, n) => `${at + n}`),
    );
  }
  await caller.pushAll("q", ["a", "b", "c"]);
  const seen: string[] = [];
  let after: Buffer | null = null;
  do {
    const page: EventPage = await caller.scanPage("q", "ready", after, { limit: 500 });
    const ids = page.events.map(({ id }) => id.toString());
    seen.push(...ids);
    await caller.remove(
      "q",
      ids.filter((id) => /^[0-9]/.test(id)),
    );
    after = page.next;
  } while (after !== null);
  expect(seen).toEqual(expect.arrayContaining(["first", "0", "2999", "a", "b", "c"]));
  expect(await caller.ids("q", "ready")).toEqual(["first", "a", "b", "c"]);
});
