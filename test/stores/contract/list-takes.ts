// What lists take and add is what pops and pushes do: undo, what holds it back, refusals, copies in
// bound queues, members of counters, and what is told of it.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Popped } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bind, boundOf, pushedTotal } from "./bound-caller.ts";
import { textOf } from "./caller.ts";
import { init, KEY, left, member, restartAll } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import {
  changed,
  counted,
  inserted,
  insertInto,
  listOf,
  moved,
  moveFrom,
  popFrom,
  popped,
  popUndoable,
  pushed,
  pushTo,
  removed,
  trimmed,
} from "./list-caller.ts";
import { transaction } from "./list-transactions.ts";
import { toldBy } from "./told.ts";

/** In a cluster they are in one shard. */
const [Q, T] = ["{q}", "t{q}"];
const ends = ["left", "right"] as const;

/** The latest one first, as for a client that is gone. */
async function undo(store: LifeCaller, events: Popped[]): Promise<void> {
  for (const event of events.toReversed()) {
    expect(await store.another().unpop(textOf(event.queue), event)).toBe(true);
  }
}

/** Another session does it: what a refusal says, or "done". */
function outcomeOf(store: LifeCaller, operation: Operation): Promise<string> {
  return refusalOf(store.another().submit(operation));
}

export function listTakes(check: Check): void {
  for (const end of ends) {
    check(`what was taken at the ${end} end goes back to its place`, async (store) => {
      const list = ["a", "b", "c", "d", "e", "f"];
      for (let count = 1; count <= list.length; count++) {
        await pushTo(store, "q", "right", "d", "e", "f");
        await pushTo(store, "q", "left", "c", "b", "a");
        const events = await popUndoable(store, ["q"], end, count);
        expect(events).toHaveLength(count);
        await undo(store, events);
        expect(await listOf(store, "q")).toEqual(list);
        // The ends are where they were: what comes then stands beyond.
        await pushTo(store, "q", "left", "left");
        await pushTo(store, "q", "right", "right");
        expect(await listOf(store, "q")).toEqual(["left", ...list, "right"]);
        expect(await store.unpop("q", events[0]!)).toBe(false);
        await store.flush("q");
      }
    });

    check(`an event taken at the ${end} end comes back with all that it had`, async (store) => {
      const headers: [string, string][] = [["a", "b"]];
      for (const order of [{ priority: 4 }, { group: "g" }, {}]) {
        await store.pushWith("q", "1", { headers, ttlMs: 90_000, ...order });
        await store.fail("q", await store.mustClaim("q"), { afterMs: 0 }, "broken");
        const { version: _, ...before } = await store.mustGet("q", "1");
        const events = await popUndoable(store, ["r", "q"], end);
        expect(await store.list()).toEqual([]);
        store.advance(5);
        await undo(store, events);
        expect(await store.mustGet("q", "1")).toMatchObject(before);
        await store.flush("q");
      }
    });

    check(`pauses and the rate of a queue hold back its ${end} end`, async (store) => {
      await store.configure(Q, { rate: "2/1" });
      await pushTo(store, Q, "left", "1", "2", "3", "4");
      await store.pause(Q, ["out"]);
      expect(await popFrom(store, [Q], end, 9)).toEqual([]);
      expect(await moveFrom(store, Q, end, T, "left")).toBeNull();
      await store.resume(Q, ["out"]);
      const taken = await popUndoable(store, [Q], end, 9);
      expect(taken).toHaveLength(2);
      expect(await moveFrom(store, Q, end, T, "left")).toBeNull();
      expect(await store.pop(Q)).toBeNull();
      await undo(store, taken.slice(1));
      expect(await moveFrom(store, Q, end, T, "left")).toBe(end === "left" ? "3" : "2");
      expect(await popFrom(store, [Q], end)).toEqual([]);
      store.advance(1000);
      await store.reclaim();
      expect(await popFrom(store, [Q], end, 9)).toHaveLength(2);
    });

    check(`an expired event is not taken at the ${end} end`, async (store) => {
      await store.configure("q", { expired: "drop" });
      for (const id of ["1", "2", "3"]) {
        await store.pushWith("q", id, id === "2" ? {} : { ttlMs: 10 });
      }
      store.advance(10);
      expect(await popFrom(store, ["q"], end, 2)).toEqual(["q: contents of 2"]);
      await store.reclaim();
      expect(await store.counts("q")).toEqual({});
    });

    check(`a member counts when it is taken at the ${end} end, and undone not`, async (store) => {
      await init(store, 2);
      for (const id of ["1", "2"]) await store.pushWith("c@1", id, member);
      const events = await popUndoable(store, ["c@1"], end);
      expect(await left(store)).toBe(1);
      await undo(store, events);
      expect(await left(store)).toBe(2);
      expect(await popFrom(store, ["c@1"], end)).toHaveLength(1);
      await restartAll(store);
      expect(await moveFrom(store, "c@1", end, "c@2", "left")).not.toBeNull();
      expect(await left(store)).toBeNull();
      expect(await store.ids("c", "ready")).toEqual([KEY]);
    });

    check(`nothing is taken at the ${end} end if its counter could not push`, async (store) => {
      await store.configure("c", { "max-length": "1" });
      await init(store, 1);
      await store.pushWith("c@1", "1", member);
      await store.push("c", "full");
      for (const operation of [
        popped(["c@1"], end),
        popped(["c@1"], end, 9),
        moved("c@1", end, "c@1", "left"),
      ]) {
        expect(await outcomeOf(store, operation)).toBe("QUEUEFULL c");
        expect(await store.counts("c@1")).toEqual({ ready: 1 });
        expect(await left(store)).toBe(1);
      }
      await store.pushWith("c@1", "2", { end: "right" });
      await store.pushWith("c@1", "3", { end: "left" });
      expect(await popFrom(store, ["c@1"], end, 9)).toHaveLength(1);
      await store.flush("c");
      // The event that moves and that of the counter do not fit both.
      await store.remove("c@1", ["2", "3"]);
      expect(await outcomeOf(store, moved("c@1", end, "c", "left"))).toBe("QUEUEFULL c");
      expect([await left(store), await store.counts("c")]).toEqual([1, {}]);
      await store.configure("c", { "max-length": "2" });
      expect(await moveFrom(store, "c@1", end, "c", "left")).toBe("contents of 1");
      expect(await store.counts("c")).toEqual({ ready: 2 });
    });
  }

  check("limits of groups hold back the right end only; either is a turn", async (store) => {
    await store.configure("q", { "group-limit": "1" });
    for (const id of ["a1", "a2", "b1", "b2"]) await store.pushWith("q", id, { group: id[0]! });
    expect((await store.mustClaim("q")).id).toBe("a1");
    expect((await store.mustClaim("q")).id).toBe("b1");
    expect(await popFrom(store, ["q"], "right")).toEqual([]);
    expect(await popFrom(store, ["q"], "left")).toEqual(["q: contents of b2"]);
    expect(await store.ids("q", "ready")).toEqual(["a2"]);
    await store.flush("q");
    await store.configure("q", { "group-limit": null });
    for (const id of ["a1", "a2", "b1", "b2"]) await store.pushWith("q", id, { group: id[0]! });
    expect(await popFrom(store, ["q"], "right")).toEqual(["q: contents of a1"]);
    expect(await popFrom(store, ["q"], "left")).toEqual(["q: contents of b2"]);
    expect(await popFrom(store, ["q"], "right")).toEqual(["q: contents of a2"]);
  });

  check("claims are not counted, and max-claimed holds back neither end", async (store) => {
    await store.configure("q", { "max-claimed": "1" });
    await store.pushAll("q", ["1", "2", "3"]);
    await store.mustClaim("q");
    expect(await store.claim("q")).toBeNull();
    expect(await popFrom(store, ["q"], "left")).toEqual(["q: contents of 3"]);
    expect(await popFrom(store, ["q"], "right")).toEqual(["q: contents of 2"]);
    expect(await store.counts("q")).toEqual({ claimed: 1 });
  });

  check("what does not fit is refused as a whole, and nothing is done", async (store) => {
    await store.configure(T, { "max-length": "3" });
    await pushTo(store, Q, "right", "a", "b");
    await pushTo(store, T, "right", "x", "y");
    expect(await outcomeOf(store, pushed(T, "left", ["1", "2"]))).toBe(`QUEUEFULL ${T}`);
    expect(await pushTo(store, T, "left", "w")).toBe(3);
    const refused = [
      pushed(T, "right", ["1"], true),
      moved(Q, "left", T, "left"),
      inserted(T, "before", "y", "1"),
      transaction(popped([T], "left"), pushed(T, "left", ["1"])),
      transaction(popped([T], "left"), moved(Q, "left", T, "right")),
      transaction(popped([T], "left"), inserted(T, "before", "y", "1")),
    ];
    for (const operation of refused) {
      expect(await outcomeOf(store, operation)).toBe(`QUEUEFULL ${T}`);
      expect([await listOf(store, Q), await listOf(store, T)]).toEqual([
        ["a", "b"],
        ["w", "x", "y"],
      ]);
    }
    // What leaves makes room.
    expect(await moveFrom(store, T, "left", T, "right")).toBe("w");
    await store.configure(T, { "max-length": "2" });
    expect(await moveFrom(store, T, "right", T, "left")).toBe("w");
    expect(await moveFrom(store, T, "left", T, "right")).toBe("w");
    await store.configure(T, { "max-length": "3" });
    expect(await store.submit(inserted(T, "before", "z", "1"))).toEqual({ length: -1, id: null });
    await store.pause(T, ["in"]);
    for (const operation of refused) {
      expect(await outcomeOf(store, operation)).toBe(`PAUSED ${T}`);
    }
    expect(await moveFrom(store, "nowhere{q}", "left", T, "left")).toBeNull();
    expect(await outcomeOf(store, changed(T, 0, "changed"))).toBe("done");
    expect(await listOf(store, T)).toEqual(["changed", "y", "w"]);
  });

  check("the oldest events make room where a queue drops them", async (store) => {
    await store.configure(T, { "max-length": "3", "on-full": "drop-oldest" });
    expect(await pushTo(store, T, "left", "3", "2", "1")).toBe(3);
    expect(await pushTo(store, T, "left", "0", "-1")).toBe(3);
    expect(await listOf(store, T)).toEqual(["-1", "0", "1"]);
    const four = ["1", "2", "3", "4"];
    expect(await outcomeOf(store, pushed(T, "left", four))).toBe(`QUEUEFULL ${T}`);
    await pushTo(store, Q, "left", "a");
    expect(await moveFrom(store, Q, "left", T, "left")).toBe("a");
    expect(await listOf(store, T)).toEqual(["a", "-1", "0"]);
    expect(await moveFrom(store, T, "left", T, "left")).toBe("a");
    expect(await insertInto(store, T, "after", "a", "b")).toBe(3);
    expect(await listOf(store, T)).toEqual(["a", "b", "-1"]);
    // The pivot itself goes.
    expect(await insertInto(store, T, "before", "-1", "c")).toBe(3);
    expect(await listOf(store, T)).toEqual(["a", "b", "c"]);
    expect(await insertInto(store, T, "after", "c", "d")).toBe(3);
    expect(await listOf(store, T)).toEqual(["a", "b", "d"]);
  });

  check("bound queues get a copy of what lists push, move and insert", async (store) => {
    await bind(store, T, "1");
    const copies = boundOf(T, "1");
    const copy = () => listOf(store, copies);
    expect(await pushTo(store, T, "left", "c", "a")).toBe(2);
    // With as many on either side it enters at the right end.
    expect(await insertInto(store, T, "before", "c", "b")).toBe(3);
    expect(await copy()).toEqual(["a", "c", "b"]);
    await store.submit(removed(copies, "b", 0));
    await store.submit(inserted(copies, "after", "a", "b"));
    expect(await pushTo(store, T, "right", "d")).toBe(4);
    expect(await copy()).toEqual(["a", "b", "c", "d"]);
    await pushTo(store, Q, "left", "e");
    expect(await moveFrom(store, Q, "left", T, "right")).toBe("e");
    // An insertion enters at the end of the shorter side.
    expect(await insertInto(store, T, "before", "b", "left")).toBe(6);
    expect(await insertInto(store, T, "after", "d", "right")).toBe(7);
    expect(await listOf(store, T)).toEqual(["a", "left", "b", "c", "d", "right", "e"]);
    expect(await copy()).toEqual(["left", "a", "b", "c", "d", "e", "right"]);
    expect(await store.ids(copies, "ready")).toHaveLength(7);
    expect([await pushedTotal(store, copies), await pushedTotal(store, T)]).toEqual([7, 0]);
    await store.configure(copies, { "max-length": "7" });
    for (const operation of [pushed(T, "left", ["x"]), inserted(T, "before", "a", "x")]) {
      expect(await outcomeOf(store, operation)).toBe(`QUEUEFULL ${copies}`);
    }
    // The one that leaves makes room there.
    expect(await moveFrom(store, copies, "right", T, "right")).toBe("right");
    expect(await copy()).toEqual(["left", "a", "b", "c", "d", "e", "right"]);
    expect(await store.submit(counted(T))).toBe(8);
  });

  check("what lists make ready is told, and nothing else", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    expect(await tell(() => pushTo(store, "q", "left", "a", "b", "c"))).toBe(3);
    expect(await tell(() => pushTo(store, "q", "right", "d"))).toBe(1);
    expect(await tell(() => store.submit(pushed("q", "left", ["e"], true)))).toBe(1);
    expect(await tell(() => insertInto(store, "q", "after", "d", "f"))).toBe(1);
    expect(await tell(() => insertInto(store, "q", "before", "b", "g"))).toBe(1);
    expect(await tell(() => store.submit(changed("q", 0, "h")))).toBe(0);
    expect(await tell(() => moveFrom(store, "q", "right", "q", "left"))).toBe(1);
    expect(await tell(() => store.submit(removed("q", "a", 1)))).toBe(0);
    expect(await tell(() => store.submit(trimmed("q", 1, -2)))).toBe(0);
    for (const end of ends) {
      const events = await popUndoable(store, ["q"], end);
      expect(await tell(() => undo(store, events))).toBe(1);
    }
    await store.pause("q", ["out"]);
    expect(await tell(() => pushTo(store, "q", "left", "x"))).toBe(0);
  });

  check("lists are there after a restart", async (store) => {
    await pushTo(store, Q, "right", "a", "b", "c", "d", "e");
    await insertInto(store, Q, "before", "b", "f");
    await insertInto(store, Q, "after", "d", "g");
    await moveFrom(store, Q, "right", Q, "left");
    await store.submit(changed(Q, 3, "B"));
    await undo(store, await popUndoable(store, [Q], "left", 2));
    const expected = ["e", "a", "f", "B", "c", "d", "g"];
    expect(await listOf(store, Q)).toEqual(expected);
    await restartAll(store);
    expect(await listOf(store, Q)).toEqual(expected);
    expect(await store.submit(removed(Q, "B", -1))).toBe(1);
    await store.submit(trimmed(Q, 1, -2));
    await restartAll(store);
    expect(await listOf(store, Q)).toEqual(["a", "f", "c", "d"]);
    expect(await popFrom(store, [Q], "right", 9)).toHaveLength(4);
    await restartAll(store);
    expect(await store.list()).toEqual([]);
  });

  check("large contents are pushed, found, changed and moved like small ones", async (store) => {
    const large = (name: string) => `${name} `.repeat(30_000 / (name.length + 1));
    await pushTo(store, Q, "right", large("a"), "b", large("c"), large("d"));
    expect(await store.submit(removed(Q, large("c"), 0))).toBe(1);
    expect(await insertInto(store, Q, "before", large("d"), large("e"))).toBe(4);
    expect(await store.submit(changed(Q, 1, large("b")))).toBe(true);
    expect(await moveFrom(store, Q, "left", Q, "right")).toBe(large("a"));
    expect(await listOf(store, Q)).toEqual(["b", "e", "d", "a"].map(large));
    await undo(store, await popUndoable(store, [Q], "left", 2));
    await restartAll(store);
    expect(await popFrom(store, [Q], "left", 9)).toEqual(
      ["b", "e", "d", "a"].map((name) => `${Q}: ${large(name)}`),
    );
    expect(await store.list()).toEqual([]);
  });

  check("each id is free again when its event was taken", async (store) => {
    for (const end of ends) {
      await store.push("q", "1");
      expect(await popFrom(store, ["q"], end)).toHaveLength(1);
      expect(await store.push("q", "1", "left", "again")).toBe("ok");
      expect(await store.submit(removed("q", "again", 0))).toBe(1);
      expect(await store.push("q", "1")).toBe("ok");
      await store.submit(trimmed("q", 1, 0));
    }
    const unique = { unique: { key: "k" } };
    await store.pushWith("q", "2", unique);
    await popFrom(store, ["q"], "left");
    expect(await store.pushWith("q", "3", unique)).toBe("3");
    expect(await popFrom(store, ["q"], "left")).toEqual(["q: contents of 3"]);
  });
}
