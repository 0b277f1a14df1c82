// Queues as lists: what the operations do to the ready events, from left to right.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { LIST_REACH, LIST_STEP_MAX, TOO_LARGE } from "../../../src/queue/lists.ts";
import { BATCH_CONTENTS_BYTES } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import {
  changed,
  counted,
  insertInto,
  inserted,
  listOf,
  moved,
  moveFrom,
  onList,
  popFrom,
  popped,
  pushed,
  pushTo,
  ranged,
  removed,
  trimmed,
} from "./list-caller.ts";
import { restartsOf } from "./pushes.ts";

/** In a cluster they are in one shard. */
const [Q, T] = ["{q}", "t{q}"];
const ends = ["left", "right"] as const;

/** One event in each state but ready. */
async function pushUnready(store: LifeCaller, queue: string): Promise<void> {
  await store.configure(queue, { "keep-completed": "9" });
  for (const id of ["completed", "failed", "claimed"]) {
    await store.push(queue, id);
    await store.mustClaim(queue);
  }
  await store.ack(queue, "completed");
  await store.fail(queue, { id: "failed", token: null }, "final");
  await store.pushWith(queue, "delayed", { start: { afterMs: 9000 } });
}

/** As Redis reads indexes. */
function slice<T>(list: T[], from: number, to: number): T[] {
  const first = from < 0 ? Math.max(0, list.length + from) : from;
  return list.slice(first, Math.max(first, to < 0 ? list.length + to + 1 : to + 1));
}

export function lists(check: Check): void {
  check("contents are pushed one after the other at either end", async (store) => {
    expect(await pushTo(store, "q", "left", "c", "b", "a")).toBe(3);
    expect(await pushTo(store, "q", "right", "d", "e", "d")).toBe(6);
    expect(await pushTo(store, "q", "left", "")).toBe(7);
    expect(await listOf(store, "q")).toEqual(["", "a", "b", "c", "d", "e", "d"]);
    await store.push("q", "1", "left", "left");
    await store.push("q", "2", "right", "right");
    expect((await listOf(store, "q"))[0]).toBe("left");
    expect(await store.submit(counted("q"))).toBe(9);
    expect(await store.popEvent("q", 0)).toEqual(["2", "right"]);
    const drained = [];
    for (let event; (event = await store.popEvent("q", 0));) drained.push(event[1]);
    expect(drained).toEqual(["d", "e", "d", "c", "b", "a", "", "left"]);
  });

  check(
    "events that lists push have different ids, in the order of the contents",
    async (store) => {
      const ids: string[] = [];
      for (const contents of [["a"], ["b", "c"], ["d"]]) {
        const result = await store.submit(pushed("q", "left", contents));
        if (typeof result === "string") throw new Error(result);
        ids.push(...result.ids.map(textOf));
      }
      expect(new Set(ids).size).toBe(4);
      for (const [at, contents] of ["a", "b", "c", "d"].entries()) {
        expect(textOf((await store.mustGet("q", ids[at]!)).contents!)).toBe(contents);
      }
    },
  );

  check("a push to a list that is there leaves an empty one alone", async (store) => {
    for (const contents of [["x"], ["x", "y"]]) {
      const nothing = { ids: [], length: 0 };
      expect(await store.submit(pushed("q", "left", contents, true))).toEqual(nothing);
    }
    expect(await store.list()).toEqual([]);
    await pushUnready(store, "q");
    expect(await store.submit(pushed("q", "left", ["x"], true))).toEqual({ ids: [], length: 0 });
    await store.push("q", "1");
    const result = await store.submit(pushed("q", "right", ["x", "y"], true));
    expect(result).toMatchObject({ length: 3, ids: [{}, {}] });
    expect(await listOf(store, "q")).toEqual(["contents of 1", "x", "y"]);
  });

  check("a queue without ready events is an empty list", async (store) => {
    for (const queue of ["nowhere", "q"]) {
      if (queue === "q") await pushUnready(store, queue);
      const before = await store.counts(queue);
      expect(await store.submit(counted(queue))).toBe(0);
      expect(await store.submit(ranged(queue))).toEqual([]);
      expect(await store.submit(removed(queue, "contents of delayed", 0))).toBe(0);
      expect(await store.submit(trimmed(queue, 1, 0))).toBe(true);
      expect(await store.submit(changed(queue, 0, "x"))).toBeNull();
      const insert = inserted(queue, "before", "contents of delayed", "x");
      expect(await store.submit(insert)).toEqual({ length: 0, id: null });
      for (const end of ends) {
        expect(await store.submit(popped([queue], end, 9))).toEqual([]);
        expect(await store.submit(moved(queue, end, queue, end))).toBeNull();
      }
      expect(await store.counts(queue)).toEqual(before);
    }
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
  });

  check("a range has the events at its indexes, as those of a Redis list", async (store) => {
    const list: string[] = [];
    for (const contents of ["a", "b", "c", "d", "e"]) {
      // Two come from either end.
      const end = contents < "c" ? "left" : "right";
      await pushTo(store, "q", end, contents);
      if (end === "left") list.unshift(contents);
      else list.push(contents);
      const indexes = Array.from({ length: 2 * list.length + 4 }, (_, at) => at - list.length - 2);
      const spans = indexes.flatMap((from) => indexes.map((to) => [from, to] as const));
      const found = await Promise.all(spans.map((span) => listOf(store, "q", ...span)));
      expect(found).toEqual(spans.map((span) => slice(list, ...span)));
    }
  });

  check("a trim keeps the events at its indexes", async (store) => {
    const list = ["a", "b", "c", "d"];
    const indexes = [-6, -5, -4, -2, -1, 0, 1, 2, 3, 4, 9];
    for (const from of indexes) {
      for (const to of indexes) {
        await pushTo(store, "q", "right", ...list.slice(2));
        await pushTo(store, "q", "left", ...list.slice(0, 2).toReversed());
        expect(await store.submit(trimmed("q", from, to))).toBe(true);
        expect([from, to, await listOf(store, "q")]).toEqual([from, to, slice(list, from, to)]);
        await store.flush("q");
      }
    }
    expect(await store.list()).toEqual([]);
  });

  check("removes events with these contents, counted from either end", async (store) => {
    const list = ["a", "x", "b", "x", "\x00x", "x", "xx", "x"];
    const kept: [count: number, left: string][] = [
      [1, "a b x \x00x x xx x"],
      [2, "a b \x00x x xx x"],
      [-1, "a x b x \x00x x xx"],
      [-3, "a x b \x00x xx"],
      [0, "a b \x00x xx"],
      [9, "a b \x00x xx"],
      [-9, "a b \x00x xx"],
    ];
    for (const [count, left] of kept) {
      await pushTo(store, "q", "right", ...list);
      const gone = list.length - left.split(" ").length;
      expect(await store.submit(removed("q", "x", count))).toBe(gone);
      expect(((await listOf(store, "q")) as string[]).join(" ")).toBe(left);
      expect(await store.submit(removed("q", "y", count))).toBe(0);
      await store.flush("q");
    }
  });

  check("an event gets other contents, and nothing else of it changes", async (store) => {
    const headers: [string, string][] = [["a", "b"]];
    await store.pushWith("q", "1", { headers, ttlMs: 90_000, attemptsMax: 7, end: "right" });
    await store.pushAll("q", ["2", "3"]);
    await store.fail("q", await store.mustClaim("q"), { afterMs: 0 }, "broken");
    const before = await store.mustGet("q", "1");
    for (const index of [2, -1]) {
      expect(await store.submit(changed("q", index, `at ${index}`))).toBe(true);
      const { contents, version: _, ...facts } = await store.mustGet("q", "1");
      expect({ ...before, ...facts }).toEqual(before);
      expect(textOf(contents!)).toBe(`at ${index}`);
    }
    for (const index of [0, -2]) {
      expect(await store.submit(changed("q", index, `at ${index}`))).toBe(true);
    }
    for (const index of [3, -4, 99]) {
      expect(await store.submit(changed("q", index, "x"))).toBe(false);
    }
    for (const restart of restartsOf(store)) await restart();
    expect(await listOf(store, "q")).toEqual(["at 0", "at -2", "at -1"]);
  });

  for (const length of [1, 2, 5, 6]) {
    check(`inserts at each place of a list of ${length}`, async (store) => {
      for (let at = 0; at < length; at++) {
        for (const side of ["before", "after"] as const) {
          const list = Array.from({ length }, (_, index) => `${index}`);
          const half = length >> 1;
          await pushTo(store, "q", "right", ...list.slice(half));
          if (half > 0) await pushTo(store, "q", "left", ...list.slice(0, half).toReversed());
          list.splice(side === "before" ? at : at + 1, 0, "new");
          expect(await insertInto(store, "q", side, `${at}`, "new")).toBe(length + 1);
          expect(await listOf(store, "q")).toEqual(list);
          for (const restart of restartsOf(store).slice(0, at === 2 ? 2 : 0)) await restart();
          // Which end is next out, and where pushes enter, is as before.
          await pushTo(store, "q", "right", "right");
          await pushTo(store, "q", "left", "left");
          const expected = ["left", ...list, "right"].toReversed();
          const got = [];
          for (let event; (event = await store.popEvent("q", 0));) got.push(event[1]);
          expect(got).toEqual(expected);
        }
      }
    });
  }

  check("an insertion tells if there is no such event, and finds the left-most", async (store) => {
    await pushTo(store, "q", "right", "a", "b", "a");
    const result = await store.submit(inserted("q", "after", "c", "x"));
    expect(result).toEqual({ length: -1, id: null });
    expect(await insertInto(store, "q", "after", "a", "x")).toBe(4);
    expect(await listOf(store, "q")).toEqual(["a", "x", "b", "a"]);
    const again = await store.submit(inserted("q", "before", "b", "y"));
    if (typeof again === "string") throw new Error(again);
    expect(textOf((await store.mustGet("q", textOf(again.id!))).contents!)).toBe("y");
  });

  check("nothing is inserted among events with priorities or groups", async (store) => {
    for (const options of [{ priority: 1 }, { priority: -1 }, { group: "g" }]) {
      await pushTo(store, "q", "left", "a", "b");
      await store.pushWith("q", "ordered", options);
      expect(await insertInto(store, "q", "before", "a", "x")).toBe(TOO_LARGE);
      expect(await store.submit(counted("q"))).toBe(3);
      await store.remove("q", ["ordered"]);
      await store.pushWith("q", "later", { ...options, start: { afterMs: 1000 } });
      expect(await insertInto(store, "q", "before", "a", "x")).toBe(3);
      expect(await listOf(store, "q")).toEqual(["b", "x", "a"]);
      await store.flush("q");
    }
  });

  check("moves an event from either end to either end, in one queue too", async (store) => {
    for (const target of [Q, T]) {
      for (const from of ends) {
        for (const to of ends) {
          await pushTo(store, Q, "right", "a", "b", "c");
          await pushTo(store, T, "right", "d");
          const contents = from === "left" ? "a" : "c";
          expect(await moveFrom(store, Q, from, target, to)).toBe(contents);
          const left = from === "left" ? ["b", "c"] : ["a", "b"];
          const others = target === Q ? left : ["d"];
          const expected = to === "left" ? [contents, ...others] : [...others, contents];
          expect(await listOf(store, target)).toEqual(expected);
          if (target === T) expect(await listOf(store, Q)).toEqual(left);
          await Promise.all([store.flush(Q), store.flush(T)]);
        }
      }
    }
    expect(await store.list()).toEqual([]);
  });

  check("a moved event is a new one with the same contents and headers", async (store) => {
    const headers: [string, string][] = [["name", "value"]];
    await store.pushWith(Q, "1", { headers, priority: 3, ttlMs: 9000, attemptsMax: 2 });
    await store.fail(Q, await store.mustClaim(Q), { afterMs: 0 });
    store.advance(5);
    const result = await store.submit(moved(Q, "left", T, "left"));
    if (result === null || typeof result === "string") throw new Error("nothing was moved");
    expect(await store.list()).toEqual([[T, 1, 0, 0]]);
    expect(textOf(result.taken.id)).toBe("1");
    expect(textOf(result.contents)).toBe("contents of 1");
    const facts = await store.mustGet(T, textOf(result.id));
    expect(facts.pushedAtMs).toBe(store.nowMs);
    expect(facts).toMatchObject({ priority: 0, expiresAtMs: null, failures: 0, attemptsMax: null });
    const held = await store.mustClaim(T);
    expect(held).toMatchObject({ id: textOf(result.id), attempt: 1, headers });
    expect(held.id).not.toBe("1");
  });

  check("takes from the first queue that has any, and never from two", async (store) => {
    await pushTo(store, "b", "right", "1", "2", "3");
    await pushTo(store, "c", "right", "4");
    const all = ["a", "b", "c"];
    expect(await popFrom(store, all, "left")).toEqual(["b: 1"]);
    expect(await popFrom(store, all, "right", 9)).toEqual(["b: 3", "b: 2"]);
    expect(await popFrom(store, ["c", "b"], "left", 2)).toEqual(["c: 4"]);
    expect(await popFrom(store, all, "left", 2)).toEqual([]);
    expect(await store.list()).toEqual([]);
  });

  check("what is taken at once has bounded contents, but one event always fits", async (store) => {
    const mebibyte = "x".repeat(BATCH_CONTENTS_BYTES);
    for (const end of ends) {
      await pushTo(store, "q", "right", `1${mebibyte}`, "2", "3", `4${mebibyte}`);
      expect(await store.submit(popped(["q"], end, 4))).toHaveLength(1);
      expect(await store.submit(popped(["q"], end, 4))).toHaveLength(3);
    }
  });

  check("the list has the order of a scan, and its right end that of pops", async (store) => {
    await store.pushWith("q", "none", {});
    for (const priority of [2, -2]) await store.pushWith("q", `p${priority}`, { priority });
    for (const id of ["g1", "g2", "h1"]) await store.pushWith("q", id, { group: id[0]! });
    const scanned = (await store.ids("q", "ready")).map((id) => `contents of ${id}`);
    const list = (await listOf(store, "q")) as string[];
    expect(list).toEqual(scanned.toReversed());
    for (const [from, to] of [
      [1, 3],
      [0, 1],
      [-3, -2],
      [2, 2],
    ] as const) {
      expect(await listOf(store, "q", from, to)).toEqual(slice(list, from, to));
    }
    expect(await popFrom(store, ["q"], "left")).toEqual([`q: ${list[0]}`]);
    const next = await store.peek("q");
    expect(await popFrom(store, ["q"], "right")).toEqual([`q: contents of ${next}`]);
    expect(await store.submit(trimmed("q", 1, -2))).toBe(true);
    const left = list.filter((each) => each !== list[0] && !each.endsWith(` ${next}`));
    expect(await listOf(store, "q")).toEqual(left.slice(1, -1));
  });

  check("a list of many events is pushed, shown and taken", async (store) => {
    const many = Array.from({ length: LIST_STEP_MAX }, (_, at) => `${at}`);
    expect(await pushTo(store, "q", "right", ...many)).toBe(many.length);
    expect(await listOf(store, "q")).toEqual(many);
    expect(await store.submit(trimmed("q", 4000, -4001))).toBe(true);
    const taken = await popFrom(store, ["q"], "left", many.length);
    expect(taken).toEqual(many.slice(4000, -4000).map((each) => `q: ${each}`));
  });

  check("what goes too far from the ends is refused, and nothing is done", async (store) => {
    const step = Array.from({ length: LIST_STEP_MAX }, (_, at) => `${at}`);
    for (let length = 0; length < LIST_REACH; length += step.length) {
      await pushTo(store, "q", "right", ...step);
      // So many take some time.
      store.advance(10);
    }
    expect(await store.submit(removed("q", "none", 1))).toBe(0);
    expect(await pushTo(store, "q", "right", "last")).toBe(LIST_REACH + 1);
    for (const operation of [
      removed("q", "last", 1),
      inserted("q", "after", "last", "x"),
      trimmed("q", 1, 0),
      ranged("q", 0, -1),
    ]) {
      expect(await store.submit(operation)).toBe(TOO_LARGE);
    }
    expect(await listOf(store, "q", -3, -1)).toEqual(["9998", "9999", "last"]);
    expect(await listOf(store, "q", 99_998, 99_999)).toEqual(["9998", "9999"]);
    expect(await store.submit(changed("q", 50_000, "middle"))).toBe(true);
    expect(await listOf(store, "q", 50_000, 50_000)).toEqual(["middle"]);
    expect(await store.submit(trimmed("q", -2, -1))).toBe(true);
    expect(await listOf(store, "q")).toEqual(["9999", "last"]);
  });

  check("no operation that adds nothing makes a queue", async (store) => {
    for (const operation of onList(Q, T).slice(0, -1)) await store.submit(operation);
    expect(await store.list()).toEqual([]);
  });
}
