// Queues that have priorities and groups, and nothing else, on Redis: the script "ordered" serves
// them. What it does in each order is in the comparison with the reference store.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { bytesOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { FORGOTTEN_MS, openOnRedis } from "./open-redis.ts";
import { lastingKeys, openTimedRedis } from "./redis-targets.ts";
import { watchLevels } from "./watched-scripts.ts";

async function open() {
  const server = closeAfterTest(await startRedis());
  const under = closeAfterTest(await openOnRedis(server, 1, () => {}, FORGOTTEN_MS));
  return { caller: new LifeCaller(under), server, redis: server.redis };
}

/** What is left of the queue q, and the names of queues that need larger scripts. */
async function leftOf(redis: Awaited<ReturnType<typeof open>>["redis"]): Promise<string[]> {
  return (await lastingKeys(redis)).filter((key) => /:(q|rare|ordered)$/.test(key));
}

describe("which script serves a queue", () => {
  test("with groups and priorities only: ordered, also again after a failure", async () => {
    const { caller, server } = await open();
    const watched = await watchLevels(server);
    const push = () => caller.pushWith("q", null, { group: "a", priority: 3 });
    await push();
    await caller.pushAll("q", ["1", "2"]);
    await caller.pushBatch("q", ["3", "4"], { group: "b" });
    expect(await watched.look()).not.toContain("life");
    for (let at = 0; at < 2; at++) {
      await caller.ackClaim("q", await caller.mustClaim("q"));
      await caller.ready("q");
    }
    await push();
    await caller.claimBatch(["q"], 1);
    expect(new Set(await watched.look())).toEqual(new Set(["ordered"]));

    const failed = await caller.mustClaim("q");
    await caller.fail("q", failed, { afterMs: 0 });
    await push();
    expect((await watched.look()).at(-1)).toBe("life");
    while (await caller.claim("q").then((claim) => claim && caller.ackClaim("q", claim)));
    // Its failure is noted with it.
    for (let at = 0; at < 3; at++) await push();
    // The store asks the smaller scripts again.
    caller.advance(1);
    await push();
    await caller.mustClaim("q");
    await push();
    expect((await watched.look()).at(-1)).toBe("ordered");
  });

  test("without any that are left: the plain ones", async () => {
    const { caller, server, redis } = await open();
    await caller.pushWith("q", "high", { priority: 3 });
    await caller.pushWith("q", "1", { group: "a" });
    for (const claim of await caller.claimBatch(["q"], 2)) await caller.ackClaim("q", claim);
    expect(await leftOf(redis)).toEqual([]);
    caller.advance(1);
    const watched = await watchLevels(server);
    await caller.push("q", "2");
    expect(await watched.look()).toEqual(["plain"]);
  });
});

test("two okq, of which one uses a larger script, keep the order and the turns", async () => {
  const server = closeAfterTest(await startRedis());
  const clock = { nowMs: 1_700_000_000_000 };
  const another = async () =>
    new LifeCaller(closeAfterTest(await openTimedRedis(server.port, clock)));
  const [a, b] = [await another(), await another()];
  const watched = await watchLevels(server);
  await a.pushWith("q", "failing", { priority: 9 });
  await a.fail("q", await a.mustClaim("q"), { afterMs: 0 });
  await a.ackClaim("q", await a.mustClaim("q"));
  await watched.look();
  const groups = ["a", "b", "c"];
  for (let at = 0; at < 18; at++) {
    clock.nowMs += 1;
    const group = groups[at % 3]!;
    await [a, b][at % 2]!.pushWith("q", `${group}${Math.floor(at / 3)}`, { group, priority: at });
  }
  expect(new Set(await watched.look())).toEqual(new Set(["life", "ordered"]));
  const out: string[] = [];
  for (let at = 0; at < 18; at += 3) {
    const claims = [];
    for (const each of [0, 1, 2]) {
      clock.nowMs += 1;
      claims.push(await [a, b][(at + each) % 2]!.mustClaim("q"));
    }
    expect(await b.claim("q")).toBeNull();
    out.push(...claims.map(({ id }) => id));
    for (const [each, claim] of claims.entries()) {
      expect(await [b, a][each % 2]!.ackClaim("q", claim)).toBe(true);
    }
  }
  expect(out).toEqual(
    Array.from({ length: 18 }, (_, at) => `${groups[at % 3]}${Math.floor(at / 3)}`),
  );
  expect(await leftOf(server.redis)).toEqual([]);
});

test("a pop and the end of its claim in one batch tell that the group can go again", async () => {
  const { caller } = await open();
  await caller.pushWith("q", "1", { group: "a" });
  await caller.pushWith("q", "2", { group: "a" });
  const before = caller.reportedReady("q");
  await Promise.all([caller.pop("q"), caller.ack("q", "1")]);
  expect(caller.reportedReady("q") - before).toBe(1);
  expect(await caller.pop("q")).toBe("2");
});

test("pops with several leases in one batch can be undone", async () => {
  const { caller } = await open();
  for (const group of ["a", "b", "c", "d"]) await caller.pushWith("q", group, { group });
  const claimant = bytesOf("process 7 worker");
  const pops = [1000, 2000, 2000, 3000].map((leaseMs) =>
    caller.submit({ kind: "pop", queue: bytesOf("q"), leaseMs, claimant }),
  );
  for (const popped of (await Promise.all(pops)).toReversed()) {
    expect(await caller.unpop("q", popped)).toBe(true);
  }
  expect((await caller.claimBatch(["q"], 9)).map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
});

test("delayed events of a group are counted, and one that was claimed holds it", async () => {
  const { caller, server, redis } = await open();
  await caller.pushWith("q", "late", { group: "a", start: { afterMs: 60_000 } });
  await caller.pushWith("q", "1", { group: "a" });
  await caller.redoClaim("q", await caller.mustClaim("q"), { afterMs: 30_000 });
  caller.advance(1);
  const watched = await watchLevels(server);
  await caller.pushWith("q", "2", { group: "a" });
  expect(await caller.claim("q")).toBeNull();
  expect((await watched.look()).at(-1)).toBe("ordered");
  expect(await caller.group("q", "a")).toMatchObject({ ready: 1, claimed: 0, delayed: 2 });
  caller.advance(30_000);
  await caller.reclaim();
  for (const id of ["1", "2"]) {
    const claim = await caller.mustClaim("q");
    expect(claim.id).toBe(id);
    await caller.ackClaim("q", claim);
  }
  expect(await caller.group("q", "a")).toMatchObject({ ready: 0, claimed: 0, delayed: 1 });
  caller.advance(30_000);
  await caller.reclaim();
  await caller.ackClaim("q", await caller.mustClaim("q"));
  expect(await leftOf(redis)).toEqual([]);
});

test("a batch of many events, of which some are there twice", async () => {
  const { caller, redis } = await open();
  const ids = Array.from({ length: 1000 }, (_, at) => `${at % 990}`);
  await caller.pushBatch("q", ids, { group: "g", priority: -999 });
  expect((await caller.group("q", "g")).ready).toBe(990);
  await caller.pushBatch("q", Array(1000).fill(null), { priority: 999 });
  const claims = await caller.claimBatch(["q"], 1000);
  expect(claims).toHaveLength(1000);
  for (const claim of claims) await caller.ackClaim("q", claim);
  let left = 1990 - claims.length;
  while (left > 0) {
    const [claim] = await caller.claimBatch(["q"], 1);
    if (left > 900) expect(claim!.id).not.toBe("");
    await caller.ackClaim("q", claim!);
    left -= 1;
  }
  expect(await leftOf(redis)).toEqual([]);
});

test("a queue is ready while a group in it can go, or an event has a priority", async () => {
  const { caller } = await open();
  await caller.pushWith("q", "1", { group: "a" });
  expect(await caller.ready("q")).toBe("q");
  const claim = await caller.mustClaim("q");
  await caller.pushWith("q", "2", { group: "a" });
  expect(await caller.ready("q")).toBeNull();
  await caller.ackClaim("q", claim);
  expect(await caller.ready("q")).toBe("q");
  await caller.mustClaim("q");
  expect(await caller.ready("q")).toBeNull();
  await caller.pushWith("q", "low", { priority: -1 });
  expect(await caller.ready("q")).toBe("q");
});

describe("nothing is left of a queue", () => {
  test.each([
    ["acknowledge", (caller: LifeCaller) => caller.ack("q", "1")],
    ["remove", (caller: LifeCaller) => caller.remove("q", ["1"])],
    ["flush", (caller: LifeCaller) => caller.flush("q")],
    ["pop without a lease", (caller: LifeCaller) => caller.pop("q", 0)],
  ])("whose last event had a group: %s", async (name, end) => {
    const { caller, redis } = await open();
    await caller.pushWith("q", "1", { group: "a", priority: 2 });
    if (name === "acknowledge") await caller.mustClaim("q");
    expect(await leftOf(redis)).not.toEqual([]);
    await end(caller);
    expect(await leftOf(redis)).toEqual([]);
  });
});

test("a batch that ends by its bytes takes no turn of a group without events in it", async () => {
  const { caller } = await open();
  const names = Array.from({ length: 600 }, (_, at) => `${at}`);
  const contents = "x".repeat(2000);
  for (const round of [1, 2]) {
    await Promise.all(
      names.map((group) => caller.pushWith("q", `${group}-${round}`, { group, contents })),
    );
  }
  const first = await caller.claimBatch(["q"], 1000);
  const second = await caller.claimBatch(["q"], 1000);
  expect(first.length).toBeLessThan(600);
  expect([...first, ...second].map(({ id }) => id)).toEqual(names.map((name) => `${name}-1`));
  for (const claim of [...first, ...second]) await caller.ackClaim("q", claim);
  const others = (await caller.claimBatch(["q"], 500)).map(({ id }) => id);
  expect(others).toEqual(names.slice(0, others.length).map((name) => `${name}-2`));
});

/** All that is in the keys of the queue q, whatever the order in which it was written. */
async function shownOf(redis: Awaited<ReturnType<typeof open>>["redis"]): Promise<unknown[]> {
  const pairs = async (command: string, ...args: string[]) => {
    const flat = (await redis.callBuffer(command, ...args)) as Buffer[];
    const texts = flat.map((each) => each.toString("latin1"));
    const all = texts.map((text, at) => `${text} ${texts[at + 1]}`);
    return all.filter((_, at) => at % 2 === 0).toSorted();
  };
  const contents = async (key: string): Promise<unknown> => {
    const type = await redis.type(key);
    if (type === "hash") return await pairs("HGETALL", key);
    if (type === "zset") return await pairs("ZRANGE", key, "0", "-1", "WITHSCORES");
    return type === "list" ? await redis.lrange(key, 0, -1) : await redis.get(key);
  };
  const keys = (await redis.keys("{okq}*:q")).toSorted();
  return await Promise.all(keys.map(async (key) => [key, await contents(key)]));
}

describe("another program", () => {
  const parts = ["groups", "grouped", "turns", "ranked", "places", "front"];

  test.each(parts)("that removes %s holds back nothing that is pushed later", async (part) => {
    const { caller, redis } = await open();
    for (const id of ["a1", "a2", "b1", "b2"]) {
      await caller.pushWith("q", id, { group: id[0]! });
    }
    await caller.pushWith("q", "high", { priority: 5 });
    await caller.push("q", "right", "right");
    const claims = await caller.claimBatch(["q"], 2);
    await redis.unlink(`{okq}:2:${part}:q`);
    const out = [...claims];
    const end = async () => {
      for (const claim of out.splice(0)) expect(await caller.ackClaim("q", claim)).toBe(true);
      out.push(...(await caller.claimBatch(["q"], 10)));
    };
    await end();
    // Without places nobody knows of which group the claimed events are.
    const later = part === "places" ? ["c3"] : ["a3", "b3", "c3"];
    for (const id of later) await caller.pushWith("q", id, { group: id[0]! });
    await caller.pushWith("q", "higher", { priority: 6 });
    const seen = new Set<string>();
    for (let round = 0; round < 6; round++) {
      for (const { id } of out) seen.add(id);
      await end();
    }
    for (const { id } of out) seen.add(id);
    expect([...seen]).toEqual(expect.arrayContaining([...later, "higher"]));
  });

  const types = ["ready", "front", "events", "claimed", "claims"];

  test.each([...types, ...parts.filter((part) => part !== "front")])(
    "that writes %s: what is refused has changed nothing",
    async (part) => {
      const { caller, redis } = await open();
      for (const id of ["a1", "a2", "b1"]) await caller.pushWith("q", id, { group: id[0]! });
      await caller.pushWith("q", "high", { priority: 5 });
      await caller.push("q", "plain");
      await caller.push("q", "right", "right");
      const claims = await caller.claimBatch(["q"], 3, 10_000);
      const key = `{okq}:2:${part}:q`;
      const shown = () => shownOf(redis);
      const there = (await redis.exists(key)) === 1;
      if (there) await redis.rename(key, "aside:q");
      await redis.set(key, "of another type");
      const operations = [
        () => caller.pushWith("q", "new", { group: "a" }),
        () => caller.pushWith("q", null, { group: "new" }),
        () => caller.pushWith("q", null, { priority: 3 }),
        () => caller.pushBatch("q", ["new 1", "new 2"], { group: "c" }),
        () => caller.push("q", "newer"),
        () => caller.pushWith("q", null),
        () => caller.ackClaim("q", claims[0]!),
        () => caller.claim("q"),
        () => caller.pop("q"),
        () => caller.claimBatch(["q"], 9),
      ];
      let refused = 0;
      for (const [at, operation] of operations.entries()) {
        const before = await shown();
        const failure = await operation().then(
          () => null,
          (error: unknown) => error,
        );
        if (!failure) continue;
        refused += 1;
        expect([at, await shown()]).toEqual([at, before]);
      }
      expect(refused).toBeGreaterThan(0);
    },
  );

  test("that writes ranked of one queue takes no events of another from a batch", async () => {
    const { caller, redis } = await open();
    for (const queue of ["a", "q"]) {
      await caller.pushWith(queue, `${queue}1`, { group: "g" });
      await caller.pushWith(queue, `${queue}2`, { priority: 3 });
    }
    await redis.set("{okq}:2:groups:q", "of another type");
    const claims = await caller.claimBatch(["a", "q"], 9);
    expect(claims.map(({ id }) => id)).toEqual(["a2", "a1"]);
    await expect(caller.claimBatch(["q", "a"], 9)).rejects.toThrow("WRONGTYPE");
  });
});
