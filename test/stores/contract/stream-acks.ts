// How claims of groups end: acknowledged, or given back; and which claims there are.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { NO_GROUP } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import { init, left, member, restartAll } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import {
  ack,
  acking,
  addAll,
  claim,
  claiming,
  creating,
  entriesOf,
  heldIn,
  lookingAtClaims,
  nack,
  nacking,
  pendingOf,
  take,
} from "./stream-caller.ts";

/** A stream q with the groups a (q), b (q@b) and c (q@c), and three entries. */
async function threeGroups(store: LifeCaller): Promise<void> {
  for (const group of ["a", "b", "c"]) await store.submit(creating("q", group));
  await addAll(store, "q", "1-1", "2-1", "3-1");
}

async function cancel(store: LifeCaller, queue: string, id: string): Promise<void> {
  const names = { queue: Buffer.from(queue), id: Buffer.from(id) };
  await store.submit({ kind: "cancel", ...names });
}

export function streamAcks(check: Check): void {
  check("a group acknowledges what it has claimed, whoever has the claim", async (store) => {
    await threeGroups(store);
    await take(store, "q", "a", "ann", 2);
    expect(await ack(store, "q", "a", ["2-1", "3-1", "9-9", "2-1", "x"])).toEqual([
      "acked",
      "none",
      "none",
      "none",
      "none",
    ]);
    expect(await entriesOf(store, "q")).toBe("1-1 3-1");
    await claim(store, claiming("q", "a", "bob", ["1-1"]));
    expect(await ack(store, "q", "default", ["1-1"])).toEqual(["acked"]);
    expect(await ack(store, "q", "a", ["1-1"])).toEqual(["none"]);
    expect(await entriesOf(store, "q@b")).toBe("1-1 2-1 3-1");
    expect(await store.submit(acking("q", "b", ["1-1"]))).toEqual({
      queue: Buffer.from("q@b"),
      outcomes: ["none"],
    });
    // Also where a pop claimed it, with a token or without one.
    await store.pop("q@b");
    await store.mustClaim("q@b");
    expect(await ack(store, "q", "b", ["1-1", "2-1"])).toEqual(["acked", "acked"]);
    await restartAll(store);
    expect(await entriesOf(store, "q@b")).toBe("3-1");
    expect(await entriesOf(store, "q")).toBe("3-1");
  });

  check("a group that is not there has claimed nothing", async (store) => {
    const nothing = (queue: string) => ({ queue: Buffer.from(queue), outcomes: ["none"] });
    for (const group of ["g", "default"]) {
      expect(await store.submit(acking("q", group, ["1-1"]))).toEqual(nothing("q") as never);
    }
    expect(await store.list()).toEqual([]);
    await addAll(store, "q", "1-1");
    await take(store, "q", "default", "ann");
    for (const others of ["keep", "remove", "count"] as const) {
      const result = await store.submit(acking("q", "g", ["1-1"], others));
      expect(result).toEqual(nothing("q") as never);
    }
    expect(await heldIn(store, "q", "default")).toBe("1-1 ann");
  });

  check("an acknowledgement keeps what other groups have, or tells of it", async (store) => {
    await threeGroups(store);
    for (const group of ["a", "b"]) await take(store, "q", group, "ann", 9);
    expect(await ack(store, "q", "a", ["1-1", "2-1"], "keep")).toEqual(["acked", "acked"]);
    expect(await entriesOf(store, "q@b")).toBe("1-1 2-1 3-1");
    // The last group that has it.
    await take(store, "q", "c", "ann", 1, true);
    expect(await ack(store, "q", "b", ["1-1", "2-1", "9-9"], "count")).toEqual([
      "acked",
      "shared",
      "none",
    ]);
    expect(await entriesOf(store, "q@c")).toBe("2-1 3-1");
    expect(await ack(store, "q", "a", ["3-1"], "count")).toEqual(["shared"]);
    expect(await entriesOf(store, "q")).toBe("");
    expect(await entriesOf(store, "q@b")).toBe("3-1");
  });

  check("an acknowledgement removes what other groups have", async (store) => {
    await threeGroups(store);
    for (const group of ["a", "b"]) await take(store, "q", group, "ann", 2);
    expect(await ack(store, "q", "b", ["1-1"], "remove")).toEqual(["acked"]);
    for (const queue of ["q", "q@b", "q@c"]) expect(await entriesOf(store, queue)).toBe("2-1 3-1");
    expect(await heldIn(store, "q", "a")).toBe("2-1 ann");
    expect(await ack(store, "q", "a", ["2-1"], "remove")).toEqual(["acked"]);
    for (const queue of ["q", "q@b", "q@c"]) expect(await entriesOf(store, queue)).toBe("3-1");
    // What the group has not claimed stays.
    expect(await ack(store, "q", "a", ["3-1"], "remove")).toEqual(["none"]);
    for (const queue of ["q", "q@b", "q@c"]) expect(await entriesOf(store, queue)).toBe("3-1");
    // Entries in other states too.
    await store.fail("q@b", await store.mustClaim("q@b"), "final");
    await take(store, "q", "a", "ann");
    expect(await ack(store, "q", "a", ["3-1"], "remove")).toEqual(["acked"]);
    expect(await store.counts("q@b")).toEqual({ failed: 1 });
    expect(await entriesOf(store, "q@c")).toBe("");
  });

  check("acknowledged entries are completed where the queue keeps them", async (store) => {
    await threeGroups(store);
    await store.configure("q@b", { "keep-completed": "9" });
    for (const group of ["a", "b"]) await take(store, "q", group, "ann", 9);
    await ack(store, "q", "b", ["1-1"], "remove");
    expect(await store.counts("q@b")).toEqual({ claimed: 2, completed: 1 });
    expect(await store.counts("q")).toEqual({ claimed: 2 });
  });

  check("an acknowledgement that its counter refuses changes nothing", async (store) => {
    await store.configure("c", { "max-length": "1" });
    await init(store, 2);
    await store.pushWith("c@1", "1", member);
    await store.pushWith("c@1", "2", member);
    await store.push("c", "full");
    await take(store, "c@1", "default", "ann", 2);
    for (const others of ["keep", "remove", "count"] as const) {
      const refused = store.another().submit(acking("c@1", "default", ["1", "2"], others));
      expect(await refusalOf(refused)).toBe("QUEUEFULL c");
      expect([await left(store), await store.counts("c@1")]).toEqual([2, { claimed: 2 }]);
    }
    await store.flush("c");
    expect(await ack(store, "c@1", "default", ["1", "2"])).toEqual(["acked", "acked"]);
    expect(await left(store)).toBeNull();
    expect(await store.counts("c")).toEqual({ ready: 1 });
  });

  check(
    "of acknowledgements at the same time only one that is refused does nothing",
    async (store) => {
      await store.configure("c", { "max-length": "1" });
      await init(store, 2);
      for (const id of ["1", "2"]) await store.pushWith("c@1", id, member);
      await store.push("c@1", "3");
      await store.push("c", "full");
      await take(store, "c@1", "default", "ann", 3);
      const sent = ["1", "3", "2"].map((id) =>
        store.another().submit(acking("c@1", "default", [id, id])),
      );
      const [first, plain, second] = await Promise.allSettled(sent);
      expect(plain).toMatchObject({ value: { outcomes: ["acked", "none"] } });
      const [acked, refused] = first!.status === "fulfilled" ? [first, second] : [second, first];
      expect(acked).toMatchObject({ value: { outcomes: ["acked", "none"] } });
      expect(refused).toMatchObject({ reason: { message: "the queue is full" } });
      expect([await left(store), await store.counts("c@1")]).toEqual([1, { claimed: 1 }]);
    },
  );

  check("claims are given back in their order, and count nothing", async (store) => {
    await threeGroups(store);
    await take(store, "q", "b", "ann", 3);
    expect(await nack(store, "q", "b", ["1-1", "9-9", "2-1"], "redo")).toEqual([
      "ready",
      null,
      "ready",
    ]);
    expect(await store.ids("q@b", "ready")).toEqual(["1-1", "2-1"]);
    expect(await store.mustGet("q@b", "1-1")).toMatchObject({ failures: 0, crashes: 0 });
    expect(await heldIn(store, "q", "b")).toBe("3-1 ann");
    const ended = await store.submit(nacking("q", "b", ["3-1"], "redo"));
    expect(ended).toEqual({ queue: Buffer.from("q@b"), outcomes: ["ready"] });
    // The latest one stands in front.
    expect(await take(store, "q", "b", "bob", 9)).toBe("3-1 1-1 2-1");
    await restartAll(store);
    expect(await pendingOf(store, "q", "b")).toEqual([
      ["1-1", "bob", 0, 1],
      ["2-1", "bob", 0, 1],
      ["3-1", "bob", 0, 1],
    ]);
  });

  check("claims end as failures, with backoff or for good", async (store) => {
    await store.configure("q", { backoff: "fixed 5" });
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    await take(store, "q", "default", "ann", 4);
    await cancel(store, "q", "4-1");
    expect(await nack(store, "q", "default", ["1-1", "4-1"], "fail")).toEqual([
      "delayed",
      "removed",
    ]);
    expect(await nack(store, "q", "default", ["2-1", "2-1"], "final")).toContain("failed");
    expect(await store.counts("q")).toEqual({ delayed: 1, failed: 1, claimed: 1 });
    expect(await store.dueInMs("q", "1-1")).toBe(5000);
    for (const id of ["1-1", "2-1"]) {
      const facts = await store.mustGet("q", id);
      expect(facts).toMatchObject({ failures: 1, crashes: 0 });
      expect(textOf(facts.lastError!)).toBe("");
    }
    await store.configure("q", { backoff: "none", "max-attempts": "2", "failed-to": "q@dead" });
    store.advance(5000);
    await store.reclaim();
    expect(await nack(store, "q", "default", ["3-1"], "fail")).toEqual(["ready"]);
    expect(await take(store, "q", "default", "ann", 9)).toContain("3-1");
    expect(await nack(store, "q", "default", ["3-1"], "fail")).toEqual(["failed"]);
    expect(await store.ids("q@dead", "ready")).toEqual(["3-1"]);
  });

  check("a cancelled claim that is given back is removed", async (store) => {
    await addAll(store, "q", "1-1", "2-1", "3-1");
    await take(store, "q", "default", "ann", 3);
    for (const id of ["1-1", "2-1", "3-1"]) await cancel(store, "q", id);
    expect(await nack(store, "q", "default", ["1-1"], "redo")).toEqual(["removed"]);
    expect(await nack(store, "q", "default", ["2-1"], "final")).toEqual(["removed"]);
    expect(await nack(store, "q", "default", ["3-1"], "fail")).toEqual(["removed"]);
    expect(await entriesOf(store, "q")).toBe("");
  });

  check("the claims of a group are shown in the order of their places", async (store) => {
    await store.submit(creating("q", "g"));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    const pending = (options: Parameters<typeof lookingAtClaims>[2] = {}) =>
      pendingOf(store, "q", "g", options);
    expect(await pending()).toEqual([]);
    await store.push("q", "3-0", "right");
    await take(store, "q", "g", "ann", 2);
    store.advance(10);
    await take(store, "q", "g", "bob", 2);
    store.advance(5);
    await store.pop("q");
    const rows = [
      ["1-1", "ann", 15, 1],
      ["2-1", "bob", 5, 1],
      ["3-0", "ann", 15, 1],
      ["3-1", "bob", 5, 1],
      ["4-1", "", 0, 1],
    ];
    expect(await pending()).toEqual(rows as never);
    await restartAll(store);
    expect(await pending()).toEqual(rows as never);
    expect(await pending({ from: "2-1", to: "3-0" })).toEqual(rows.slice(1, 3) as never);
    expect(await pending({ from: "2-2", to: "2-9" })).toEqual([]);
    expect(await pending({ from: "3-1", to: "2-1" })).toEqual([]);
    expect(await pending({ from: "2-1", count: 2 })).toEqual(rows.slice(1, 3) as never);
    expect(await pending({ count: 0 })).toEqual([]);
    expect(await pending({ consumer: "ann" })).toEqual([rows[0], rows[2]] as never);
    expect(await pending({ consumer: "bob", count: 1 })).toEqual([rows[1]] as never);
    expect(await pending({ consumer: "" })).toEqual([rows[4]] as never);
    expect(await pending({ consumer: "nobody" })).toEqual([]);
    expect(await pending({ minIdleMs: 15, count: 2 })).toEqual([rows[0], rows[2]] as never);
    expect(await pending({ minIdleMs: 5, from: "3-1" })).toEqual([rows[3]] as never);
    expect(await pending({ minIdleMs: 16 })).toEqual([]);
  });

  check("idle is since the claim began, and an attempt counts what failed", async (store) => {
    await store.configure("q", { backoff: "none" });
    await addAll(store, "q", "1-1");
    await store.fail("q", await store.mustClaim("q"));
    await store.crash("q", await store.mustClaim("q"));
    const held = await store.mustClaim("q", 60_000, "a worker \xff");
    store.advance(7);
    await store.touch("q", held, { lease: 90_000 });
    expect(await pendingOf(store, "q", "default")).toEqual([["1-1", "a worker \xff", 7, 3]]);
    const worker = { consumer: "a worker \xff" };
    expect(await pendingOf(store, "q", "default", worker)).toHaveLength(1);
  });

  check("a group that is not there shows and gives back nothing", async (store) => {
    for (const queue of ["nowhere", "q"]) {
      if (queue === "q") await addAll(store, "q", "1-1");
      expect(await pendingOf(store, queue, "g")).toBe(NO_GROUP);
      expect(await nack(store, queue, "g", ["1-1"], "redo")).toBe(NO_GROUP);
      expect(await pendingOf(store, queue, "default")).toEqual([]);
      expect(await nack(store, queue, "default", ["1-1"], "fail")).toEqual([null]);
    }
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
  });
}
