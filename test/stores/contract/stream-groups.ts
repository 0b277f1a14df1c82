// Groups of streams: the first one is the queue itself, the others are queues that are bound to it.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { BOUND_MAX } from "../../../src/queue/bindings.ts";
import type { Check } from "../contract.ts";
import { bind, bindingsOf, pushedTotal, readyIn, unbind } from "./bound-caller.ts";
import { restartAll } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import {
  ack,
  add,
  addAll,
  consumersOf,
  creating,
  destroying,
  entriesOf,
  factsOf,
  groupsOf,
  heldIn,
  pendingOf,
  sizeOf,
  take,
} from "./stream-caller.ts";

const create = (store: LifeCaller, ...how: Parameters<typeof creating>) =>
  store.submit(creating(...how));
const destroy = (store: LifeCaller, queue: string, group: string) =>
  store.submit(destroying(queue, group));
const namesOf = async (store: LifeCaller, queue: string) =>
  Object.keys(await groupsOf(store, queue)).join(" ");

export function streamGroups(check: Check): void {
  check("the first group is the queue itself, and has all entries in any case", async (store) => {
    expect(await create(store, "q", "a", "last", false)).toBe("absent");
    expect(await store.list()).toEqual([]);
    expect(await create(store, "q", "a", "last", true)).toBe("ok");
    await addAll(store, "r", "1-1", "2-1");
    expect(await create(store, "r", "a", "last", false)).toBe("ok");
    expect(await take(store, "r", "a", "ann", 9)).toBe("1-1 2-1");
    expect(await namesOf(store, "q")).toBe("a");
    expect(await bindingsOf(store, "r")).toEqual([]);
    await store.flush("r");
    await addAll(store, "r", "1-1", "2-1");
    await create(store, "r", "a", "1-1");
    expect(await take(store, "r", "a", "ann", 9)).toBe("1-1 2-1");
  });

  check("a group that is there, or default, is not created again", async (store) => {
    expect(await create(store, "q", "a")).toBe("ok");
    expect(await create(store, "q", "b")).toBe("ok");
    await bind(store, "q", "c");
    for (const group of ["a", "b", "c", "default"]) {
      expect([group, await create(store, "q", group)]).toEqual([group, "exists"]);
    }
    expect(await namesOf(store, "q")).toBe("a b c");
    // The first one may have that name.
    expect(await create(store, "r", "default")).toBe("ok");
    expect(await create(store, "r", "default")).toBe("exists");
    expect(await create(store, "r", "a")).toBe("ok");
    expect(await namesOf(store, "r")).toBe("default a");
    // A bound queue is a group before the first one is created.
    await store.push("s", "1");
    await bind(store, "s", "mail");
    expect(await create(store, "s", "mail")).toBe("exists");
    expect((await store.statusOf("s")).isStream).toBe(false);
    expect(await create(store, "s", "a")).toBe("ok");
    expect(await namesOf(store, "s")).toBe("a mail");
  });

  check("a further group gets copies of what is ready and claimed", async (store) => {
    await create(store, "q", "a");
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    await store.push("q", "3-0", "right");
    expect(await take(store, "q", "a", "ann", 2)).toBe("3-0 1-1");
    await store.pushWith("q", "5-1", { start: { afterMs: 9000 } });
    expect(await create(store, "q", "b")).toBe("ok");
    expect(await store.ids("q@b", "ready")).toEqual(["1-1", "2-1", "3-0", "3-1", "4-1"]);
    expect(await store.counts("q@b")).toEqual({ ready: 5 });
    expect((await store.mustGet("q@b", "2-1")).contents!.toString()).toBe("contents of 2-1");
    expect(await pendingOf(store, "q", "b")).toEqual([]);
    expect(await create(store, "q", "c", "2-1")).toBe("ok");
    expect(await entriesOf(store, "q@c")).toBe("3-0 3-1 4-1");
    expect(await create(store, "q", "d", "9-9")).toBe("ok");
    expect(await create(store, "q", "e", "last")).toBe("ok");
    await addAll(store, "q", "6-1");
    expect(await readyIn(store, "q@d", "q@e")).toEqual({ "q@d": "6-1", "q@e": "6-1" });
    expect(await bindingsOf(store, "q")).toEqual(["b", "c", "d", "e"]);
    expect([await pushedTotal(store, "q@b"), await pushedTotal(store, "q@e")]).toEqual([6, 1]);
    await restartAll(store);
    expect(await namesOf(store, "q")).toBe("a b c d e");
    expect(await take(store, "q", "c", "ann", 9)).toBe("3-0 3-1 4-1 6-1");
    expect((await store.statusOf("q@d")).isStream).toBe(true);
  });

  check("a copy has what the event has, but what it went through", async (store) => {
    await create(store, "q", "a");
    const headers: [string, string][] = [["a", "b"]];
    const options = { headers, attemptsMax: 5, backoff: "none", leaseMs: 7000, priority: 4 };
    await store.pushWith("q", "1-1", { ...options, unique: { key: "key" } });
    await store.pushWith("q", "2-1", { group: "x" });
    await store.fail("q", await store.mustClaim("q"));
    await store.mustClaim("q");
    expect(await create(store, "q", "b")).toBe("ok");
    const copy = await store.mustGet("q@b", "1-1");
    const own = { attemptsMax: 5, backoff: "none", leaseMs: 7000, priority: 4, unique: null };
    expect(copy).toMatchObject({ ...own, state: "ready", failures: 0, crashes: 0 });
    expect(copy.headers).toEqual((await store.mustGet("q", "1-1")).headers);
    expect((await store.mustGet("q@b", "2-1")).group).toEqual(Buffer.from("x"));
    expect(await pushedTotal(store, "q@b")).toBe(2);
    expect(await store.pushWith("q@b", "3-1", { unique: { key: "key" } })).toBe("3-1");
    expect(await take(store, "q", "b", "ann")).toBe("1-1");
  });

  check("a queue that was there before keeps its events when it becomes a group", async (store) => {
    await create(store, "q", "a");
    await addAll(store, "q", "1-1", "2-1");
    await store.push("q@b", "1-1", "left", "its own");
    await store.push("q@b", "other");
    expect(await create(store, "q", "b")).toBe("ok");
    expect(await store.ids("q@b", "ready")).toEqual(["1-1", "other", "2-1"]);
    expect(await store.peekEvent("q@b", "right")).toEqual(["1-1", "its own"]);
    expect((await store.statusOf("q@b")).isStream).toBe(true);
  });

  check("a group without the room for its copies is not created", async (store) => {
    await create(store, "q", "a");
    await addAll(store, "q", "1-1", "2-1");
    await store.configure("q@b", { "max-length": "1" });
    expect(await create(store, "q", "b")).toBe("full");
    expect(await namesOf(store, "q")).toBe("a");
    expect([await bindingsOf(store, "q"), await store.counts("q@b")]).toEqual([[], {}]);
    expect((await store.statusOf("q@b")).isStream).toBe(false);
    expect(await create(store, "q", "b", "1-1")).toBe("ok");
    expect(await entriesOf(store, "q@b")).toBe("2-1");
    // The oldest make room where the queue says so.
    await store.configure("q@c", { "max-length": "2", "on-full": "drop-oldest" });
    await store.push("q@c", "old");
    expect(await create(store, "q", "c")).toBe("ok");
    expect(await entriesOf(store, "q@c")).toBe("1-1 2-1");
  });

  check("a group that may get no pushes is refused as long as it needs copies", async (store) => {
    await create(store, "q", "a");
    await addAll(store, "q", "1-1");
    await store.pause("q@b", ["in"]);
    const refused = store.another().submit(creating("q", "b"));
    expect(await refusalOf(refused)).toBe("PAUSED q@b");
    expect(await namesOf(store, "q")).toBe("a");
    expect(await create(store, "q", "b", "last")).toBe("ok");
  });

  check("there are so many groups beside the first one", async (store) => {
    await create(store, "q", "first");
    await addAll(store, "q", "1-1");
    for (let at = 0; at < BOUND_MAX; at++) {
      expect(await create(store, "q", `g${at}`, "last")).toBe("ok");
    }
    expect(await create(store, "q", "more")).toBe("tooMany");
    expect(await store.counts("q@more")).toEqual({});
    expect(await bindingsOf(store, "q")).toHaveLength(BOUND_MAX);
    expect(await destroy(store, "q", "g7")).toBe(true);
    expect(await create(store, "q", "more")).toBe("ok");
    expect(await entriesOf(store, "q@more")).toBe("1-1");
  });

  check("the end of the first group gives back its claims and keeps the entries", async (store) => {
    for (const group of ["a", "b"]) await create(store, "q", group);
    await store.configure("q", { "crash-backoff": "fixed 9", "max-crashes": "1" });
    await addAll(store, "q", "1-1", "2-1", "3-1");
    for (const group of ["a", "b"]) await take(store, "q", group, "ann", 2);
    expect(await destroy(store, "q", "a")).toBe(true);
    expect(await store.ids("q", "ready")).toEqual(["1-1", "2-1", "3-1"]);
    expect(await store.mustGet("q", "1-1")).toMatchObject({ crashes: 0, failures: 0 });
    expect(await namesOf(store, "q")).toBe("b");
    expect(await heldIn(store, "q", "b")).toBe("1-1 ann, 2-1 ann");
    expect(await sizeOf(store, "q")).toEqual([3, "3-1"]);
    await restartAll(store);
    expect(await destroy(store, "q", "a")).toBe(false);
    expect(await destroy(store, "q", "default")).toBe(false);
    // Its consumers are gone; another group is the first one then.
    expect(await take(store, "q", "default", "bob", 1)).toBe("1-1");
    expect(await namesOf(store, "q")).toBe("default b");
    expect(await create(store, "q", "c", "last")).toBe("ok");
    expect(await consumersOf(store, "q", "c")).toEqual({ bob: 1 });
    expect(await namesOf(store, "q")).toBe("c b");
    expect(await destroy(store, "q", "default")).toBe(true);
    expect(await namesOf(store, "q")).toBe("b");
  });

  check("a cancelled claim goes with the end of its group", async (store) => {
    await create(store, "q", "a");
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "a", "ann", 2);
    await store.submit({ kind: "cancel", queue: Buffer.from("q"), id: Buffer.from("1-1") });
    expect(await destroy(store, "q", "a")).toBe(true);
    expect(await entriesOf(store, "q")).toBe("2-1");
  });

  check("the end of any other group is that of its queue", async (store) => {
    for (const group of ["a", "b"]) await create(store, "q", group);
    await bind(store, "q", "mail");
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "b", "ann");
    for (const group of ["b", "mail"]) {
      expect(await destroy(store, "q", group)).toBe(true);
      expect(await destroy(store, "q", group)).toBe(false);
      expect(await store.counts(`q@${group}`)).toEqual({});
    }
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
    expect(await bindingsOf(store, "q")).toEqual([]);
    await addAll(store, "q", "3-1");
    expect(await entriesOf(store, "q")).toBe("1-1 2-1 3-1");
    await restartAll(store);
    expect(await entriesOf(store, "q@b")).toBe("");
    expect((await store.statusOf("q@b")).isStream).toBe(false);
    // It begins anew.
    expect(await create(store, "q", "b", "2-1")).toBe("ok");
    expect(await factsOf(store, "q@b")).toMatchObject({ length: 1 });
    expect(await consumersOf(store, "q", "b")).toEqual({});
  });

  check("a group ends only where it is", async (store) => {
    expect(await destroy(store, "q", "a")).toBe("absent");
    expect(await destroy(store, "q", "default")).toBe("absent");
    await store.push("q", "1");
    for (const group of ["a", "default"]) expect(await destroy(store, "q", group)).toBe(false);
    await create(store, "q", "a");
    expect(await destroy(store, "q", "b")).toBe(false);
    expect(await namesOf(store, "q")).toBe("a");
  });

  check("a flush of a stream ends its groups, and keeps other bound queues", async (store) => {
    for (const group of ["a", "b"]) await create(store, "q", group);
    await bind(store, "q", "mail");
    await create(store, "q@b", "own");
    await create(store, "q@b", "deep");
    await addAll(store, "q", "1-1");
    await take(store, "q", "b", "ann");
    expect(await readyIn(store, "q@b@deep")).toEqual({ "q@b@deep": "1-1" });
    await store.flush("q");
    const left = [
      ["q", 0, 0, 0],
      ["q@mail", 1, 0, 0],
    ];
    expect(await store.list()).toEqual(left as never);
    expect((await store.statusOf("q")).isStream).toBe(false);
    expect(await bindingsOf(store, "q")).toEqual(["mail"]);
    expect(await bindingsOf(store, "q@b")).toEqual([]);
    await restartAll(store);
    expect(await store.list()).toEqual(left as never);
    expect(await add(store, "q", "0-1")).toBe("0-1");
    expect(await entriesOf(store, "q@mail")).toContain("0-1");
    expect(await entriesOf(store, "q@b")).toBe("");
  });

  check("a flush of a stream ends a group that one of its groups has too", async (store) => {
    for (const group of ["a", "b", "b@c"]) await create(store, "q", group);
    for (const group of ["own", "c"]) await create(store, "q@b", group);
    await store.flush("q");
    expect(await bindingsOf(store, "q")).toEqual([]);
    expect(await bindingsOf(store, "q@b")).toEqual([]);
    await addAll(store, "q", "1-1");
    expect(await entriesOf(store, "q@b@c")).toBe("");
  });

  check("a flush of a queue that is no stream ends no groups", async (store) => {
    await addAll(store, "q@b", "1-1");
    await bind(store, "q", "b");
    await store.push("q", "2-1");
    await store.flush("q");
    expect(await bindingsOf(store, "q")).toEqual(["b"]);
    expect(await entriesOf(store, "q@b")).toBe("1-1 2-1");
  });

  check(
    "a flush of a further group leaves it bound, and an unbind leaves it a stream",
    async (store) => {
      for (const group of ["a", "b"]) await create(store, "q", group);
      await addAll(store, "q", "1-1");
      await store.flush("q@b");
      expect((await store.statusOf("q@b")).isStream).toBe(false);
      expect(await namesOf(store, "q")).toBe("a b");
      await addAll(store, "q", "2-1");
      expect(await take(store, "q", "b", "ann")).toBe("2-1");
      await create(store, "q", "c");
      expect(await take(store, "q", "c", "ann")).toBe("1-1");
      expect(await unbind(store, "q", "c")).toBe(true);
      expect((await store.statusOf("q@c")).isStream).toBe(true);
      expect(await namesOf(store, "q")).toBe("a b");
      expect(await heldIn(store, "q@c", "default")).toBe("1-1 ann");
    },
  );

  check("groups of groups get every entry, each once", async (store) => {
    await create(store, "q", "a");
    await create(store, "q", "b");
    await create(store, "q@b", "x");
    expect(await create(store, "q@b", "c")).toBe("ok");
    await addAll(store, "q", "1-1");
    const queues = ["q", "q@b", "q@b@c"];
    for (const queue of queues) expect(await entriesOf(store, queue)).toBe("1-1");
    await take(store, "q@b", "c", "ann");
    await take(store, "q", "a", "ann");
    expect(await ack(store, "q", "a", ["1-1"], "count")).toEqual(["shared"]);
    expect(await heldIn(store, "q@b", "c")).toBe("1-1 ann");
    await store.submit({
      kind: "streamRemove",
      queue: Buffer.from("q"),
      ids: [Buffer.from("1-1")],
    });
    for (const queue of queues) expect(await entriesOf(store, queue)).toBe("");
  });
}
