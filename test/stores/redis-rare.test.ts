// Which queues the small scripts leave to larger ones: see plain/rare.lua.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import type { Redis } from "ioredis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openTimedRedis } from "./redis-targets.ts";

async function open() {
  const server = await startRedis();
  closeAfterTest(server);
  const caller = new LifeCaller(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 }));
  closeAfterTest(caller.under);
  return { caller, redis: server.redis };
}

async function isRare(redis: Redis): Promise<boolean> {
  return (await redis.sismember("{okq}:2:rare", "q")) === 1;
}

const late = {
  "max-attempts": "3",
  "max-crashes": "3",
  backoff: "fixed 1",
  "crash-backoff": "fixed 1",
  "failed-to": "dead",
  "keep-failed": "10",
  "on-expire": "fail",
};
const early = {
  lease: "5",
  ttl: "60",
  "max-length": "10",
  "max-claimed": "1",
  "group-limit": "2",
  rate: "10/1",
  "group-rate": "10/1",
  "keep-completed": "10",
  "dedupe-window": "10",
  "bound-only": "yes",
};

test.each(Object.entries(late))("%s leaves a queue to the small scripts", async (name, value) => {
  const { caller, redis } = await open();
  await caller.configure("q", { [name]: value });
  expect(await isRare(redis)).toBe(false);
  await caller.push("q", "1");
  const claim = await caller.mustClaim("q");
  expect(await isRare(redis)).toBe(false);
  await caller.fail("q", claim);
  expect(await isRare(redis)).toBe(true);
});

test.each(Object.entries(early))("%s needs a larger one", async (name, value) => {
  const { caller, redis } = await open();
  await caller.configure("q", { [name]: value });
  expect(await isRare(redis)).toBe(true);
  await caller.configure("q", { [name]: null });
  expect(await isRare(redis)).toBe(false);
});

test("a queue of which only a setting is left is not forgotten", async () => {
  const { caller, redis } = await open();
  await caller.configure("q", { backoff: "fixed 1" });
  await caller.push("q", "1");
  await caller.ackClaim("q", await caller.mustClaim("q"));
  expect(await redis.zscore("{okq}:2:queues", "q")).toBe("0");
  await caller.configure("q", { backoff: null });
  expect(await redis.zscore("{okq}:2:queues", "q")).toBeNull();
});
