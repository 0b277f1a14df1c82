// Unpop: undoes a pop whose reply reached no client, and touches no other claim.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { leaseMs } from "./caller.ts";

/** Leases of claimed events, and 0 for events that the pop removed. */
const leases = [leaseMs, 1000, 0];

export function unpops(check: Check): void {
  check("an undone pop returns the event to its rank", async (store) => {
    for (const lease of leases) {
      await store.pushAll("q", ["came back", "oldest", "newest"]);
      await store.pop("q", 10);
      store.advance(10);
      await store.reclaim();
      await store.push("q", "right", "right");
      const order = ["right", "came back", "oldest", "newest"];
      for (let count = 1; count <= order.length; count++) {
        const popped = [];
        for (let i = 0; i < count; i++) popped.push(await store.popUndoable("q", lease));
        for (const event of popped) expect(await store.unpop("q", event)).toBe(true);
        expect(await store.status("q")).toEqual([["q", 4, 0, 0]]);
        expect(await store.peekEvent("q", "right")).toEqual(["right", "contents of right"]);
      }
      expect(await store.drain("q")).toEqual(order);
    }
  });

  check("pops of several consumers are undone in any order", async (store) => {
    for (const lease of leases) {
      await store.pushAll("q", ["1", "2", "3", "4", "5"]);
      const popped = [];
      for (const _ of "1234") popped.push(await store.popUndoable("q", lease));
      for (const at of [2, 0, 3, 1]) {
        expect(await store.another().unpop("q", popped[at]!)).toBe(true);
      }
      expect(await store.drain("q")).toEqual(["1", "2", "3", "4", "5"]);
    }
  });

  check(
    "an undone pop is not a redo: later pushes at the right end stay in front",
    async (store) => {
      for (const lease of leases) {
        await store.push("q", "first", "right");
        await store.push("q", "old");
        const popped = [await store.popUndoable("q", lease), await store.popUndoable("q", lease)];
        await store.push("q", "second", "right");
        for (const event of popped) expect(await store.unpop("q", event)).toBe(true);
        expect(await store.drain("q")).toEqual(["second", "first", "old"]);
      }
    },
  );

  check("an event whose pop is undone stays after events requeued meanwhile", async (store) => {
    for (const lease of leases) {
      await store.pushAll("q", ["1", "2", "3"]);
      await store.pop("q", 10);
      const popped = await store.popUndoable("q", lease);
      store.advance(10);
      await store.reclaim();
      expect(await store.unpop("q", popped)).toBe(true);
      expect(await store.drain("q")).toEqual(["1", "2", "3"]);
    }
  });

  check("an undone pop can be done and undone again, or acknowledged", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    for (const _ of "123") {
      expect(await store.unpop("q", await store.popUndoable("q"))).toBe(true);
      expect(await store.unpop("q", await store.popUndoable("q", 0))).toBe(true);
    }
    expect(await store.pop("q", 1000)).toBe("1");
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.pop("q")).toBe("1");
    expect(await store.ack("q", "1")).toBe(true);
    expect(await store.drain("q")).toEqual(["2"]);
    expect(await store.list()).toEqual([]);
  });

  check("a pop whose claim has ended is not undone", async (store) => {
    await store.push("q", "1");
    const acked = await store.popUndoable("q");
    await store.ack("q", "1");
    expect(await store.unpop("q", acked)).toBe(false);
    expect(await store.unpop("nowhere", acked)).toBe(false);
    await store.push("q", "2");
    const lost = await store.popUndoable("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await store.unpop("q", lost)).toBe(false);
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
    const redone = await store.popUndoable("q");
    await store.redo("q", "2");
    await store.push("q", "3", "right");
    expect(await store.unpop("q", redone)).toBe(false);
    expect(await store.drain("q")).toEqual(["3", "2"]);
  });

  check(
    "a later claim of the event is kept, with equal and with different leases",
    async (store) => {
      for (const [first, second] of [
        [1000, 1000],
        [3000, 1000],
        [1000, 3000],
        [leaseMs, leaseMs],
      ] as const) {
        await store.push("q", "1");
        const late = await store.popUndoable("q", first);
        await store.redo("q", "1");
        // If the second lease is shorter, both leases now expire at the same time.
        store.advance(Math.max(0, first - second));
        await store.pop("q", second);
        expect(await store.unpop("q", late)).toBe(false);
        expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
        expect(await store.ack("q", "1")).toBe(true);
      }
    },
  );

  check("an event pushed meanwhile with the same id is kept", async (store) => {
    for (const lease of leases) {
      await store.push("q", "1", "left", "old");
      const old = await store.popUndoable("q", lease);
      await store.ack("q", "1");
      await store.push("q", "1", "left", "new");
      expect(await store.unpop("q", old)).toBe(false);
      expect(await store.popEvent("q", leaseMs)).toEqual(["1", "new"]);
      expect(await store.unpop("q", old)).toBe(false);
      expect(await store.ack("q", "1")).toBe(true);
    }
  });

  check("an undone pop is reported as ready, and creates its queue again", async (store) => {
    for (const lease of leases) {
      const before = store.reportedReady("q");
      await store.push("q", "1");
      const popped = await store.popUndoable("q", lease);
      await store.unpop("q", popped);
      await store.unpop("q", popped);
      await store.status("q");
      expect(store.reportedReady("q") - before).toBe(2);
      expect(await store.list()).toEqual([["q", 1, 0, 0]]);
      await store.drain("q");
    }
  });
}
