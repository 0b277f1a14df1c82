// Sets in Redis: what they leave behind, how the small scripts notice them, and what happens where
// Redis has no memory or keys are not as okq made them.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { StoreError } from "../../src/queue/errors.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { membersOf, setAdd, setDrop, setRemove, setsOf } from "./contract/set-caller.ts";
import { openTimedRedis } from "./redis-targets.ts";

async function open(args: string[] = []) {
  const server = await startRedis({ args });
  closeAfterTest(server);
  const { redis } = server;
  const clock = { nowMs: 1_700_000_000_000 };
  const caller = new LifeCaller(await openTimedRedis(server.port, clock));
  closeAfterTest(caller.under);
  return { caller, redis, another: () => openTimedRedis(server.port, clock) };
}

const failureOf = (asked: Promise<unknown>) =>
  asked.then(
    () => "none",
    (error: unknown) => (error instanceof StoreError ? error.message : String(error)),
  );

test("a set that is gone leaves no key behind", async () => {
  const { caller, redis } = await open();
  const before = await redis.keys("*");
  for (const end of [setRemove("s", "a", "b"), setDrop("s")]) {
    await caller.submit(setAdd("s", "a", "b"));
    expect(await redis.keys("{okq}:2:set*")).toHaveLength(2);
    await caller.submit(end);
    expect((await redis.keys("*")).toSorted()).toEqual(before.toSorted());
  }
});

test("its name is rare as long as it is there, also while it has events", async () => {
  const { caller, redis } = await open();
  const isRare = async () => (await redis.sismember("{okq}:2:rare", "s")) === 1;
  await caller.submit(setAdd("s", "a"));
  expect(await isRare()).toBe(true);
  await caller.push("s", "1");
  await caller.pushWith("s", "2", { priority: 3 });
  await caller.pushWith("s", "3", { group: "g" });
  expect(await isRare()).toBe(true);
  expect(await redis.sismember("{okq}:2:ordered", "s")).toBe(0);
  await caller.drain("s");
  expect(await isRare()).toBe(true);
  await caller.submit(setRemove("s", "a"));
  expect(await isRare()).toBe(false);
  // With events of groups it is a name of the middle script then.
  await caller.submit(setAdd("s", "a"));
  await caller.pushWith("s", "4", { group: "g" });
  await caller.submit(setDrop("s"));
  expect([await isRare(), await redis.sismember("{okq}:2:ordered", "s")]).toEqual([true, 1]);
});

test("a full Redis refuses additions, and no removals", async () => {
  const { caller, redis } = await open(["--maxmemory-policy", "noeviction"]);
  await caller.submit(setAdd("s", "a", "b"));
  await caller.submit(setAdd("t", "a"));
  await redis.config("SET", "maxmemory", "1mb");
  const [add, remove, drop] = [
    failureOf(caller.submit(setAdd("s", "c"))),
    caller.another().submit(setRemove("s", "a")),
    caller.another().submit(setDrop("t")),
  ];
  expect(await add).toStartWith("OOM ");
  expect([await remove, await drop]).toEqual([1, true]);
  await redis.config("SET", "maxmemory", "0");
  expect([await setsOf(caller), await membersOf(caller, "s")]).toEqual([["s"], ["b"]]);
});

test("nothing is done where another program has given keys of sets another type", async () => {
  const { caller, redis } = await open();
  await caller.submit(setAdd("s", "a"));
  await redis.set("{okq}:2:set:other", "text");
  for (const operation of [setAdd("other", "x"), setRemove("other", "x")]) {
    expect(await failureOf(caller.submit(operation))).toStartWith("WRONGTYPE ");
  }
  expect(await setsOf(caller)).toEqual(["s"]);
  expect(await caller.submit(setDrop("other"))).toBe(true);
  expect(await caller.submit(setAdd("other", "x"))).toBe(1);
  await redis.del("{okq}:2:sets");
  await redis.set("{okq}:2:sets", "text");
  expect(await failureOf(caller.submit(setAdd("new", "x")))).toStartWith("WRONGTYPE ");
  expect(await failureOf(caller.submit(setRemove("s", "a")))).toStartWith("WRONGTYPE ");
  expect(await failureOf(caller.submit(setDrop("s")))).toStartWith("WRONGTYPE ");
  expect(await redis.exists("{okq}:2:set:new")).toBe(0);
  expect(await membersOf(caller, "s")).toEqual(["a"]);
});

test("a set whose key was deleted is gone, and its name is free again", async () => {
  const { caller, redis } = await open();
  await caller.submit(setAdd("s", "a"));
  await redis.del("{okq}:2:set:s");
  expect(await membersOf(caller, "s")).toEqual([]);
  expect(await caller.submit(setRemove("s", "a"))).toBe(0);
  expect(await setsOf(caller)).toEqual([]);
  expect(await redis.exists("{okq}:2:rare")).toBe(0);
});
