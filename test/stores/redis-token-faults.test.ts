// Redis refuses a part of a pop with tokens, or of a push with made ids: every event stays whole.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { TAG } from "../../src/stores/redis/keys.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { lastingKeys, openTimedRedis } from "./redis-targets.ts";

let server: RedisServer;
let caller: LifeCaller;

beforeEach(async () => {
  server = await startRedis();
  caller = new LifeCaller(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 }));
});

afterEach(async () => {
  await caller.under.close();
  await server.close();
});

const keyOf = (name: string) => `${TAG}:2:${name}`;

/** A key of another type stands in its place until that is done. */
async function without<T>(name: string, run: () => Promise<T>): Promise<T> {
  await server.redis.set(keyOf(name), "of another type");
  const result = await run();
  await server.redis.del(keyOf(name));
  return result;
}

const claimAll = (leases: (number | null)[]) =>
  Promise.allSettled(leases.map((lease) => caller.another().claim("q", lease)));

test.each(["timers", "counter", "claims:q", "claimed:q"])(
  "events go back to their places where a claim cannot be noted in %s",
  async (name) => {
    await caller.pushAll("q", ["1", "2", "3"]);
    await caller.push("q", "0", "right");
    const settled = await without(name, () => claimAll([null, null, null]));
    expect(settled.map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    expect(await caller.counts("q")).toEqual({ ready: 4 });
    expect(await server.redis.exists(keyOf("claims:q"))).toBe(0);
    const helds = await caller.claimBatch(["q"], 9);
    expect(helds.map(({ id }) => id)).toEqual(["0", "1", "2", "3"]);
  },
);

test("events that were popped before such a failure are handed out", async () => {
  await caller.pushAll("q", ["1", "2", "3"]);
  const settled = await without("claims:q", () => claimAll([0, null, 0]));
  expect(settled.map((each) => each.status === "fulfilled" && each.value?.id)).toEqual([
    "1",
    undefined,
    undefined,
  ]);
  expect(await caller.counts("q")).toEqual({ ready: 2 });
});

test("a pop of several queues hands out the events before a queue that fails", async () => {
  await caller.pushAll("q", ["1", "2"]);
  await caller.push("r", "3");
  const helds = await without("claims:r", () => caller.claimBatch(["q", "r"], 9));
  expect(helds.map(({ id }) => id)).toEqual(["1", "2"]);
  expect(await caller.counts("r")).toEqual({ ready: 1 });
  const failed = without("claims:r", () => caller.claimBatch(["r", "q"], 9).catch(String));
  expect(await failed).toContain("WRONGTYPE");
  expect(await caller.counts("r")).toEqual({ ready: 1 });
});

test.each(["counter", "retrying:q"])(
  "an event of a queue with settings stays in its state where the key %s has another type",
  async (name) => {
    await caller.configure("q", { backoff: "fixed 5", "keep-completed": "1" });
    await caller.pushAll("q", ["1", "2"]);
    const held = await caller.mustClaim("q");
    await expect(without(name, () => caller.claim("q"))).rejects.toThrow("WRONGTYPE");
    await expect(without(name, () => caller.fail("q", held))).rejects.toThrow("WRONGTYPE");
    expect(await caller.counts("q")).toEqual({ ready: 1, claimed: 1 });
  },
);

test("events go back where Redis does not let okq note the claims", async () => {
  await caller.pushAll("q", ["1", "2"]);
  await server.redis.call("ACL", "SETUSER", "default", "-hset");
  await expect(caller.claim("q")).rejects.toThrow();
  await expect(caller.claimBatch(["q"], 2)).rejects.toThrow();
  await server.redis.call("ACL", "SETUSER", "default", "+hset");
  expect((await caller.claimBatch(["q"], 9)).map(({ id }) => id)).toEqual(["1", "2"]);
});

test.each(["ready:q", "queues"])(
  "a push with a made id leaves nothing behind where it cannot be noted in %s",
  async (name) => {
    const pushes = () => Promise.allSettled([1, 2].map(() => caller.another().pushWith("q", null)));
    const settled = await without(name, pushes);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await lastingKeys(server.redis)).toEqual([keyOf("counter")]);
  },
);
