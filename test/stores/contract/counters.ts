// Counters: what counts them down, and the event at their end.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { CounterPage, InitOutcome } from "../../../src/queue/counters.ts";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { type LifeCaller, type Options, optionsOf, refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

export const KEY = "the \x00 key\xff";
/** Members of the counter KEY of the queue c. In a cluster it is in the shard of c@1 and c@2. */
export const member: Options = { part: ["c", KEY] };

interface Init {
  key?: string;
  ttlMs?: number;
  /** The contents of the event at its end. */
  event?: string | null;
  options?: Options;
}

export function init(
  store: LifeCaller,
  count: number,
  { key = KEY, ttlMs, event = "joined", options }: Init = {},
): Promise<InitOutcome> {
  const pushed = {
    contents: bytesOf(event ?? ""),
    end: options?.end ?? "left",
    options: options ? optionsOf(options) : null,
  } as const;
  return store.submit({
    kind: "initCounter",
    queue: bytesOf("c"),
    key: bytesOf(key),
    count,
    ttlMs: ttlMs ?? null,
    event: event === null ? null : pushed,
  });
}

function named(key: string) {
  return { queue: bytesOf("c"), key: bytesOf(key) };
}

export function done(store: LifeCaller, name: string, key = KEY): Promise<number | null> {
  return store.submit({ kind: "countDown", ...named(key), member: bytesOf(name) });
}

export function left(store: LifeCaller, key = KEY): Promise<number | null> {
  return store.submit({ kind: "getCounter", ...named(key) });
}

export async function list(store: LifeCaller, limit = 100): Promise<[string, number, number][]> {
  const found: [string, number, number][] = [];
  for (let after: Buffer | null = null; ;) {
    const page: CounterPage = await store.submit({
      kind: "listCounters",
      queue: bytesOf("c"),
      after,
      limit,
    });
    expect(page.counters.length).toBeLessThanOrEqual(limit);
    for (const { key, left: count, sinceMs } of page.counters) {
      found.push([textOf(key), count, sinceMs]);
    }
    after = page.next;
    if (!after) return found;
  }
}

export async function restartAll(store: LifeCaller): Promise<void> {
  for (const restart of restartsOf(store)) await restart();
}

export function counters(check: Check): void {
  check("a counter counts each member once, and pushes its event at 0", async (store) => {
    const options: Options = { headers: [["a", "b\xff"]], attemptsMax: 3, ttlMs: 60_000 };
    expect(await init(store, 3, { event: "joined \xff\x00", options })).toBe("ok");
    expect(await left(store)).toBe(3);
    expect(await done(store, "a")).toBe(2);
    expect(await done(store, "a")).toBe(2);
    await restartAll(store);
    expect(await done(store, "a")).toBe(2);
    expect(await done(store, "\xff\x00")).toBe(1);
    expect(await left(store)).toBe(1);
    expect(await store.counts("c")).toEqual({});
    store.advance(10);
    await restartAll(store);
    expect(await done(store, "c")).toBe(0);
    expect(await left(store)).toBeNull();
    expect(await done(store, "c")).toBeNull();
    await restartAll(store);
    expect(await done(store, "d")).toBeNull();
    expect(await store.mustGet("c", KEY)).toMatchObject({
      state: "ready",
      contents: bytesOf("joined \xff\x00"),
      pushedAtMs: store.nowMs - 0,
      attemptsMax: 3,
      expiresAtMs: store.nowMs + 60_000,
    });
    expect((await store.mustClaim("c")).headers).toEqual([["a", "b\xff"]]);
    expect(await store.counts("c")).toEqual({ claimed: 1 });
  });

  check("a counter without an event only counts, and may be made again", async (store) => {
    for (let round = 0; round < 2; round++) {
      expect(await init(store, 2, { event: null })).toBe("ok");
      expect(await done(store, "a")).toBe(1);
      expect(await done(store, "b")).toBe(0);
      expect(await store.counts("c")).toEqual({});
      expect(await store.list()).toEqual([]);
    }
    expect(await done(store, "a")).toBeNull();
    expect(await init(store, 1, { key: "" })).toBe("ok");
    expect(await done(store, "", "")).toBe(0);
    expect(await store.ids("c", "ready")).toEqual([""]);
  });

  check("a counter is made again with the same, before it has counted", async (store) => {
    const options: Options = { headers: [["a", "b"]] };
    expect(await init(store, 2, { options })).toBe("ok");
    expect(await init(store, 2, { options })).toBe("ok");
    await restartAll(store);
    expect(await init(store, 2, { options })).toBe("ok");
    expect(await init(store, 3, { options })).toBe("there");
    expect(await init(store, 2)).toBe("there");
    expect(await init(store, 2, { options, event: "other" })).toBe("there");
    expect(await init(store, 2, { event: null })).toBe("there");
    expect(await init(store, 2, { options: { ...options, end: "right" } })).toBe("there");
    expect(await done(store, "a")).toBe(1);
    expect(await init(store, 2, { options })).toBe("there");
    expect(await left(store)).toBe(1);
  });

  check("a counter is gone with its TTL, and its event never comes", async (store) => {
    await init(store, 2, { ttlMs: 1000 });
    await done(store, "a");
    store.advance(999);
    await store.reclaim();
    expect(await left(store)).toBe(1);
    expect(await store.list()).toEqual([["c", 0, 0, 0]]);
    await restartAll(store);
    store.advance(1);
    expect(await left(store)).toBeNull();
    expect(await done(store, "b")).toBeNull();
    await store.reclaim();
    expect(await list(store)).toEqual([]);
    expect(await store.list()).toEqual([]);
    await init(store, 2, { ttlMs: 1000 });
    store.advance(900);
    // It begins anew.
    await init(store, 2, { ttlMs: 1000 });
    store.advance(900);
    expect(await left(store)).toBe(2);
    store.advance(100);
    // Before a tick has come to it.
    expect(await init(store, 3)).toBe("ok");
    await store.reclaim();
    expect(await left(store)).toBe(3);
  });

  check("a counter can be removed, and made again", async (store) => {
    const drop = () => store.submit({ kind: "dropCounter", ...named(KEY) });
    await init(store, 2);
    await done(store, "a");
    expect(await drop()).toBe(true);
    expect(await drop()).toBe(false);
    expect(await left(store)).toBeNull();
    await init(store, 2);
    await restartAll(store);
    expect(await done(store, "a")).toBe(1);
    expect(await done(store, "b")).toBe(0);
  });

  check("the list of counters has all of them, page by page", async (store) => {
    const keys = ["a", "b", "\xff", "aa", "", "a\x00"].toSorted();
    const since = store.nowMs;
    for (const key of keys) await init(store, 9, { key });
    await done(store, "x", "b");
    const all = keys.map((key): [string, number, number] => [key, key === "b" ? 8 : 9, since]);
    expect(await list(store)).toEqual(all);
    expect(await list(store, 2)).toEqual(all);
    await restartAll(store);
    expect(await list(store, 1)).toEqual(all);
  });

  check("counters stay when their queue is flushed, and keep it in being", async (store) => {
    await init(store, 2);
    await done(store, "a");
    await store.push("c", "1");
    await store.flush("c");
    await restartAll(store);
    expect(await store.list()).toEqual([["c", 0, 0, 0]]);
    await store.push("c", "1");
    await store.pop("c", 0);
    await store.reclaim();
    expect(await store.list()).toEqual([["c", 0, 0, 0]]);
    expect(await done(store, "a")).toBe(1);
    expect(await done(store, "b")).toBe(0);
    expect(await store.ids("c", "ready")).toEqual([KEY]);
  });

  check("if the id of its event is taken, the event there stays", async (store) => {
    await init(store, 1);
    await store.push("c", KEY);
    await store.configure("c", { "max-length": "1" });
    await store.pause("c", ["in"]);
    expect(await done(store, "a")).toBe(0);
    expect(await store.popEvent("c", 0)).toEqual([KEY, `contents of ${KEY}`]);
    expect(await left(store)).toBeNull();
  });

  check("nothing is counted while its queue does not take its event", async (store) => {
    await init(store, 2);
    await store.pushWith("c@1", "1", member);
    await done(store, "a");
    const refusals = async () => [
      await refusalOf(done(store.another(), "b")),
      await refusalOf(store.another().ack("c@1", "1")),
      await refusalOf(
        store.another().submit({
          kind: "ackBatch",
          queue: bytesOf("c@1"),
          claims: [{ id: bytesOf("1"), token: null }],
        }),
      ),
    ];
    await store.pause("c", ["in"]);
    expect(await refusalOf(store.another().claim("c@1", 0))).toBe("PAUSED c");
    expect(await refusalOf(store.another().pop("c@1", 0))).toBe("PAUSED c");
    expect(await refusalOf(store.another().claimBatch(["c@1"], 2, 0))).toBe("PAUSED c");
    await store.pop("c@1");
    expect(await refusals()).toEqual(["PAUSED c", "PAUSED c", "PAUSED c"]);
    await store.resume("c", ["in"]);
    await store.configure("c", { "max-length": "1" });
    await store.push("c", "1");
    expect(await refusals()).toEqual(["QUEUEFULL c", "QUEUEFULL c", "QUEUEFULL c"]);
    expect(await left(store)).toBe(1);
    expect(await store.counts("c@1")).toEqual({ claimed: 1 });
    expect(await done(store, "a")).toBe(1);
    await store.pop("c", 0);
    expect(await store.ack("c@1", "1")).toBe(true);
    expect(await left(store)).toBeNull();
    expect(await store.ids("c", "ready")).toEqual([KEY]);
  });

  check("what a client sent behind a refused acknowledgement is not done", async (store) => {
    await init(store, 1);
    await store.pushWith("c@1", "1", member);
    await store.push("c@1", "2");
    await store.push("c@1", "3");
    await store.pause("c", ["in"]);
    for (let pops = 0; pops < 3; pops++) await store.pop("c@1");
    const other = store.another();
    const outcomes = await Promise.all([
      refusalOf(store.ack("c@1", "1")),
      other.ack("c@1", "3"),
      refusalOf(store.ack("c@1", "2")),
    ]);
    expect(outcomes).toEqual(["PAUSED c", true, "after a failure"]);
    expect(await store.counts("c@1")).toEqual({ claimed: 2 });
  });

  check("children that report again and again bring a counter to 0 once", async (store) => {
    await init(store, 50);
    const names = Array.from({ length: 50 }, (_, at) => `child ${at}`);
    const reports = await Promise.all(
      [...names, ...names, ...names].map((name) => done(store, name)),
    );
    expect(reports.filter((count) => count === 0)).toHaveLength(1);
    expect(await store.counts("c")).toEqual({ ready: 1 });
  });
}
