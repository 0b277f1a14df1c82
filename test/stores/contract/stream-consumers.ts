// The consumers of groups, and everything that a stream tells about itself.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { NO_GROUP, STREAM_CONSUMERS_MAX } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { bind } from "./bound-caller.ts";
import { textOf } from "./caller.ts";
import { restartAll } from "./counters.ts";
import type { LifeCaller } from "./life-caller.ts";
import {
  ack,
  add,
  addAll,
  asking,
  claim,
  claiming,
  claimingFrom,
  consumersOf,
  creating,
  creatingConsumer,
  deletingConsumer,
  factsOf,
  fromId,
  groupsOf,
  heldIn,
  removing,
  take,
  takeUndoable,
  toLength,
  trimming,
} from "./stream-caller.ts";

const create = (store: LifeCaller, queue: string, group: string, consumer: string) =>
  store.submit(creatingConsumer(queue, group, consumer));
const remove = (store: LifeCaller, queue: string, group: string, consumer: string) =>
  store.submit(deletingConsumer(queue, group, consumer));

/** Since each was seen, and since it took something. */
async function timesOf(store: LifeCaller, queue: string, group: string) {
  const { consumers } = (await groupsOf(store, queue))[group]!;
  return Object.fromEntries(
    consumers.map(({ name, idleMs, inactiveMs }) => [name, [idleMs, inactiveMs]]),
  );
}

export function streamConsumers(check: Check): void {
  check("a consumer is created once", async (store) => {
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    for (const group of ["a", "b", "default"]) {
      expect(await create(store, "q", group, "ann")).toBe(group !== "default");
      expect(await create(store, "q", group, "ann")).toBe(false);
    }
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "a", "bob");
    expect(await create(store, "q", "a", "bob")).toBe(false);
    expect(await create(store, "q", "b", "bob")).toBe(true);
    // One that has claims is there, also if a pop made them.
    await store.mustClaim("q", 60_000, "carl");
    expect(await create(store, "q", "a", "carl")).toBe(false);
    expect(await create(store, "q", "a", "\x00 name\xff")).toBe(true);
    await restartAll(store);
    expect(await create(store, "q", "a", "\x00 name\xff")).toBe(false);
    expect(await consumersOf(store, "q", "a")).toEqual({
      "\x00 name\xff": 0,
      ann: 0,
      bob: 1,
      carl: 1,
    });
    expect(await consumersOf(store, "q", "b")).toEqual({ ann: 0, bob: 0 });
  });

  check("a queue that is no stream keeps no consumers", async (store) => {
    await store.push("q", "1");
    expect(await create(store, "q", "default", "ann")).toBe(true);
    expect(await create(store, "q", "default", "ann")).toBe(true);
    expect((await factsOf(store, "q")) as object).toMatchObject({ groups: [] });
    expect(await create(store, "q", "g", "ann")).toBe(NO_GROUP);
    expect(await create(store, "nowhere", "default", "ann")).toBe(true);
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
    await store.mustClaim("q", 60_000, "ann");
    expect(await remove(store, "q", "default", "ann")).toBe(1);
    expect(await store.counts("q")).toEqual({ ready: 1 });
    expect(await remove(store, "nowhere", "default", "ann")).toBe(0);
  });

  check("a consumer that is deleted gives its claims back", async (store) => {
    await store.configure("q", { "crash-backoff": "fixed 9", "max-crashes": "1" });
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    for (const group of ["a", "b"]) {
      await take(store, "q", group, "ann", 2);
      await take(store, "q", group, "bob");
      await take(store, "q", group, "ann");
    }
    expect(await remove(store, "q", "a", "ann")).toBe(3);
    expect(await store.ids("q", "ready")).toEqual(["1-1", "2-1", "4-1", "5-1"]);
    expect(await store.mustGet("q", "1-1")).toMatchObject({ crashes: 0, failures: 0 });
    expect(await consumersOf(store, "q", "a")).toEqual({ bob: 1 });
    expect(await consumersOf(store, "q", "b")).toEqual({ ann: 3, bob: 1 });
    expect(await remove(store, "q", "a", "ann")).toBe(0);
    expect(await remove(store, "q", "a", "nobody")).toBe(0);
    expect(await remove(store, "q", "b", "bob")).toBe(1);
    expect(await remove(store, "q", "g", "bob")).toBe(NO_GROUP);
    await restartAll(store);
    expect(await heldIn(store, "q", "b")).toBe("1-1 ann, 2-1 ann, 4-1 ann");
    const again = await takeUndoable(store, "q", "b", "ann", 9);
    expect(again.map(({ id, attempt }) => [textOf(id), attempt])).toEqual([
      ["3-1", 1],
      ["5-1", 1],
    ]);
    await store.submit({ kind: "cancel", queue: Buffer.from("q@b"), id: Buffer.from("3-1") });
    expect(await remove(store, "q", "b", "ann")).toBe(5);
    expect(await store.ids("q@b", "ready")).toEqual(["1-1", "2-1", "4-1", "5-1"]);
  });

  check("a consumer tells when it was seen, and when it took something", async (store) => {
    await store.submit(creating("q", "g"));
    await create(store, "q", "g", "ann");
    store.advance(10);
    await take(store, "q", "g", "bob");
    store.advance(5);
    expect(await timesOf(store, "q", "g")).toEqual({ ann: [15, -1], bob: [5, -1] });
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "g", "ann");
    store.advance(3);
    expect(await timesOf(store, "q", "g")).toEqual({ ann: [3, 3], bob: [8, -1] });
    // A claim is a sign of life too, and one that finds something takes it.
    await claim(store, claiming("q", "g", "bob", ["1-1"]));
    await claim(store, claimingFrom("q", "g", "ann", "2-1"));
    store.advance(2);
    expect(await timesOf(store, "q", "g")).toEqual({ ann: [2, 5], bob: [2, 2] });
    await ack(store, "q", "g", ["1-1"]);
    await take(store, "q", "g", "carl", 1, true);
    store.advance(1);
    const expected = { ann: [3, 6], bob: [3, 3], carl: [1, 1] };
    expect(await timesOf(store, "q", "g")).toEqual(expected);
    // One whose name is not kept was seen when its latest claim began.
    await addAll(store, "q", "3-1", "4-1");
    await store.mustClaim("q", 60_000, "pop");
    store.advance(4);
    await store.mustClaim("q", 60_000, "pop");
    store.advance(6);
    expect(await timesOf(store, "q", "g")).toMatchObject({ pop: [6, 6] });
    await ack(store, "q", "g", ["3-1", "4-1"]);
    expect(Object.keys(await timesOf(store, "q", "g"))).toEqual(["ann", "bob", "carl"]);
  });

  check("times of consumers are kept, or become somewhat longer", async (store) => {
    await store.submit(creating("q", "g"));
    await addAll(store, "q", "1-1");
    await take(store, "q", "g", "ann");
    await create(store, "q", "g", "bob");
    store.advance(10);
    await restartAll(store);
    const times = await timesOf(store, "q", "g");
    expect(times["ann"]![0]).toBeGreaterThanOrEqual(10);
    expect(times["bob"]![0]).toBeGreaterThanOrEqual(10);
    expect(times["bob"]![1]).toBe(-1);
  });

  check("so many consumers are kept: the one seen longest ago makes room", async (store) => {
    await store.submit(creating("q", "g"));
    await addAll(store, "q", "1-1");
    expect(await take(store, "q", "g", "has a claim")).toBe("1-1");
    const nameOf = (at: number) => `consumer ${String(at).padStart(4, "0")}`;
    for (let at = 1; at < STREAM_CONSUMERS_MAX; at++) {
      store.advance(1);
      expect(await create(store, "q", "g", nameOf(at))).toBe(true);
    }
    store.advance(1);
    await take(store, "q", "g", nameOf(1));
    expect(Object.keys(await consumersOf(store, "q", "g"))).toHaveLength(STREAM_CONSUMERS_MAX);
    store.advance(1);
    await take(store, "q", "g", "another");
    const names = Object.keys(await consumersOf(store, "q", "g"));
    expect(names).toHaveLength(STREAM_CONSUMERS_MAX);
    expect(names).not.toContain(nameOf(2));
    for (const name of ["another", "has a claim", nameOf(1), nameOf(3)]) {
      expect(names).toContain(name);
    }
    await restartAll(store);
    expect(Object.keys(await consumersOf(store, "q", "g"))).toEqual(names);
  });

  check("consumers stand in the order of their names' bytes", async (store) => {
    await store.submit(creating("q", "g"));
    const names = ["", "\x00", "A", "B", "a", "aa", "b", "\x80", "\xff"];
    for (const name of names.toReversed()) await create(store, "q", "g", name);
    const { consumers } = (await groupsOf(store, "q"))["g"]!;
    expect(consumers.map(({ name }) => name)).toEqual(names);
  });

  check("a stream tells everything about itself", async (store) => {
    expect(await store.submit(asking("q"))).toBeNull();
    await store.submit(creating("q", "a"));
    const empty = { length: 0, lastId: "0-0", removedId: "0-0", added: 0, first: null, last: null };
    const noClaims = { pending: 0, firstPending: null, lastPending: null, consumers: [] };
    const noGroup = { deliveredId: "0-0", ready: 0, ...noClaims };
    expect(await factsOf(store, "q")).toEqual({ ...empty, groups: [{ name: "a", ...noGroup }] });
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    await store.submit(creating("q", "b", "2-1"));
    await take(store, "q", "a", "ann", 2);
    await take(store, "q", "a", "bob");
    await store.push("q", "3-0", "right");
    expect(await take(store, "q", "a", "bob")).toBe("3-0");
    expect(await store.submit(removing("q", "5-1"))).toBe(1);
    const expected = {
      length: 5,
      lastId: "5-1",
      removedId: "5-1",
      added: 5,
      first: "1-1",
      last: "4-1",
    };
    expect(await factsOf(store, "q")).toMatchObject(expected);
    const { a, b } = await groupsOf(store, "q");
    expect(a).toEqual({
      name: "a",
      deliveredId: "3-1",
      ready: 1,
      pending: 4,
      firstPending: "1-1",
      lastPending: "3-1",
      consumers: [
        { name: "ann", pending: 2, idleMs: 0, inactiveMs: 0 },
        { name: "bob", pending: 2, idleMs: 0, inactiveMs: 0 },
      ],
    });
    expect(b).toEqual({ ...noGroup, name: "b", ready: 3 });
    await restartAll(store);
    expect(await factsOf(store, "q")).toMatchObject(expected);
    expect((await groupsOf(store, "q"))["a"]).toMatchObject({ deliveredId: "3-1", pending: 4 });
  });

  check("the ends of a stream come with their contents, claimed or not", async (store) => {
    const facts = async () => {
      const found = await store.submit(asking("q"));
      if (found === null || typeof found === "string") throw new Error(`no facts: ${found}`);
      return [found.first, found.last].map((entry) => entry && textOf(entry.contents));
    };
    await add(store, "q", "1-1", { contents: "\x00\xff" });
    expect(await facts()).toEqual(["\x00\xff", "\x00\xff"]);
    await add(store, "q", "2-1", { contents: "x".repeat(400_000) });
    await take(store, "q", "default", "ann", 9);
    expect(await facts()).toEqual(["\x00\xff", "x".repeat(400_000)]);
    await store.submit(removing("q", "1-1", "2-1"));
    expect(await facts()).toEqual([null, null]);
  });

  check("the counts of a stream begin anew with it", async (store) => {
    await store.push("q", "9-1");
    await addAll(store, "q", "9-2");
    const other = { added: 0, removedId: "0-0", lastId: "9-2", first: "9-1", last: "9-2" };
    expect(await factsOf(store, "q")).toEqual({ ...other, length: 2, groups: [] });
    await store.submit(removing("q", "9-2"));
    expect(await factsOf(store, "q")).toMatchObject({ removedId: "0-0", lastId: "9-1" });
    await store.submit(creating("q", "g"));
    expect(await factsOf(store, "q")).toMatchObject({ added: 0, length: 1 });
    expect(await add(store, "q", "9-3")).toBe("9-3");
    expect(await factsOf(store, "q")).toMatchObject({ added: 1, lastId: "9-3" });
    await store.submit(removing("q", "9-1"));
    await take(store, "q", "g", "ann");
    await store.flush("q");
    await addAll(store, "q", "1-1");
    const anew = { added: 1, removedId: "0-0", lastId: "1-1", length: 1, groups: [] };
    expect(await factsOf(store, "q")).toMatchObject(anew);
  });

  check("what was removed and trimmed is told, of each group's queue by itself", async (store) => {
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    await store.submit(removing("q", "3-1", "2-1"));
    await store.submit(trimming("q", toLength(1)));
    expect(await factsOf(store, "q")).toMatchObject({ removedId: "3-1", length: 1, added: 4 });
    await store.submit(trimming("q", fromId("9-9")));
    expect(await factsOf(store, "q")).toMatchObject({ removedId: "3-1", first: null });
    await store.submit(removing("q", "1-1"));
    expect(await factsOf(store, "q")).toMatchObject({ removedId: "3-1", lastId: "4-1" });
  });

  check("what a group was delivered is what a StreamTake took, of any place", async (store) => {
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    const delivered = async () =>
      Object.values(await groupsOf(store, "q")).map(({ deliveredId }) => deliveredId);
    expect(await delivered()).toEqual(["0-0", "0-0"]);
    await take(store, "q", "a", "ann", 2);
    await take(store, "q", "b", "ann", 1, true);
    expect(await delivered()).toEqual(["2-1", "1-1"]);
    await store.pop("q");
    await store.push("q", "1-9", "right");
    await take(store, "q", "a", "ann");
    expect(await delivered()).toEqual(["2-1", "1-1"]);
    await restartAll(store);
    expect(await delivered()).toEqual(["2-1", "1-1"]);
    await claim(store, claimingFrom("q", "a", "bob", "-"));
    expect(await delivered()).toEqual(["2-1", "1-1"]);
    await addAll(store, "q", "9-9", "9-10", "10-0");
    expect(await take(store, "q", "a", "ann", 2)).toBe("4-1 9-9");
    expect(await take(store, "q", "b", "ann", 9)).toBe("1-9 2-1 3-1 4-1 9-9 9-10 10-0");
    expect(await delivered()).toEqual(["9-9", "10-0"]);
    await take(store, "q", "a", "ann");
    expect(await delivered()).toEqual(["9-10", "10-0"]);
    // A stream of one group, with longer ids from one to the next.
    await store.submit(creating("r", "a"));
    for (const id of ["9-9", "9-10", "10-0"]) {
      await addAll(store, "r", id);
      expect(await take(store, "r", "a", "ann")).toBe(id);
      expect((await groupsOf(store, "r"))["a"]!.deliveredId).toBe(id);
    }
  });

  check(
    "another queue tells of its events and its bound queues as if it were one",
    async (store) => {
      await bind(store, "q", "mail");
      await store.push("q", "1-1");
      await store.push("q", "2-1");
      const noClaims = { deliveredId: "0-0", pending: 0, firstPending: null, lastPending: null };
      const mail = { name: "mail", ready: 2, ...noClaims, consumers: [] };
      expect(await factsOf(store, "q")).toMatchObject({ length: 2, groups: [mail] });
      await take(store, "q", "default", "ann");
      await take(store, "q", "mail", "bob");
      const one = { pending: 1, firstPending: "1-1", lastPending: "1-1", ready: 1 };
      const group = { ...one, deliveredId: "0-0" };
      const consumer = { pending: 1, idleMs: 0, inactiveMs: 0 };
      expect(await factsOf(store, "q")).toMatchObject({
        groups: [
          { ...group, name: "default", consumers: [{ ...consumer, name: "ann" }] },
          { ...group, name: "mail", consumers: [{ ...consumer, name: "bob" }] },
        ],
      });
      // A claim without a worker is that of an empty name.
      await store.pop("q");
      expect(await consumersOf(store, "q", "default")).toEqual({ "": 1, ann: 1 });
    },
  );
}
