// Upgrades: a new okq finds what an okq of the first layout left in Redis, or goes on to use.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { Caller } from "./contract/caller.ts";
import { openRedisCaller, openTimedRedis } from "./redis-targets.ts";
import { everythingIn } from "./upgrade/everything-in.ts";
import { FirstOkq } from "./upgrade/first-okq.ts";

const START_MS = 1_700_000_000_000;

let server: RedisServer;
const clock = { nowMs: START_MS };

beforeAll(async () => {
  server = await startRedis();
});

beforeEach(async () => {
  clock.nowMs = START_MS;
  await server.redis.flushall();
});

afterAll(() => server.close());

/** A new okq, with a test clock instead of the server's. */
async function openNew(): Promise<Caller> {
  const under = await openTimedRedis(server.port, clock);
  closeAfterTest(under.store);
  return new Caller(under);
}

function openFirst(): FirstOkq {
  return new FirstOkq(server.redis, "{okq}", clock.nowMs);
}

const contentsOf = (id: string) => `contents of ${id}`;
const events = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, contentsOf(id)]));

test("keeps events, claims and the whole order of a queue", async () => {
  const first = openFirst();
  await first.push("q", "LEFT", events("1", "2", "3", "4", "5", "6", "7"));
  await first.pop("q", 1000, 2);
  first.nowMs! += 10;
  const { ids, claim } = await first.pop("q", 30_000);
  await first.unpop("q", ids[0]!, 30_000, claim);
  first.nowMs! += 990;
  await first.reclaim();
  await first.push("q", "RIGHT", events("right"));
  await first.push("other", "LEFT", { binary: "\0\xff\r\n", empty: "" });
  // right, then 1 and 2, whose leases ended, then 3, whose pop was undone.
  expect((await first.pop("q", 5000)).ids).toEqual(["right"]);
  expect((await first.pop("q", 30_000)).ids).toEqual(["1"]);
  clock.nowMs = first.nowMs!;
  const caller = await openNew();
  expect(await caller.status("q", "other")).toEqual([
    ["q", 8, 2, 0],
    ["other", 2, 0, 0],
  ]);
  expect(await caller.popEvent("other")).toEqual(["binary", "\0\xff\r\n"]);
  expect(await caller.popEvent("other")).toEqual(["empty", ""]);
  caller.advance(4999);
  expect(await caller.reclaim()).toBe(0);
  caller.advance(1);
  expect(await caller.reclaim()).toBe(1);
  expect(await caller.ack("q", "1")).toBe(true);
  expect(await caller.drain("q")).toEqual(["2", "right", "3", "4", "5", "6", "7"]);
});

test("an empty Redis needs no upgrade, and neither does one that is upgraded", async () => {
  await openNew();
  const before = await everythingIn(server.redis);
  expect(Object.keys(before)).toEqual(["{okq}:deadlines", "{okq}:queues"]);
  const caller = await openNew();
  expect(await everythingIn(server.redis)).toEqual(before);
  await caller.push("q", "1");
  const again = await openNew();
  expect(await again.peek("q")).toBe("1");
});

test("converts the scores in ms of an older version", async () => {
  const first = openFirst();
  await first.push("q", "LEFT", events("pushed", "pushed later"));
  // Those versions added 2 ** 38 to the claim of an event when its pop was undone.
  const front = {
    "right 2": -(START_MS - 1),
    "right 1": -(START_MS - 2),
    "popped 2": START_MS - 900,
    "popped 4": START_MS - 700,
    "pop undone": 2 ** 38 + START_MS - 600,
  };
  const claimed = {
    "popped 1": START_MS - 1000 + 1 / 2048 + 5000,
    "popped 3": START_MS - 800 + 5000,
    "usual lease": START_MS - 28_000 + 30_000,
  };
  for (const [key, scores] of Object.entries({ front, claimed })) {
    for (const [id, score] of Object.entries(scores)) {
      await server.redis.hset("{okq}:events:q", id, "x");
      await server.redis.zadd(`{okq}:${key}:q`, score, id);
    }
  }
  await server.redis.hset("{okq}:leases:q", "popped 1", 5000, "popped 3", 5000);
  // A version in between noted this one in ticks, too late by far.
  await server.redis.zadd("{okq}:deadlines", (START_MS + 4000) * 2048, "q");
  const caller = await openNew();
  await caller.push("q", "right 3", "right");
  caller.advance(1999);
  expect(await caller.reclaim()).toBe(0);
  caller.advance(1);
  expect(await caller.reclaim()).toBe(1);
  caller.advance(2200);
  while ((await caller.reclaim(2)) > 0);
  expect(await caller.drain("q")).toEqual(
    ["right 3", "right 2", "right 1"].concat(
      ["usual lease", "popped 1", "popped 2", "popped 3", "popped 4"],
      ["pop undone", "pushed", "pushed later"],
    ),
  );
});

test("leases expire on time if the clock of Redis starts in 1970", async () => {
  clock.nowMs = 60_000;
  const first = openFirst();
  await first.push("q", "LEFT", events("1"));
  await first.pop("q", 1000);
  const caller = await openNew();
  caller.advance(999);
  expect(await caller.reclaim()).toBe(0);
  caller.advance(1);
  expect(await caller.reclaim()).toBe(1);
  expect(await caller.drain("q")).toEqual(["1"]);
});

test("an okq of the first layout that goes on changes nothing, and loses nothing", async () => {
  const first = openFirst();
  await first.push("q", "LEFT", events("claimed", "ready"));
  const { claim } = await first.pop("q", 30_000);
  const caller = await openNew();
  const before = await everythingIn(server.redis);
  const refused = async (call: Promise<unknown>) =>
    expect(await call.catch((error: Error) => error.message)).toContain("WRONGTYPE");
  await refused(first.push("q", "LEFT", events("new", "newer")));
  await refused(first.push("q", "RIGHT", events("new", "newer")));
  await refused(first.push("another", "LEFT", events("new")));
  await refused(first.reclaim());
  await refused(first.register("q", 1));
  expect(await first.pop("q", 30_000)).toMatchObject({ ids: [] });
  expect(await first.pop("q", 0)).toMatchObject({ ids: [] });
  expect(await first.ack("q", "claimed")).toBe(false);
  expect(await first.redo("q", "claimed")).toBe(false);
  expect(await first.unpop("q", "claimed", 30_000, claim)).toBe(false);
  await first.call("q", "flush", "0");
  expect(await everythingIn(server.redis)).toEqual(before);
  expect(await caller.ack("q", "claimed")).toBe(true);
  expect(await caller.drain("q")).toEqual(["ready"]);
});

test("leaves a queue with a key of another type where it is", async () => {
  const first = openFirst();
  await first.push("sound", "LEFT", events("1"));
  await first.push("broken", "LEFT", events("1"));
  await server.redis.set("{okq}:front:broken", "a string");
  const caller = await openNew();
  expect(await caller.list()).toEqual([["sound", 1, 0, 0]]);
  expect(await server.redis.lrange("{okq}:ready:broken", 0, -1)).toEqual(["1"]);
});

test("needs no other rights in Redis than the README lists", async () => {
  const rights = /^ACL SETUSER okq on >PASSWORD (~.*)$/m.exec(await Bun.file("README.md").text())!;
  await openFirst().push("q", "LEFT", { small: "x", large: "y".repeat(100_000) });
  await server.redis.call("ACL", "SETUSER", "okq", "on", ">secret", ...rights[1]!.split(" "));
  const caller = await openRedisCaller({
    nodes: [{ host: "127.0.0.1", port: server.port }],
    username: "okq",
    password: "secret",
  });
  closeAfterTest(caller.under);
  expect(await caller.drain("q")).toEqual(["small", "large"]);
  await server.redis.call("ACL", "DELUSER", "okq");
});

test("without the right RENAME it changes nothing, and says so", async () => {
  await openFirst().push("q", "LEFT", events("1"));
  const before = await everythingIn(server.redis);
  await server.redis.call("ACL", "SETUSER", "default", "-rename");
  const failed = openNew().catch((error: Error) => error.message);
  expect(await failed).toContain("its keys cannot be moved to the layout of this version: ");
  expect(await everythingIn(server.redis)).toEqual(before);
  await server.redis.call("ACL", "SETUSER", "default", "+rename");
  expect(await (await openNew()).drain("q")).toEqual(["1"]);
});

test("moves events when Redis has no memory left", async () => {
  await openFirst().push("q", "LEFT", { ...events("1", "2"), large: "y".repeat(100_000) });
  await server.redis.config("SET", "maxmemory", "1");
  const caller = await openNew();
  expect(await caller.drain("q")).toEqual(["1", "2", "large"]);
  await server.redis.config("SET", "maxmemory", "0");
});
