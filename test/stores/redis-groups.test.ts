// Groups and rates on Redis: over several okq, with many groups, and where another program meddles.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { lastingKeys, openTimedRedis } from "./redis-targets.ts";
import { watchScripts } from "./watched-scripts.ts";

async function open(stores = 1) {
  const server = await startRedis();
  closeAfterTest(server);
  const clock = { nowMs: 1_700_000_000_000 };
  const callers: LifeCaller[] = [];
  for (let at = 0; at < stores; at++) {
    const caller = new LifeCaller(await openTimedRedis(server.port, clock));
    closeAfterTest(caller.under);
    callers.push(caller);
  }
  return { callers, caller: callers[0]!, redis: server.redis, server, clock };
}

describe("several okq on one Redis", () => {
  test("hand out the events of a group in their order, one at a time", async () => {
    const { callers, redis } = await open(2);
    const [a, b] = callers as [LifeCaller, LifeCaller];
    for (let at = 0; at < 6; at++) {
      await callers[at % 2]!.pushWith("q", `a${at}`, { group: "a" });
      await callers[at % 2]!.pushWith("q", `b${at}`, { group: "b" });
    }
    const out: string[] = [];
    for (let at = 0; at < 6; at++) {
      const claims = [await a.mustClaim("q"), await b.mustClaim("q")];
      expect(await a.claim("q")).toBeNull();
      out.push(...claims.map(({ id }) => id));
      for (const claim of claims) expect(await b.ackClaim("q", claim)).toBe(true);
    }
    expect(out.filter((id) => id.startsWith("a"))).toEqual(["a0", "a1", "a2", "a3", "a4", "a5"]);
    expect(out.filter((id) => id.startsWith("b"))).toEqual(["b0", "b1", "b2", "b3", "b4", "b5"]);
    expect((await lastingKeys(redis)).filter((key) => key.includes(":q"))).toEqual([]);
  });

  test("share one rate", async () => {
    const { callers, clock } = await open(2);
    const [a, b] = callers as [LifeCaller, LifeCaller];
    await a.configure("q", { rate: "3/1", "group-rate": "2/10", "group-limit": "0" });
    for (let at = 0; at < 4; at++) await a.pushWith("q", `${at}`, { group: "g" });
    await a.pushAll("q", ["plain", "more"]);
    const ids = [];
    for (const caller of [a, b, b, a, b]) ids.push((await caller.claim("q"))?.id);
    expect(ids.slice(3)).toEqual([undefined, undefined]);
    clock.nowMs += 1000;
    await b.reclaim();
    expect((await b.claimBatch(["q"], 9)).length + (await a.claimBatch(["q"], 9)).length).toBe(1);
    expect((await a.group("q", "g")).ready).toBe(2);
  });
});

test("nothing is left of a group that was named and never there", async () => {
  const { caller, redis } = await open();
  await caller.pushAll("q", ["1", "2"]);
  await caller.resume("q", ["out"], null, "never");
  await caller.setGroup("q", "never", { limit: null });
  const ofGroups = (await lastingKeys(redis)).filter((key) => /(groups|turns|grouped):q/.test(key));
  expect(ofGroups).toEqual([]);
  expect(await caller.drain("q")).toEqual(["1", "2"]);
  expect((await lastingKeys(redis)).filter((key) => key.includes(":q"))).toEqual([]);
});

test("a clock that is set back leaves groups their turns", async () => {
  const { caller, clock } = await open();
  await caller.configure("q", { "group-limit": "2" });
  const push = (group: string) => caller.pushWith("q", null, { group, contents: group });
  for (const group of ["a", "b", "a", "b", "a", "b", "a", "b"]) await push(group);
  const next = async () => (await caller.mustClaim("q")).contents;
  const held = [];
  for (let at = 0; at < 4; at++) held.push(await caller.mustClaim("q"));
  clock.nowMs -= 3600_000;
  for (let at = 0; at < 3; at++) await push("c");
  expect([await next(), await next()]).toEqual(["c", "c"]);
  await push("d");
  for (const claim of held) await caller.ackClaim("q", claim);
  await push("");
  expect([await next(), await next(), await next()].toSorted()).toEqual(["a", "b", "d"]);
});

const GROUPS = 5000;

describe("many groups", () => {
  test("a pop, a changed limit and a tick look at few of those that are held back", async () => {
    const { caller, server } = await open();
    await caller.configure("q", { "group-limit": "2" });
    for (let from = 0; from < GROUPS; from += 500) {
      const names = Array.from({ length: 500 }, (_, at) => `${from + at}`);
      const pushes = names.flatMap((group) =>
        [0, 1].map(() => caller.pushWith("q", null, { group })),
      );
      await Promise.all(pushes);
    }
    const claims = [];
    while (claims.length < GROUPS) claims.push(...(await caller.claimBatch(["q"], 1000)));
    const watched = await watchScripts(server);
    await caller.configure("q", { "group-limit": "1" });
    expect(await caller.claim("q")).toBeNull();
    const once = await watched.look();
    expect([once.calls < 1000, once.values < 10_000]).toEqual([true, true]);
    await caller.configure("q", { "group-limit": "2" });
    for (let ticks = 0; ticks < 500 && (await caller.reclaim()) > 0; ticks++);
    expect((await watched.look()).calls).toBeLessThan(1000);
    const second = [];
    while (second.length < GROUPS) second.push(...(await caller.claimBatch(["q"], 1000)));
    expect(await caller.claim("q")).toBeNull();
  });

  test("one group with many events costs a pop what one with few does", async () => {
    const { caller, server } = await open();
    for (let from = 0; from < 10_000; from += 1000) {
      await caller.pushBatch("q", Array(1000).fill(null), { group: "large", contents: "" });
    }
    await caller.pushWith("q", "1", { group: "small" });
    const watched = await watchScripts(server);
    expect(await caller.claimBatch(["q"], 9)).toHaveLength(2);
    expect((await watched.look()).calls).toBeLessThan(100);
  });
});

describe("another program", () => {
  const lines = ["groups", "grouped", "turns", "looks", "ranked"];
  const parts = [...lines, "more", "places", "group-rates", "claims"];

  test.each(parts)("that removes %s breaks no command", async (part) => {
    const { caller, redis } = await open();
    await caller.configure("q", { "group-rate": "5/1", backoff: "fixed 1" });
    for (const id of ["a1", "a2", "b1", "b2"]) {
      await caller.pushWith("q", id, { group: id[0]!, priority: 3 });
    }
    await caller.pushWith("q", "high", { priority: 5 });
    const claims = await caller.claimBatch(["q"], 2);
    await redis.unlink(`{okq}:2:${part}:q`);
    for (const claim of claims) await caller.fail("q", claim);
    caller.advance(1000);
    for (let ticks = 0; ticks < 5; ticks++) await caller.reclaim();
    await caller.pushWith("q", "a3", { group: "a" });
    await caller.claimBatch(["q"], 10);
    await caller.peek("q");
    await caller.ids("q", "ready");
    await caller.groups("q");
    await caller.group("q", "a");
    await caller.remove("q", ["a1", "a2", "b1", "b2", "high", "a3"]);
    await caller.flush("q");
    await caller.pushWith("q", "new", { group: "a" });
    expect(await caller.drain("q")).toEqual(["new"]);
  });

  test.each(["groups", "grouped", "turns", "places"])(
    "that writes %s breaks no other queue",
    async (part) => {
      const { caller, redis } = await open();
      await redis.set(`{okq}:2:${part}:q`, "of another type");
      await expect(caller.pushWith("q", "1", { group: "a" })).rejects.toThrow();
      await caller.pushWith("r", "1", { group: "a" });
      await caller.reclaim();
      expect(await caller.drain("r")).toEqual(["1"]);
      await caller.flush("q").catch(() => {});
    },
  );
});
