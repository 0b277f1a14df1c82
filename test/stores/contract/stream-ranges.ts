// Which entries a range of a stream has, and in which order, whoever pushed them.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { LIST_BYTES_MAX, TOO_LARGE } from "../../../src/queue/lists.ts";
import { compareStreamIds, placeOf, textOfStreamId } from "../../../src/queue/stream-ids.ts";
import type { Check } from "../contract.ts";
import { restartAll } from "./counters.ts";
import type { LifeCaller, Options } from "./life-caller.ts";
import { bytesOf, textOf } from "./caller.ts";
import { add, addAll, entriesOf, placeNamed, showing } from "./stream-caller.ts";

const MAX = 2n ** 64n - 1n;

/** Pushes in every way, a millisecond apart, and claims some. No two have the same place. */
async function pushMixed(store: LifeCaller): Promise<void> {
  const push = async (id: string | null, options: Options = {}) => {
    store.advance(1);
    await store.pushWith("q", id, options);
  };
  await push("first");
  await push(null);
  await push("high", { priority: 5 });
  await push("right", { end: "right" });
  await push("low", { priority: -5 });
  await push("claimed", { end: "right" });
  await store.mustClaim("q");
  await push("grouped", { group: "a" });
  await push(null, { group: "b" });
  await push("redone", { end: "right" });
  const redone = await store.mustClaim("q");
  await push("crashed", { end: "right" });
  await store.crash("q", await store.mustClaim("q"));
  await store.redoClaim("q", redone);
  store.advance(1);
  await addAll(store, "q", `${store.nowMs}-0`, `${store.nowMs}-1`);
  await store.mustClaim("q");
  await store.mustClaim("q");
}

/** The ids of the ready and claimed events in the order of their places, each with its place. */
async function inOrder(store: LifeCaller): Promise<{ id: string; place: string }[]> {
  const all = [await store.scan("q", "ready"), await store.scan("q", "claimed")].flat();
  return all
    .map(({ id, pushedAtMs }) => ({ id: textOf(id), place: placeOf(id, pushedAtMs) }))
    .toSorted((a, b) => compareStreamIds(a.place, b.place))
    .map(({ id, place }) => ({ id, place: textOfStreamId(place) }));
}

export function streamRanges(check: Check): void {
  check("a range has the entries from one place to another", async (store) => {
    await addAll(store, "q", "1-1", "1-3", "5-0", "5-1", `5-${MAX}`, "9-9");
    expect(await entriesOf(store, "q")).toBe(`1-1 1-3 5-0 5-1 5-${MAX} 9-9`);
    for (const [from, to, expected] of [
      ["1-1", "1-1", "1-1"],
      ["1-2", "5-0", "1-3 5-0"],
      ["1-0", "1-2", "1-1"],
      ["5-1", `5-${MAX}`, `5-1 5-${MAX}`],
      ["6-0", "9-8", ""],
      ["9-9", "+", "9-9"],
      ["9-10", "+", ""],
      ["-", "1-0", ""],
      ["5-1", "5-0", ""],
      ["+", "-", ""],
    ] as const) {
      expect([from, to, await entriesOf(store, "q", from, to)]).toEqual([from, to, expected]);
      const reversed = await entriesOf(store, "q", from, to, { isReverse: true });
      expect(reversed).toBe(expected.split(" ").toReversed().join(" "));
    }
  });

  check("a range has the first so many entries, or the last ones", async (store) => {
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    const range = (count: number, isReverse: boolean, from?: string, to?: string) =>
      entriesOf(store, "q", from, to, { count, isReverse });
    expect(await range(2, false)).toBe("1-1 2-1");
    expect(await range(2, true)).toBe("5-1 4-1");
    expect(await range(2, false, "2-0", "4-9")).toBe("2-1 3-1");
    expect(await range(2, true, "2-0", "4-9")).toBe("4-1 3-1");
    expect(await range(9, true, "2-0", "4-9")).toBe("4-1 3-1 2-1");
    expect(await range(0, false)).toBe("");
    for (const _ of "12") await store.mustClaim("q");
    expect(await range(3, false)).toBe("1-1 2-1 3-1");
    expect(await range(4, true)).toBe("5-1 4-1 3-1 2-1");
    expect(await range(1, true, "-", "2-9")).toBe("2-1");
  });

  check("a range has the contents of ready and claimed entries", async (store) => {
    const large = "x".repeat(400_000);
    await add(store, "q", "1-1", { contents: "\x00\xff\r\n" });
    await add(store, "q", "2-1", { contents: large });
    await add(store, "q", "3-1", { contents: "" });
    const expected = [
      ["1-1", "\x00\xff\r\n"],
      ["2-1", large],
      ["3-1", ""],
    ];
    const contents = async () => {
      const entries = await store.submit(showing("q"));
      if (typeof entries === "string") throw new Error(entries);
      return entries.map((entry) => [textOf(entry.id), textOf(entry.contents)]);
    };
    expect(await contents()).toEqual(expected);
    for (const _ of "12") await store.mustClaim("q");
    expect(await contents()).toEqual(expected);
    await restartAll(store);
    expect(await contents()).toEqual(expected);
  });

  check("entries stand in the order of their places, however they were pushed", async (store) => {
    await pushMixed(store);
    const all = await inOrder(store);
    expect(all).toHaveLength(12);
    for (const [at, { place }] of all.entries()) {
      const behind = all.slice(at).map(({ id }) => id);
      const before = all.slice(0, at + 1).map(({ id }) => id);
      expect(await entriesOf(store, "q", place)).toBe(behind.join(" "));
      expect(await entriesOf(store, "q", "-", place)).toBe(before.join(" "));
      for (const count of [1, 3]) {
        const first = await entriesOf(store, "q", place, "+", { count });
        expect(first).toBe(behind.slice(0, count).join(" "));
        const last = await entriesOf(store, "q", "-", place, { count, isReverse: true });
        expect(last).toBe(before.toReversed().slice(0, count).join(" "));
      }
    }
    await restartAll(store);
    expect(await entriesOf(store, "q")).toBe(all.map(({ id }) => id).join(" "));
  });

  check("an event of another id stands at the end of its millisecond", async (store) => {
    const now = store.nowMs;
    for (const id of ["job", "5", "05-1", "5-01", "5-", "-5", "5-1-1", "5-1 ", `${MAX + 1n}-0`]) {
      await store.push("q", id);
      const { place } = (await inOrder(store))[0]!;
      expect(place).toBe(`${now}-${MAX}`);
      expect(await entriesOf(store, "q", place, place)).toBe(id);
      expect(await entriesOf(store, "q", "-", `${now}-${MAX - 1n}`)).toBe("");
      await store.flush("q");
    }
    await store.push("q", "one");
    await store.push("q", "other");
    const both = await entriesOf(store, "q", `${now}-${MAX}`, `${now}-${MAX}`);
    expect(both.split(" ").toSorted()).toEqual(["one", "other"]);
    // It keeps its place when it comes back later.
    store.advance(1000);
    await store.crash("q", await store.mustClaim("q"));
    expect((await entriesOf(store, "q", `${now}-${MAX}`, `${now}-${MAX}`)).split(" ")).toHaveLength(
      2,
    );
    expect(await add(store, "q", `${now + 1}-0`)).toBe(`${now + 1}-0`);
    expect((await entriesOf(store, "q")).split(" ").at(-1)).toBe(`${now + 1}-0`);
  });

  check("places of the greatest numbers are told apart", async (store) => {
    const ids = [
      `${2n ** 53n}-${2n ** 53n}`,
      `${2n ** 53n}-${2n ** 53n + 1n}`,
      `${2n ** 53n + 1n}-0`,
      `${2n ** 63n}-1`,
      `${MAX}-${MAX - 1n}`,
      `${MAX}-${MAX}`,
    ];
    await addAll(store, "q", ...ids);
    for (const id of ids) expect(await entriesOf(store, "q", id, id)).toBe(id);
    expect(await entriesOf(store, "q", ids[1], ids[4])).toBe(ids.slice(1, 5).join(" "));
    for (const _ of "123456") await store.mustClaim("q");
    expect(await entriesOf(store, "q", ids[1], ids[4])).toBe(ids.slice(1, 5).join(" "));
    expect(await entriesOf(store, "q")).toBe(ids.join(" "));
  });

  check("an undone pop gives an entry its place again", async (store) => {
    await addAll(store, "q", "1-1", "2-1", "3-1");
    for (const lease of [60_000, 0]) {
      const { popped } = await store.mustClaim("q", lease);
      expect(await store.unpop("q", popped)).toBe(true);
      expect(await entriesOf(store, "q")).toBe("1-1 2-1 3-1");
      expect(await store.ids("q", "ready")).toEqual(["1-1", "2-1", "3-1"]);
    }
  });

  check("a range finds its ends among many entries", async (store) => {
    const count = 5000;
    const ids = Array.from({ length: count }, (_, at) => `${at + 1}-${at % 7}`);
    for (let at = 0; at < count; at += 500) await addAll(store, "q", ...ids.slice(at, at + 500));
    for (const at of [0, 1, 127, 128, 2500, 4095, 4096, 4998, 4999]) {
      const [own, next] = [ids[at]!, ids.slice(at, at + 3)];
      expect(await entriesOf(store, "q", own, own)).toBe(own);
      expect(await entriesOf(store, "q", own, "+", { count: 3 })).toBe(next.join(" "));
      const before = ids.slice(Math.max(0, at - 2), at + 1).toReversed();
      const reversed = { count: 3, isReverse: true };
      expect(await entriesOf(store, "q", "-", own, reversed)).toBe(before.join(" "));
    }
    expect((await entriesOf(store, "q", "1000-0", "1999-9", { count: 9999 })).split(" ")).toEqual(
      ids.slice(999, 1999),
    );
  });

  check("entries with more contents than a range may have are too large", async (store) => {
    const contents = bytesOf("x".repeat(LIST_BYTES_MAX / 16));
    for (let at = 1; at <= 16; at++) {
      const id = placeNamed(`${at}-0`);
      const event = { id, contents, ifThere: false, trim: null };
      await store.submit({ kind: "streamAdd", queue: bytesOf("q"), ...event });
    }
    expect((await entriesOf(store, "q")).split(" ")).toHaveLength(16);
    await add(store, "q", "17-0", { contents: "x" });
    expect(await entriesOf(store, "q")).toBe(TOO_LARGE);
    expect((await entriesOf(store, "q", "-", "+", { count: 16 })).split(" ")).toHaveLength(16);
    expect((await entriesOf(store, "q", "2-0")).split(" ")).toHaveLength(16);
    await store.mustClaim("q");
    expect(await entriesOf(store, "q", "-", "+", { isReverse: true })).toBe(TOO_LARGE);
  });
}
