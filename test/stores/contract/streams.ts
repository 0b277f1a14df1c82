// Queues as streams: entries and their ids, what is trimmed, removed and shown.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { NO_MORE_IDS, SMALLER_ID } from "../../../src/queue/streams.ts";
import { compareStreamIds } from "../../../src/queue/stream-ids.ts";
import type { Check } from "../contract.ts";
import { bind, readyIn } from "./bound-caller.ts";
import { restartAll } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import {
  add,
  addAll,
  adding,
  counting,
  entriesOf,
  fromId,
  placeNamed,
  removing,
  showing,
  sizeOf,
  toLength,
  trimming,
} from "./stream-caller.ts";

const MAX = 2n ** 64n - 1n;
const LAST = `${MAX}-${MAX}`;

/** Adds 1-1 to 5-1, and binds before that q@copy. */
async function fiveAndCopies(store: LifeCaller): Promise<void> {
  await bind(store, "q", "copy");
  await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
}

export function streams(check: Check): void {
  check("entries are added on the left, under the ids that were given", async (store) => {
    await addAll(store, "q", "0-1", "0-2", "7-0", "7-18446744073709551615", "8-0");
    expect(await store.ids("q", "ready")).toEqual([
      "0-1",
      "0-2",
      "7-0",
      "7-18446744073709551615",
      "8-0",
    ]);
    expect(await store.popEvent("q", 0)).toEqual(["0-1", "contents of 0-1"]);
    expect(await add(store, "q", "9-0", { contents: "" })).toBe("9-0");
    expect((await store.mustGet("q", "9-0")).contents).toHaveLength(0);
    expect((await store.mustGet("q", "8-0")).pushedAtMs).toBe(store.nowMs);
  });

  check("an id that is not greater than the latest one is refused", async (store) => {
    expect(await add(store, "q", "0-0")).toBe(SMALLER_ID);
    expect(await store.list()).toEqual([]);
    expect(await sizeOf(store, "q")).toEqual([0, "0-0"]);
    await addAll(store, "q", "5-5");
    for (const id of ["5-5", "5-4", "4-9", "0-1", "0-0", "4-*", "0-*"]) {
      expect([id, await add(store, "q", id)]).toEqual([id, SMALLER_ID]);
    }
    // Whatever became of the entry.
    await store.pop("q", 0);
    expect(await add(store, "q", "5-5")).toBe(SMALLER_ID);
    expect(await add(store, "q", "5-6")).toBe("5-6");
    await store.submit(removing("q", "5-6"));
    await restartAll(store);
    expect(await add(store, "q", "5-6")).toBe(SMALLER_ID);
    expect(await sizeOf(store, "q")).toEqual([0, "5-6"]);
  });

  check("the next number of a millisecond is given", async (store) => {
    expect(await add(store, "q", "0-*")).toBe("0-1");
    expect(await add(store, "q", "5-*")).toBe("5-0");
    expect(await add(store, "q", "5-*")).toBe("5-1");
    expect(await add(store, "q", "5-9")).toBe("5-9");
    expect(await add(store, "q", "5-*")).toBe("5-10");
    expect(await add(store, "q", `5-${MAX}`)).toBe(`5-${MAX}`);
    expect(await add(store, "q", "5-*")).toBe(SMALLER_ID);
    expect(await add(store, "q", "6-*")).toBe("6-0");
    expect(await add(store, "q", `${MAX}-*`)).toBe(`${MAX}-0`);
  });

  check("the store makes ids of its clock, or follows the latest one", async (store) => {
    const ids: string[] = [];
    const make = async (ms: number) => {
      const made = await add(store, "q", "*");
      expect(made).toMatch(new RegExp(`^${ms}-\\d+$`));
      ids.push(made!);
    };
    const next = store.nowMs + 1;
    await make(store.nowMs);
    await make(store.nowMs);
    store.advance(1);
    await make(next);
    // The clock is behind.
    expect(await add(store, "q", `${next + 5000}-7`)).toBe(`${next + 5000}-7`);
    await make(next + 5000);
    expect(ids.at(-1)).toBe(`${next + 5000}-8`);
    expect(await add(store, "q", `${next + 5000}-${MAX}`)).toBe(`${next + 5000}-${MAX}`);
    await make(next + 5001);
    expect(ids.at(-1)).toBe(`${next + 5001}-0`);
    await restartAll(store);
    await make(next + 5001);
    expect(ids.at(-1)).toBe(`${next + 5001}-1`);
    store.advance(5001);
    await make(next + 5001);
    store.advance(1);
    await make(next + 5002);
    // In the same millisecond a client has gone far ahead.
    expect(await add(store, "q", `${next + 5002}-1000000`)).toBe(`${next + 5002}-1000000`);
    await make(next + 5002);
    expect(ids.at(-1)).toBe(`${next + 5002}-1000001`);
    const places = ids.map(placeNamed);
    expect(places.toSorted(compareStreamIds)).toEqual(places);
    expect(new Set(ids).size).toBe(ids.length);
  });

  check("an id that the store made is not made again after a flush", async (store) => {
    const made = new Set<string | null>();
    for (const _ of "123") {
      made.add(await add(store, "q", "*"));
      made.add(await add(store, "q", "*"));
      await store.flush("q");
    }
    await restartAll(store);
    made.add(await store.pushWith("q", null));
    await store.flush("q");
    made.add(await add(store, "q", "*"));
    expect(made.size).toBe(8);
  });

  check("behind the greatest id there is no other", async (store) => {
    expect(await add(store, "q", LAST)).toBe(LAST);
    expect(await add(store, "q", "*")).toBe(NO_MORE_IDS);
    expect(await add(store, "q", `${MAX}-*`)).toBe(NO_MORE_IDS);
    for (const id of [LAST, "1-1", "1-*"]) expect(await add(store, "q", id)).toBe(NO_MORE_IDS);
    expect(await entriesOf(store, "q")).toBe(LAST);
    expect(await sizeOf(store, "q")).toEqual([1, LAST]);
    await restartAll(store);
    expect(await add(store, "q", "*")).toBe(NO_MORE_IDS);
  });

  check("an id that another operation has pushed is taken", async (store) => {
    const now = store.nowMs;
    await addAll(store, "q", "1-1");
    for (const id of ["2-0", "2-1", "3-3", `${now}-0`, `${now}-1`]) await store.push("q", id);
    expect(await add(store, "q", "3-3")).toBe(SMALLER_ID);
    // A later one: perhaps not the next one.
    expect(await add(store, "q", "2-*")).toMatch(/^2-[2-9]$/);
    expect(await add(store, "q", "3-*")).toBe("3-0");
    const made = (await add(store, "q", "*"))!;
    expect(compareStreamIds(placeNamed(made), placeNamed(`${now}-1`))).toBe(1);
    // In any state, and in any queue of the tree.
    await bind(store, "q", "copy");
    await store.pushWith("q@copy", `${now}-1000`, { start: { afterMs: 9000 } });
    await store.pushWith("q", `${now}-1001`, { start: { afterMs: 9000 } });
    expect(await add(store, "q", `${now}-999`)).toBe(`${now}-999`);
    expect(await add(store, "q", `${now}-1000`)).toBe(SMALLER_ID);
    expect(await add(store, "q", `${now}-1001`)).toBe(SMALLER_ID);
    const free = (await add(store, "q", "*"))!;
    expect(compareStreamIds(placeNamed(free), placeNamed(`${now}-1001`))).toBe(1);
    expect(await entriesOf(store, "q@copy")).toBe(`${now}-999 ${free}`);
    expect(await sizeOf(store, "q")).toEqual([11, free]);
  });

  check("the latest id of a queue that is no stream is that of its left end", async (store) => {
    const now = store.nowMs;
    await store.push("q", "5-1");
    await store.push("q", "3-1");
    await store.push("q", "9-1", "right");
    expect(await sizeOf(store, "q")).toEqual([3, "3-1"]);
    expect(await add(store, "q", "3-1")).toBe(SMALLER_ID);
    expect(await add(store, "q", "3-*")).toBe("3-2");
    expect(await sizeOf(store, "q")).toEqual([4, "3-2"]);
    expect(await store.statusOf("q")).toMatchObject({ isStream: false, ready: 4 });
    // An id of another form stands at the end of its millisecond.
    await store.push("q", "other");
    expect(await sizeOf(store, "q")).toEqual([5, `${now}-${MAX}`]);
    expect(await add(store, "q", `${now}-5`)).toBe(SMALLER_ID);
    expect(await add(store, "q", "*")).toBe(`${now + 1}-0`);
  });

  check("an entry is added only if it is wanted only there", async (store) => {
    expect(await add(store, "q", "1-1", { ifThere: true })).toBeNull();
    expect(await store.list()).toEqual([]);
    await store.pause("q", ["in"]);
    expect(await add(store, "q", "1-1", { ifThere: true })).toBeNull();
    await store.resume("q", ["in"]);
    await addAll(store, "q", "1-1");
    await store.submit(removing("q", "1-1"));
    expect(await add(store, "q", "1-2", { ifThere: true })).toBe("1-2");
    // An event in any state is enough.
    await store.push("r", "1");
    await store.pop("r");
    expect(await add(store, "r", "1-2", { ifThere: true })).toBe("1-2");
    await store.flush("q");
    expect(await add(store, "q", "1-3", { ifThere: true })).toBeNull();
  });

  check("no dedupe window is looked for or taken", async (store) => {
    await store.configure("q", { "dedupe-window": "60" });
    await store.push("q", "5-1");
    await store.pop("q", 0);
    expect(await add(store, "q", "5-1")).toBe("5-1");
    expect(await add(store, "q", "6-1")).toBe("6-1");
    await store.submit(removing("q", "6-1"));
    expect(await store.push("q", "6-1")).toBe("ok");
  });

  check("an entry that may not enter is refused, and nothing is done", async (store) => {
    const refused = (id: string, trim = toLength(0)) =>
      refusalOf(store.another().submit(adding("q", id, { trim })));
    await bind(store, "q", "copy");
    await addAll(store, "q", "1-1", "2-1");
    await store.configure("q", { "max-length": "2" });
    expect(await refused("3-1")).toBe("QUEUEFULL q");
    // A trim makes no room.
    expect(await refused("*", toLength(1))).toBe("QUEUEFULL q");
    await store.configure("q", { "max-length": null });
    await store.configure("q@copy", { "max-length": "2" });
    expect(await refused("3-1")).toBe("QUEUEFULL q@copy");
    await store.configure("q@copy", { "max-length": null });
    for (const queue of ["q", "q@copy"]) {
      await store.pause(queue, ["in"]);
      expect(await refused("3-1")).toBe(`PAUSED ${queue}`);
      await store.resume(queue, ["in"]);
    }
    expect(await sizeOf(store, "q")).toEqual([2, "2-1"]);
    expect(await add(store, "q", "2-2")).toBe("2-2");
    // The oldest makes room where the queue says so.
    await store.configure("q", { "max-length": "2", "on-full": "drop-oldest" });
    expect(await add(store, "q", "4-1")).toBe("4-1");
    expect(await entriesOf(store, "q")).toBe("2-2 4-1");
    expect(await entriesOf(store, "q@copy")).toBe("1-1 2-1 2-2 4-1");
  });

  check("a trim by length leaves so many entries, and claimed ones", async (store) => {
    const trim = (...how: Parameters<typeof toLength>) =>
      store.submit(trimming("q", toLength(...how)));
    expect(await trim(0)).toBe(0);
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1", "6-1", "7-1");
    expect(await trim(7)).toBe(0);
    expect(await trim(6)).toBe(1);
    expect(await entriesOf(store, "q")).toBe("2-1 3-1 4-1 5-1 6-1 7-1");
    // Not as long as fewer than the slack would go.
    expect(await trim(4, 3)).toBe(0);
    expect(await trim(3, 3)).toBe(3);
    expect(await entriesOf(store, "q")).toBe("5-1 6-1 7-1");
    await store.mustClaim("q");
    expect(await trim(2)).toBe(1);
    expect(await entriesOf(store, "q")).toBe("5-1 7-1");
    expect(await trim(0, 0, 0)).toBe(0);
    expect(await trim(0)).toBe(1);
    expect(await trim(0)).toBe(0);
    expect(await entriesOf(store, "q")).toBe("5-1");
    expect(await sizeOf(store, "q")).toEqual([1, "7-1"]);
  });

  check("a trim takes at most so many, and a slack counts with that", async (store) => {
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1", "6-1");
    expect(await store.submit(trimming("q", toLength(1, 0, 2)))).toBe(2);
    expect(await store.submit(trimming("q", toLength(1, 3, 2)))).toBe(0);
    expect(await store.submit(trimming("q", fromId("9-0", 1)))).toBe(1);
    expect(await entriesOf(store, "q")).toBe("4-1 5-1 6-1");
  });

  check("a trim from an id takes what is below it at the right end", async (store) => {
    const trim = (id: string) => store.submit(trimming("q", fromId(id)));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    expect(await trim("1-1")).toBe(0);
    await store.mustClaim("q");
    expect(await trim("3-1")).toBe(1);
    expect(await entriesOf(store, "q")).toBe("1-1 3-1 4-1 5-1");
    // One with a greater place is next out, and what is behind it stays.
    await store.push("q", "9-1", "right");
    expect(await trim("5-1")).toBe(0);
    await store.remove("q", ["9-1"]);
    expect(await trim(LAST)).toBe(3);
    expect(await entriesOf(store, "q")).toBe("1-1");
    expect(await sizeOf(store, "q")).toEqual([1, "5-1"]);
  });

  check("what is trimmed goes from every queue of the tree, each by itself", async (store) => {
    await fiveAndCopies(store);
    await store.pop("q@copy", 0);
    await store.mustClaim("q");
    expect(await store.submit(trimming("q", toLength(3)))).toBe(2);
    expect(await entriesOf(store, "q")).toBe("1-1 4-1 5-1");
    expect(await entriesOf(store, "q@copy")).toBe("3-1 4-1 5-1");
    expect(await store.submit(trimming("q", fromId("5-1")))).toBe(1);
    expect(await entriesOf(store, "q@copy")).toBe("5-1");
    // That of the copies leaves the queue above alone.
    expect(await store.submit(trimming("q@copy", toLength(0)))).toBe(1);
    expect(await entriesOf(store, "q")).toBe("1-1 5-1");
  });

  check("an entry that is added trims then, itself included", async (store) => {
    await fiveAndCopies(store);
    expect(await add(store, "q", "6-1", { trim: toLength(3) })).toBe("6-1");
    expect(await readyIn(store, "q", "q@copy")).toEqual({
      q: "4-1 5-1 6-1",
      "q@copy": "4-1 5-1 6-1",
    });
    expect(await add(store, "q", "6-1", { trim: toLength(0) })).toBe(SMALLER_ID);
    expect(await sizeOf(store, "q")).toEqual([3, "6-1"]);
    expect(await add(store, "q", "7-1", { trim: fromId("6-1") })).toBe("7-1");
    expect(await entriesOf(store, "q")).toBe("6-1 7-1");
    expect(await add(store, "q", "8-1", { trim: toLength(0) })).toBe("8-1");
    expect(await sizeOf(store, "q")).toEqual([0, "8-1"]);
    expect(await entriesOf(store, "q@copy")).toBe("");
    expect((await store.statusOf("q")).isStream).toBe(true);
    // One that is added only if it is there trims nothing either.
    await store.flush("q");
    expect(await add(store, "q", "1-1", { ifThere: true, trim: toLength(0) })).toBeNull();
  });

  check("ready and claimed entries are removed by their ids", async (store) => {
    await fiveAndCopies(store);
    await store.mustClaim("q");
    await store.mustClaim("q@copy");
    await store.pop("q@copy", 0);
    expect(await store.submit(removing("q", "1-1", "2-1", "9-9", "2-1", "x"))).toBe(2);
    expect(await entriesOf(store, "q")).toBe("3-1 4-1 5-1");
    expect(await entriesOf(store, "q@copy")).toBe("3-1 4-1 5-1");
    expect(await store.submit(removing("q", "5-1"))).toBe(1);
    expect(await store.submit(removing("q", "4-1"))).toBe(1);
    // What only another queue of the tree has goes too, and is not counted.
    await store.pop("q", 0);
    expect(await store.submit(removing("q", "3-1"))).toBe(0);
    expect(await entriesOf(store, "q@copy")).toBe("");
    expect(await store.submit(removing("nowhere", "1-1"))).toBe(0);
    await restartAll(store);
    expect(await sizeOf(store, "q")).toEqual([0, "5-1"]);
  });

  check("events in other states are no entries", async (store) => {
    await store.configure("q", { "keep-completed": "9" });
    await addAll(store, "q", "1-1", "2-1", "3-1");
    await store.ackClaim("q", await store.mustClaim("q"));
    await store.fail("q", await store.mustClaim("q"), "final");
    await store.pushWith("q", "4-1", { start: { afterMs: 9000 } });
    expect(await entriesOf(store, "q")).toBe("3-1");
    expect(await sizeOf(store, "q")).toEqual([1, "3-1"]);
    expect(await store.submit(removing("q", "1-1", "2-1", "4-1"))).toBe(0);
    expect(await store.submit(trimming("q", toLength(0)))).toBe(1);
    expect(await store.counts("q")).toEqual({ completed: 1, failed: 1, delayed: 1 });
    // Their ids are taken all the same.
    expect(await add(store, "q", "4-1")).toBe(SMALLER_ID);
    expect(await add(store, "q", "4-*")).toBe("4-0");
  });

  check("looking at a queue does not create it", async (store) => {
    expect(await sizeOf(store, "q")).toEqual([0, "0-0"]);
    for (const operation of [showing("q"), trimming("q", toLength(0)), removing("q", "1-1")]) {
      await store.submit(operation);
    }
    expect(await store.submit(counting("q"))).toMatchObject({ length: 0 });
    expect(await store.list()).toEqual([]);
    expect((await store.statusOf("q")).isStream).toBe(false);
  });
}
