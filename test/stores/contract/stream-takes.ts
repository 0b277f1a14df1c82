// What groups take from a stream: claims with the lease of their queue, or for good.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { BATCH_CONTENTS_BYTES } from "../../../src/queue/operations.ts";
import { NO_GROUP, type StreamTaken } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { bind } from "./bound-caller.ts";
import { textOf } from "./caller.ts";
import { init, left, member, restartAll } from "./counters.ts";
import { headersOf, refusalOf } from "./life-caller.ts";
import {
  add,
  addAll,
  ALL,
  consumersOf,
  creating,
  entriesOf,
  groupsOf,
  heldIn,
  pendingOf,
  removing,
  take,
  takeUndoable,
  taking,
} from "./stream-caller.ts";

export function streamTakes(check: Check): void {
  check("a group takes up to so many entries, the oldest first", async (store) => {
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    expect(await take(store, "q", "default", "ann", 2)).toBe("1-1 2-1");
    expect(await take(store, "q", "default", "bob")).toBe("3-1");
    expect(await heldIn(store, "q", "default")).toBe("1-1 ann, 2-1 ann, 3-1 bob");
    expect(await take(store, "q", "default", "ann", 9)).toBe("4-1");
    expect(await take(store, "q", "default", "ann", 9)).toBe("");
    expect(await entriesOf(store, "q")).toBe("1-1 2-1 3-1 4-1");
    await restartAll(store);
    expect(await heldIn(store, "q", "default")).toBe("1-1 ann, 2-1 ann, 3-1 bob, 4-1 ann");
  });

  check("a taken entry comes with a token and all that it had", async (store) => {
    await store.pushWith("q", "1-1", { headers: [["a", "b"]], contents: "\x00\xff" });
    const result = await store.submit(taking("q", "default", "ann"));
    if (typeof result === "string") throw new Error(result);
    expect(textOf(result.queue)).toBe("q");
    const [popped] = result.popped;
    expect(textOf(popped!.queue)).toBe("q");
    expect(textOf(popped!.contents)).toBe("\x00\xff");
    expect(headersOf(popped!.headers)).toEqual([["a", "b"]]);
    expect(popped).toMatchObject({ attempt: 1, pushedAtMs: store.nowMs });
    const token = textOf(popped!.token!);
    expect(await store.ackClaim("q", { id: "1-1", token: `${token}0` })).toBe(false);
    expect(await store.ackClaim("q", { id: "1-1", token })).toBe(true);
  });

  check("the lease is that of the entry, or of the queue of the group", async (store) => {
    await store.configure("q", { lease: "5" });
    await store.configure("q@b", { lease: "7" });
    await store.submit(creating("q", "a"));
    await store.submit(creating("q", "b"));
    await addAll(store, "q", "1-1");
    await store.pushWith("q", "2-1", { leaseMs: 9000 });
    expect(await take(store, "q", "a", "ann", 9)).toBe("1-1 2-1");
    expect(await take(store, "q", "b", "ann", 9)).toBe("1-1 2-1");
    expect(await store.dueInMs("q", "1-1")).toBe(5000);
    expect(await store.dueInMs("q@b", "1-1")).toBe(7000);
    expect(await store.dueInMs("q@b", "2-1")).toBe(9000);
    // When it ends the entry is there for the next one.
    store.advance(5000);
    await store.reclaim();
    const [again] = await takeUndoable(store, "q", "a", "bob");
    expect([textOf(again!.id), again!.attempt]).toEqual(["1-1", 2]);
    expect(await heldIn(store, "q", "a")).toBe("1-1 bob, 2-1 ann");
    expect(await heldIn(store, "q", "b")).toBe("1-1 ann, 2-1 ann");
  });

  check("what is taken for good is gone", async (store) => {
    await store.configure("q", { "keep-completed": "9" });
    await addAll(store, "q", "1-1", "2-1", "3-1");
    expect(await take(store, "q", "default", "ann", 2, true)).toBe("1-1 2-1");
    expect(await entriesOf(store, "q")).toBe("3-1");
    expect(await pendingOf(store, "q", "default")).toEqual([]);
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("a group that is not there takes nothing, but default does", async (store) => {
    for (const queue of ["nowhere", "q"]) {
      if (queue === "q") await addAll(store, "q", "1-1");
      expect(await store.submit(taking(queue, "g", "ann"))).toBe(NO_GROUP);
      expect(await store.submit(taking(queue, "", "ann"))).toBe(NO_GROUP);
    }
    expect(await take(store, "nowhere", "default", "ann")).toBe("");
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
    expect(await take(store, "q", "default", "ann")).toBe("1-1");
  });

  check("default is another name of the first group", async (store) => {
    await store.submit(creating("q", "first"));
    await addAll(store, "q", "1-1", "2-1", "3-1");
    expect(await take(store, "q", "first", "ann")).toBe("1-1");
    expect(await take(store, "q", "default", "bob")).toBe("2-1");
    expect(await heldIn(store, "q", "first")).toBe("1-1 ann, 2-1 bob");
    expect(await heldIn(store, "q", "default")).toBe("1-1 ann, 2-1 bob");
    await restartAll(store);
    expect(await take(store, "q", "first", "ann")).toBe("3-1");
  });

  check("each group takes every entry, each from its own queue", async (store) => {
    for (const group of ["a", "b", "c"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1", "2-1");
    const taken = await store.submit(taking("q", "b", "ann"));
    expect(taken).toMatchObject({ queue: Buffer.from("q@b"), popped: [{ attempt: 1 }] });
    expect(await take(store, "q", "a", "ann", 9)).toBe("1-1 2-1");
    expect(await take(store, "q", "b", "bob", 9)).toBe("2-1");
    expect(await take(store, "q", "c", "ann", 9, true)).toBe("1-1 2-1");
    expect(await entriesOf(store, "q")).toBe("1-1 2-1");
    expect(await entriesOf(store, "q@b")).toBe("1-1 2-1");
    expect(await entriesOf(store, "q@c")).toBe("");
    expect(await heldIn(store, "q", "b")).toBe("1-1 ann, 2-1 bob");
  });

  check("a queue that QBIND bound is a group, of a queue that is no stream too", async (store) => {
    await bind(store, "q", "mail");
    await store.push("q", "1");
    expect(await take(store, "q", "mail", "ann")).toBe("1");
    expect(await heldIn(store, "q", "mail")).toBe("1 ann");
    expect(await heldIn(store, "q", "default")).toBe("");
    expect((await store.statusOf("q@mail")).isStream).toBe(false);
    await store.submit({ kind: "unbind", queue: Buffer.from("q"), name: Buffer.from("mail") });
    expect(await store.submit(taking("q", "mail", "ann"))).toBe(NO_GROUP);
    expect(await heldIn(store, "q@mail", "default")).toBe("1 ann");
  });

  check("a stream notes who takes, also if there is nothing", async (store) => {
    await store.submit(creating("q", "a"));
    await store.submit(creating("q", "b"));
    expect(await take(store, "q", "default", "ann")).toBe("");
    expect(await take(store, "q", "b", "bob")).toBe("");
    expect(await consumersOf(store, "q", "a")).toEqual({ ann: 0 });
    expect(await consumersOf(store, "q", "b")).toEqual({ bob: 0 });
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "a", "carl");
    await take(store, "q", "a", "ann", 1, true);
    expect(await consumersOf(store, "q", "a")).toEqual({ ann: 0, carl: 1 });
    await store.submit(removing("q", "1-1"));
    await restartAll(store);
    expect(await consumersOf(store, "q", "a")).toEqual({ ann: 0, carl: 0 });
  });

  check("another queue keeps no names, and shows who has claims", async (store) => {
    await store.push("q", "1-1");
    expect(await take(store, "q", "default", "ann")).toBe("1-1");
    expect(await take(store, "q", "default", "bob")).toBe("");
    expect(await consumersOf(store, "q", "default")).toEqual({ ann: 1 });
    await store.ack("q", "1-1");
    expect(await store.list()).toEqual([]);
  });

  check("what holds back pops holds back groups", async (store) => {
    await store.submit(creating("q", "g"));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1", "6-1");
    await store.pause("q", ["out"]);
    expect(await take(store, "q", "g", "ann", 9)).toBe("");
    await store.resume("q", ["out"]);
    await store.pause("q", ["out"], { worker: "ann" });
    expect(await take(store, "q", "g", "ann", 9)).toBe("");
    await store.configure("q", { "max-claimed": "2" });
    expect(await take(store, "q", "g", "bob", 9)).toBe("1-1 2-1");
    expect(await take(store, "q", "g", "bob", 9)).toBe("");
    await store.configure("q", { "max-claimed": null, rate: "3/1" });
    await store.resume("q", ["out"], "ann");
    expect((await take(store, "q", "g", "ann", 9)).split(" ").length).toBeLessThan(4);
  });

  check("a batch of entries stops behind so many bytes of contents", async (store) => {
    const contents = "x".repeat(BATCH_CONTENTS_BYTES / 2);
    for (const id of ["1-1", "2-1", "3-1", "4-1", "5-1"]) await add(store, "q", id, { contents });
    expect(await take(store, "q", "default", "ann", 9)).toBe("1-1 2-1 3-1");
    expect(await take(store, "q", "default", "ann", 9, true)).toBe("4-1 5-1");
  });

  check("an expired entry is not taken", async (store) => {
    await store.configure("q", { ttl: "1" });
    await addAll(store, "q", "1-1");
    store.advance(500);
    await addAll(store, "q", "2-1");
    store.advance(500);
    expect(await take(store, "q", "default", "ann", 9)).toBe("2-1");
  });

  for (const isForGood of [false, true]) {
    const how = isForGood ? "for good" : "with a lease";
    check(`what was taken ${how} goes back to its place`, async (store) => {
      for (const group of ["a", "b"]) await store.submit(creating("q", group));
      await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
      for (const [group, queue] of [
        ["a", "q"],
        ["b", "q@b"],
      ] as const) {
        const events = await takeUndoable(store, "q", group, "ann", 3, isForGood);
        for (const at of [1, 2, 0]) {
          expect(await store.another().unpop(queue, events[at]!)).toBe(true);
          expect(await store.unpop(queue, events[at]!)).toBe(false);
        }
        expect(await entriesOf(store, queue)).toBe("1-1 2-1 3-1 4-1");
        expect(await store.ids(queue, "ready")).toEqual(["1-1", "2-1", "3-1", "4-1"]);
        const again = await takeUndoable(store, "q", group, "ann", ALL, isForGood);
        expect(again.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
        expect(await store.list()).toContainEqual([queue, isForGood ? 0 : 4, isForGood ? 0 : 4, 0]);
      }
    });
  }

  check("consumers take at the same time, and one that is paused takes nothing", async (store) => {
    await store.submit(creating("q", "a"));
    await store.submit(creating("q", "b"));
    await addAll(store, "q", "1-1", "2-1", "3-1");
    await store.pause("q@b", ["out"], { worker: "bob" });
    const names = ["bob", "bob", "ann", "cid", "ann", "cid", "bob", "bob"];
    const takes = names.map((name) => store.another().submit(taking("q", "b", name)));
    const taken = ((await Promise.all(takes)) as StreamTaken[]).map(({ popped }) =>
      popped.map(({ id }) => textOf(id)).join(),
    );
    expect(taken.filter((_, at) => names[at] === "bob")).toEqual(["", "", "", ""]);
    expect(taken.filter(Boolean).toSorted()).toEqual(["1-1", "2-1", "3-1"]);
    const held = taken.flatMap((id, at) => (id ? [`${id} ${names[at]}`] : []));
    expect(await heldIn(store, "q", "b")).toBe(held.toSorted().join(", "));
    expect(Object.keys(await consumersOf(store, "q", "b"))).toEqual(["ann", "bob", "cid"]);
    expect((await groupsOf(store, "q")).b!.deliveredId).toBe("3-1");
  });

  check("a member of a counter counts when it is taken for good", async (store) => {
    await store.configure("c", { "max-length": "1" });
    await init(store, 2);
    await store.pushWith("c@1", "1", member);
    expect(await take(store, "c@1", "default", "ann", 1, true)).toBe("1");
    expect(await left(store)).toBe(1);
    await store.pushWith("c@1", "2", member);
    await store.push("c", "full");
    const refused = store.another().submit(taking("c@1", "default", "ann", 1, true));
    expect(await refusalOf(refused)).toBe("QUEUEFULL c");
    expect(await left(store)).toBe(1);
    expect(await store.counts("c@1")).toEqual({ ready: 1 });
    expect(await take(store, "c@1", "default", "ann")).toBe("2");
    expect(await left(store)).toBe(1);
  });
}
