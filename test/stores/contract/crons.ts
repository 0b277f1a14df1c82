// Cron entries: an event that is pushed at each time of a spec, by one okq of all.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import {
  type CronAt,
  type CronEntry,
  type CronFire,
  type CronOutcome,
  CRONS_MAX,
  isRefused,
} from "../../../src/queue/cron-operations.ts";
import { Duplicate, NO_OPTIONS } from "../../../src/queue/event.ts";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { bind } from "./bound-caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

function set(store: LifeCaller, queue: string, name: string, version = "v1"): Promise<boolean> {
  const definition = bytesOf(`definition of ${name} \xff\x00 ${version}`);
  const entry = { queue: bytesOf(queue), name: bytesOf(name), version, definition };
  return store.submit({ kind: "cronSet", ...entry });
}

function remove(store: LifeCaller, queue: string, name: string): Promise<boolean> {
  return store.submit({ kind: "cronDelete", queue: bytesOf(queue), name: bytesOf(name) });
}

async function entryOf(store: LifeCaller, queue: string, name: string): Promise<CronEntry | null> {
  const found = await store.submit({
    kind: "cronGet",
    queue: bytesOf(queue),
    name: bytesOf(name),
  });
  if (found) expect(found.nowMs).toBe(store.nowMs);
  return found && found.entry;
}

function due(store: LifeCaller, limit = 100): Promise<CronAt[]> {
  const parts = Array.from({ length: store.parts }, (_, part) => part);
  return store.submit({ kind: "cronDue", limit, parts });
}

/** Whether a tick says that entries are due. */
async function hasDueParts(store: LifeCaller): Promise<boolean> {
  const { cronParts } = await store.submit({ kind: "tick", limit: 100, parts: "all" });
  expect(cronParts.length).toBeLessThanOrEqual(1);
  return cronParts.length > 0;
}

async function namesDue(store: LifeCaller): Promise<string[]> {
  return (await due(store)).map(({ entry }) => textOf(entry.name)).toSorted();
}

interface Fired {
  /** Of the event; null: nothing is pushed. */
  id?: string | null;
  version?: string;
  expectedAtMs: number | null;
  nextAtMs: number;
  options?: Partial<typeof NO_OPTIONS>;
}

async function fire(store: LifeCaller, queue: string, name: string, fired: Fired): Promise<string> {
  const { id = null, version = "v1", expectedAtMs, nextAtMs, options } = fired;
  const contents = bytesOf(`contents of ${id}`);
  const given = options ? { ...NO_OPTIONS, ...options } : null;
  const push = id === null ? null : { end: "left", id: bytesOf(id), contents, options: given };
  const outcome: CronOutcome = await store.submit({
    kind: "cronFire",
    queue: bytesOf(queue),
    name: bytesOf(name),
    version,
    expectedAtMs,
    nextAtMs,
    firesAtMs: expectedAtMs ?? 0,
    push,
  } as CronFire);
  if (outcome instanceof Duplicate) return `duplicate of ${textOf(outcome.id)}`;
  if (isRefused(outcome)) return `${outcome.code} ${textOf(outcome.refusing)}`;
  return typeof outcome === "string" ? outcome : textOf(outcome);
}

/** Names, page by page. */
async function list(store: LifeCaller, queue: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  let after: Buffer | null = null;
  do {
    const page: { entries: CronEntry[]; next: Buffer | null } = await store.submit({
      kind: "cronList",
      queue: bytesOf(queue),
      after,
      limit,
    });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    names.push(...page.entries.map(({ name }) => textOf(name)));
    after = page.next;
  } while (after);
  return names;
}

async function queues(store: LifeCaller, limit: number): Promise<string[]> {
  const names: string[] = [];
  let after: Buffer | null = null;
  do {
    const page: { queues: Buffer[]; next: Buffer | null } = await store.submit({
      kind: "cronQueues",
      after,
      limit,
    });
    names.push(...page.queues.map(textOf));
    after = page.next;
  } while (after);
  return names;
}

export function crons(check: Check): void {
  check("an entry is due at once, and then at its next time", async (store) => {
    expect(await entryOf(store, "q", "e")).toBeNull();
    expect(await set(store, "q", "e")).toBe(true);
    const setAtMs = store.nowMs;
    expect(await entryOf(store, "q", "e")).toEqual({
      queue: bytesOf("q"),
      name: bytesOf("e"),
      version: "v1",
      definition: bytesOf("definition of e \xff\x00 v1"),
      setAtMs,
      lastAtMs: null,
      nextAtMs: null,
    });
    expect(store.under.store.dueInMs()).toBe(0);
    expect(await namesDue(store)).toEqual(["e"]);
    const nextAtMs = setAtMs + 5000;
    expect(await fire(store, "q", "e", { expectedAtMs: null, nextAtMs })).toBe("moved");
    expect(await namesDue(store)).toEqual([]);
    expect(await entryOf(store, "q", "e")).toMatchObject({ lastAtMs: null, nextAtMs });
    await store.reclaim();
    expect(store.under.store.dueInMs()).toBeWithin(1, 5001);
    store.advance(4999);
    expect(await namesDue(store)).toEqual([]);
    expect(await hasDueParts(store)).toBe(false);
    store.advance(1);
    expect(await hasDueParts(store)).toBe(true);
    expect(await namesDue(store)).toEqual(["e"]);
    const next = { expectedAtMs: nextAtMs, nextAtMs: nextAtMs + 7000 };
    expect(await fire(store, "q", "e", { id: "e@1", ...next })).toBe("e@1");
    expect(await entryOf(store, "q", "e")).toMatchObject({
      lastAtMs: nextAtMs,
      nextAtMs: nextAtMs + 7000,
    });
    expect(await namesDue(store)).toEqual([]);
    expect(store.reportedReady("q")).toBe(1);
    expect(await store.popEvent("q", 0)).toEqual(["e@1", "contents of e@1"]);
  });

  check("of two that fire one pushes", async (store) => {
    await set(store, "q", "e");
    const first = { expectedAtMs: null, nextAtMs: store.nowMs + 1000 };
    const others = [store, store.another() as LifeCaller];
    const outcomes = await Promise.all(
      others.map((other) => fire(other, "q", "e", { id: "e@0", ...first })),
    );
    expect(outcomes.toSorted()).toEqual(["e@0", "stale"]);
    expect(await store.drain("q")).toEqual(["e@0"]);
    const next = { expectedAtMs: first.nextAtMs, nextAtMs: first.nextAtMs + 1000 };
    expect(await fire(store, "q", "e", { id: "1", version: "v2", ...next })).toBe("stale");
    expect(await fire(store, "q", "f", { id: "1", ...next })).toBe("stale");
    expect(await fire(store, "p", "e", { id: "1", ...next })).toBe("stale");
    expect(await fire(store, "q", "e", { id: "1", ...next })).toBe("1");
    expect(await fire(store, "q", "e", { id: "2", ...next })).toBe("stale");
    expect(await store.drain("q")).toEqual(["1"]);
  });

  check("a push has the options of its entry", async (store) => {
    await set(store, "q", "e");
    const nextAtMs = store.nowMs + 1000;
    const options = { start: { afterMs: 5000 }, ttlMs: 9000, attemptsMax: 3 } as const;
    const fired = { id: "e@0", expectedAtMs: null, nextAtMs, options };
    expect(await fire(store, "q", "e", fired)).toBe("e@0");
    expect(await store.counts("q")).toEqual({ delayed: 1 });
    expect(await store.get("q", "e@0")).toMatchObject({ attemptsMax: 3 });
  });

  check("a queue that takes no pushes skips the turn", async (store) => {
    await store.configure("q", { "max-length": "1" });
    await store.push("q", "1");
    await set(store, "q", "e");
    const first = { expectedAtMs: null, nextAtMs: store.nowMs + 1000 };
    expect(await fire(store, "q", "e", { id: "e@0", ...first })).toBe("QUEUEFULL q");
    await store.pause("q", ["in"]);
    const second = { expectedAtMs: first.nextAtMs, nextAtMs: first.nextAtMs + 1000 };
    expect(await fire(store, "q", "e", { id: "e@1", ...second })).toBe("PAUSED q");
    await store.resume("q", ["in"]);
    await store.configure("q", { "max-length": null });
    const third = { expectedAtMs: second.nextAtMs, nextAtMs: second.nextAtMs + 1000 };
    expect(await fire(store, "q", "e", { id: "1", ...third })).toBe("duplicate of 1");
    expect(await entryOf(store, "q", "e")).toMatchObject({ nextAtMs: third.nextAtMs });
    // Operations behind a turn that was skipped are done.
    expect(await store.drain("q")).toEqual(["1"]);
  });

  check("a push enters the bound queues too, or none if one of them takes none", async (store) => {
    await bind(store, "q", "a", "b");
    await set(store, "q", "e");
    let atMs: number | null = null;
    const push = (id: string) => {
      const expectedAtMs = atMs;
      atMs = (atMs ?? store.nowMs) + 1000;
      return fire(store, "q", "e", { id, expectedAtMs, nextAtMs: atMs });
    };
    expect(await push("1")).toBe("1");
    await store.configure("q@b", { "max-length": "1" });
    expect(await push("2")).toBe("QUEUEFULL q@b");
    await store.pause("q@a", ["in"]);
    expect(await push("3")).toBe("PAUSED q@a");
    expect(await entryOf(store, "q", "e")).toMatchObject({ lastAtMs: 0, nextAtMs: atMs });
    await store.resume("q@a", ["in"]);
    await store.configure("q@b", { "max-length": null });
    // Its id is taken by a copy.
    await store.remove("q", ["1"]);
    expect(await push("1")).toBe("duplicate of 1");
    expect(await push("4")).toBe("4");
    expect(await store.drain("q")).toEqual(["4"]);
    for (const bound of ["q@a", "q@b"]) expect(await store.drain(bound)).toEqual(["1", "4"]);
  });

  check("a push whose unique key is taken adds nothing", async (store) => {
    await set(store, "q", "e");
    const unique = { key: bytesOf("key"), until: "end", forMs: null } as const;
    await store.pushWith("q", "other", { unique: { key: "key" } });
    const first = { expectedAtMs: null, nextAtMs: store.nowMs + 1000, options: { unique } };
    expect(await fire(store, "q", "e", { id: "1", ...first })).toBe("duplicate of other");
    expect(await entryOf(store, "q", "e")).toMatchObject({ lastAtMs: null });
    expect(await store.drain("q")).toEqual(["other"]);
    const second = { expectedAtMs: first.nextAtMs, nextAtMs: first.nextAtMs + 1000 };
    expect(await fire(store, "q", "e", { id: "2", ...second, options: { unique } })).toBe("2");
  });

  check("the same version changes nothing, another one replaces the entry", async (store) => {
    await set(store, "q", "e");
    const nextAtMs = store.nowMs + 1000;
    await fire(store, "q", "e", { id: "e@0", expectedAtMs: null, nextAtMs });
    store.advance(500);
    expect(await set(store, "q", "e")).toBe(true);
    expect(await entryOf(store, "q", "e")).toMatchObject({ nextAtMs });
    expect(await set(store, "q", "e", "v2")).toBe(true);
    expect(await entryOf(store, "q", "e")).toMatchObject({
      version: "v2",
      setAtMs: store.nowMs,
      lastAtMs: null,
      nextAtMs: null,
    });
    expect(await namesDue(store)).toEqual(["e"]);
  });

  check("entries keep their queue in being, and a flush leaves them", async (store) => {
    expect(await remove(store, "q", "e")).toBe(false);
    expect(await store.list()).toEqual([]);
    await set(store, "q", "e");
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    await store.push("q", "1");
    await store.flush("q");
    await store.reclaim();
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    await store.push("q", "1");
    expect(await store.drain("q")).toEqual(["1"]);
    await store.reclaim();
    expect(await namesDue(store)).toEqual(["e"]);
    const nextAtMs = store.nowMs + 1000;
    await fire(store, "q", "e", { expectedAtMs: null, nextAtMs });
    store.advance(1000);
    await store.reclaim();
    expect(await namesDue(store)).toEqual(["e"]);
    expect(await remove(store, "q", "e")).toBe(true);
    expect(await remove(store, "q", "e")).toBe(false);
    expect(await namesDue(store)).toEqual([]);
    await store.reclaim();
    expect(await store.list()).toEqual([]);
    expect(await queues(store, 10)).toEqual([]);
  });

  check("pages of entries and of queues", async (store) => {
    const names = ["b", "a", "", "\xff\x00 {q}", "a@b"];
    for (const name of names) await set(store, "q", name);
    for (const queue of ["p", "o{2}", "\xff"]) await set(store, queue, "e");
    await store.push("r", "1");
    const sorted = names.toSorted();
    for (const limit of [1, 2, 5, 100]) {
      expect(await list(store, "q", limit)).toEqual(sorted);
      expect(await queues(store, limit)).toEqual(["o{2}", "p", "q", "\xff"]);
    }
    expect(await list(store, "r", 10)).toEqual([]);
    expect(await namesDue(store)).toEqual([...sorted, "e", "e", "e"].toSorted());
    expect((await due(store, 2)).length).toBeWithin(2, 1 + 2 * store.parts);
  });

  check("a queue has a bounded number of entries", async (store) => {
    const names = Array.from({ length: CRONS_MAX }, (_, at) => `${at}`);
    const done = await Promise.all(names.map((name) => set(store, "q", name)));
    expect(done.every(Boolean)).toBe(true);
    expect(await set(store, "q", "more")).toBe(false);
    expect(await set(store, "q", "0", "v2")).toBe(true);
    expect(await remove(store, "q", "1")).toBe(true);
    expect(await set(store, "q", "more")).toBe(true);
    expect((await list(store, "q", 300)).length).toBe(CRONS_MAX);
  });

  check("entries survive restarts", async (store) => {
    const restarts = restartsOf(store);
    await set(store, "q", "\xff\x00 {q}");
    await set(store, "p", "gone");
    await set(store, "p", "new");
    const setAtMs = store.nowMs;
    const nextAtMs = setAtMs + 60_000;
    await fire(store, "q", "\xff\x00 {q}", { id: "1", expectedAtMs: null, nextAtMs });
    await remove(store, "p", "gone");
    await store.flush("q");
    for (const restart of restarts) {
      await restart();
      expect(await entryOf(store, "q", "\xff\x00 {q}")).toEqual({
        queue: bytesOf("q"),
        name: bytesOf("\xff\x00 {q}"),
        version: "v1",
        definition: bytesOf("definition of \xff\x00 {q} \xff\x00 v1"),
        setAtMs,
        lastAtMs: 0,
        nextAtMs,
      });
      expect(await list(store, "p", 10)).toEqual(["new"]);
      expect(await namesDue(store)).toEqual(["new"]);
      expect(await queues(store, 10)).toEqual(["p", "q"]);
    }
  });
}
