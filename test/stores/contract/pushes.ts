// Pushes with options: made ids, duplicates, delays, headers and leases of their own.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";

/** The time and the number of a made id or a token. */
export function numbersOf(made: string): [ms: number, number: number] {
  const match = /^(\d+)-(\d+)$/.exec(made);
  if (!match) throw new Error(`${made} was not made by a store`);
  return [Number(match[1]), Number(match[2])];
}

export function areAscending(made: string[]): boolean {
  const numbers = made.map(numbersOf);
  return numbers.slice(1).every(([ms, number], at) => {
    const [msBefore, numberBefore] = numbers[at]!;
    return ms > msBefore || (ms === msBefore && number > numberBefore);
  });
}

/** Restarts of a store, in every way that it knows. */
export function restartsOf(store: LifeCaller): (() => Promise<void>)[] {
  const { under } = store;
  return [under.reopen, under.crash].filter((restart) => restart !== undefined);
}

export function pushes(check: Check): void {
  check("made ids ascend within a queue, differ everywhere and tell the time", async (store) => {
    const startMs = store.nowMs;
    const made: Record<string, string[]> = { q: [], r: [], s: [] };
    for (let round = 0; round < 4; round++) {
      for (const queue of ["q", "q", "r", "s", "q"]) {
        made[queue]!.push(await store.pushWith(queue, null));
      }
      store.advance(10);
    }
    for (const ids of Object.values(made)) {
      expect(areAscending(ids)).toBe(true);
      expect(numbersOf(ids[0]!)[0]).toBeWithin(startMs, startMs + 2);
      expect(numbersOf(ids.at(-1)!)[0]).toBeWithin(startMs + 30, startMs + 32);
    }
    expect(new Set(Object.values(made).flat()).size).toBe(20);
  });

  check("a made id never comes again: queue emptied, clock set back, restart", async (store) => {
    const made: string[] = [];
    const push = async () => {
      for (let n = 0; n < 3; n++) made.push(await store.pushWith("q", null));
    };
    await push();
    await store.drain("q");
    await push();
    await store.flush("q");
    await push();
    store.advance(-5000);
    await push();
    for (const restart of restartsOf(store)) {
      await restart();
      await push();
    }
    expect(areAscending(made)).toBe(true);
  });

  check("a made id differs from ids that clients chose, and replaces no event", async (store) => {
    const made = await Promise.all([1, 2].map(() => store.pushWith("q", null)));
    const [ms, number] = numbersOf(made[1]!);
    const step = number - numbersOf(made[0]!)[1];
    // In these tests the clock stands still: these are the next ones.
    const chosen = [1, 2, 4, 5, 9, 20].map((next) => `${ms}-${number + next * step}`);
    for (const id of chosen) expect(await store.push("q", id)).toBe("ok");
    made.push(...(await store.pushBatch("q", [null, null, null])));
    const end = "right";
    made.push(...(await Promise.all([1, 2, 3].map(() => store.pushWith("q", null, { end })))));
    made.push(await store.pushWith("q", null));
    expect(areAscending(made)).toBe(true);
    const all = [...made, ...chosen];
    expect(new Set(all).size).toBe(15);
    expect(await store.counts("q")).toEqual({ ready: 15 });
    for (const id of chosen) {
      expect(textOf((await store.mustGet("q", id)).contents!)).toBe(`contents of ${id}`);
    }
    const popped = await store.claimBatch(["q"], 20);
    expect(popped.map(({ id }) => id).toSorted()).toEqual(all.toSorted());
  });

  check("ids are made for any contents and at both ends", async (store) => {
    const right = await store.pushWith("q", null, { end: "right", contents: "" });
    const large = "x".repeat(300_000);
    const left = await store.pushWith("q", null, { contents: large });
    expect(await store.popEvent("q")).toEqual([right, ""]);
    expect(await store.popEvent("q")).toEqual([left, large]);
  });

  check("an id is taken while its event is ready, delayed, claimed or failed", async (store) => {
    await store.push("q", "failed");
    await store.fail("q", await store.mustClaim("q"), "final");
    await store.push("q", "claimed");
    await store.mustClaim("q");
    await store.push("q", "ready");
    await store.pushWith("q", "delayed", { start: { afterMs: 1000 } });
    const counts = { ready: 1, delayed: 1, claimed: 1, failed: 1 };
    expect(await store.counts("q")).toEqual(counts);
    for (const id of ["failed", "claimed", "ready", "delayed"]) {
      const before = await store.mustGet("q", id);
      expect(await store.push("q", id)).toBe("duplicate");
      const other = { contents: "other", start: { afterMs: 5 }, ttlMs: 5 };
      expect(await store.pushWith("q", id, other)).toBe(`duplicate of ${id}`);
      expect(await store.pushWith("q", id, { ...other, onDuplicate: "keep" })).toBe(id);
      expect(await store.mustGet("q", id)).toEqual(before);
    }
    expect(await store.counts("q")).toEqual(counts);
  });

  check("a replaced event gets contents and options, and keeps its place", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    const headers: [string, string][] = [["a", "b"]];
    const replaced = { onDuplicate: "replace", contents: "new", headers, leaseMs: 5 } as const;
    expect(await store.pushWith("q", "2", replaced)).toBe("2");
    expect(await store.pushWith("q", "3", { onDuplicate: "replace", end: "right" })).toBe("3");
    expect(await store.ids("q", "ready")).toEqual(["3", "1", "2"]);
    expect(await store.status("q")).toEqual([["q", 3, 0, 0]]);
    await store.drain("q").then((ids) => expect(ids).toEqual(["3", "1", "2"]));
    await store.pushWith("q", "2", { headers: [["x", "y"]], attemptsMax: 3 });
    await store.pushWith("q", "2", replaced);
    expect(await store.mustGet("q", "2")).toMatchObject({ attemptsMax: null, leaseMs: 5 });
    expect(await store.mustClaim("q")).toMatchObject({ id: "2", contents: "new", headers });
  });

  check("a replaced event keeps its due time, unless the push names one", async (store) => {
    const replace = { onDuplicate: "replace", contents: "new" } as const;
    await store.pushWith("q", "kept", { start: { afterMs: 1000 } });
    await store.pushWith("q", "moved", { start: { afterMs: 1000 } });
    await store.pushWith("q", "hurried", { start: { afterMs: 1000 } });
    await store.push("q", "ready");
    await store.pushWith("q", "kept", replace);
    await store.pushWith("q", "moved", { ...replace, start: { atMs: store.nowMs + 3000 } });
    await store.pushWith("q", "hurried", { ...replace, start: { afterMs: 0 } });
    await store.pushWith("q", "ready", { ...replace, start: { afterMs: 2000 } });
    expect(await store.ids("q", "delayed")).toEqual(["kept", "ready", "moved"]);
    expect(await store.drain("q")).toEqual(["hurried"]);
    store.advance(1000);
    await store.reclaim();
    expect(await store.popEvent("q", 0)).toEqual(["kept", "new"]);
    store.advance(2000);
    await store.reclaim();
    expect(await store.drain("q")).toEqual(["ready", "moved"]);
  });

  check("a claimed or failed event is not replaced", async (store) => {
    await store.pushAll("q", ["failed", "claimed"]);
    await store.fail("q", await store.mustClaim("q"), "final");
    const held = await store.mustClaim("q");
    for (const id of ["claimed", "failed"]) {
      const replace = { onDuplicate: "replace", contents: "new" } as const;
      expect(await store.pushWith("q", id, replace)).toBe(`duplicate of ${id}`);
      expect(String((await store.mustGet("q", id)).contents)).toBe(`contents of ${id}`);
    }
    expect(await store.ackClaim("q", held)).toBe(true);
  });

  check("a push takes the place of a completed event", async (store) => {
    await store.configure("q", { "keep-completed": "10" });
    for (const onDuplicate of ["refuse", "keep", "replace"] as const) {
      await store.push("q", "1");
      await store.ackClaim("q", await store.mustClaim("q"), "done");
      expect(await store.counts("q")).toEqual({ completed: 1 });
      expect(await store.pushWith("q", "1", { onDuplicate, contents: "again" })).toBe("1");
      expect(await store.counts("q")).toEqual({ ready: 1 });
      expect(await store.mustGet("q", "1")).toMatchObject({ state: "ready", result: null });
      expect(await store.popEvent("q", 0)).toEqual(["1", "again"]);
    }
  });

  check("a delayed event is hidden until it is due, then at the left end", async (store) => {
    await store.pushWith("q", "delayed", { start: { afterMs: 1000 } });
    await store.push("q", "before");
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 1 });
    expect(await store.peek("q", "left")).toBe("before");
    store.advance(999);
    expect(await store.reclaim()).toBe(0);
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 1 });
    store.advance(1);
    expect(await store.reclaim()).toBe(1);
    expect(await store.counts("q")).toEqual({ ready: 2 });
    await store.push("q", "after");
    expect(await store.drain("q")).toEqual(["before", "delayed", "after"]);
    expect(await store.list()).toEqual([]);
  });

  check("a queue with delayed events only is there and has nothing to pop", async (store) => {
    await store.pushWith("q", "1", { start: { atMs: store.nowMs + 1000 } });
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
    expect(await store.pop("q")).toBeNull();
    expect(await store.ready("q")).toBeNull();
    expect(await store.peek("q")).toBeNull();
    store.advance(1000);
    await store.reclaim();
    expect(await store.ready("q")).toBe("q");
    expect(await store.pop("q")).toBe("1");
  });

  check("delayed events come in the order of their times", async (store) => {
    const delays = [3000, 1000, 86_400_000, 2000, 1500];
    for (const delay of delays) {
      await store.pushWith("q", String(delay), { start: { afterMs: delay } });
    }
    store.advance(86_400_000);
    expect(await store.reclaim(2)).toBe(2);
    expect(await store.drain("q")).toEqual(["1000", "1500"]);
    expect(await store.reclaim(10)).toBe(3);
    expect(await store.drain("q")).toEqual(["2000", "3000", "86400000"]);
  });

  check("a time that has passed and a delay of 0 are as none", async (store) => {
    await store.push("q", "1");
    for (const start of [{ afterMs: 0 }, { atMs: store.nowMs }, { atMs: 0 }]) {
      await store.pushWith("q", `left ${JSON.stringify(start)}`, { start });
    }
    await store.pushWith("q", "right", { start: { atMs: store.nowMs - 1 }, end: "right" });
    expect(await store.counts("q")).toEqual({ ready: 5 });
    expect((await store.drain("q")).slice(0, 2)).toEqual(["right", "1"]);
  });

  check("headers come with a pop that has a claimant", async (store) => {
    const headers: [string, string][] = [
      ["", ""],
      ["name", "value"],
      ["name", "\x00\xff:3,\r\n"],
      ["5:long", "x".repeat(60_000)],
    ];
    await store.pushWith("q", "1", { headers });
    expect(await store.mustClaim("q")).toMatchObject({ contents: "contents of 1", headers });
    await store.redo("q", "1");
    expect(await store.popEvent("q")).toEqual(["1", "contents of 1"]);
  });

  check("an event's own lease is taken before that of its queue", async (store) => {
    await store.configure("q", { lease: "5" });
    await store.pushWith("q", "own", { leaseMs: 2000 });
    await store.push("q", "queue's");
    for (const _ of "12") await store.mustClaim("q", null);
    await store.push("q", "named");
    await store.mustClaim("q", 1000);
    expect(await store.ids("q", "claimed")).toEqual(["named", "own", "queue's"]);
    const endings = await Promise.all(
      ["named", "own", "queue's"].map((id) => store.dueInMs("q", id)),
    );
    expect(endings).toEqual([1000, 2000, 5000]);
  });

  check("what a push said survives restarts", async (store) => {
    const headers: [string, string][] = [["a", "b"]];
    const start = { afterMs: 3000 };
    const options = { ttlMs: 60_000, attemptsMax: 4, backoff: "fixed 2", leaseMs: 700, headers };
    await store.pushWith("q", "delayed", { ...options, start });
    await store.pushWith("q", "ready", { ...options });
    const before = [await store.mustGet("q", "delayed"), await store.mustGet("q", "ready")];
    for (const restart of restartsOf(store)) {
      await restart();
      const after = [await store.mustGet("q", "delayed"), await store.mustGet("q", "ready")];
      for (const [at, facts] of after.entries()) {
        expect(facts).toEqual({ ...before[at]!, version: facts.version });
      }
    }
    expect(await store.mustClaim("q", null)).toMatchObject({ id: "ready", headers });
    store.advance(700);
    await store.reclaim();
    expect((await store.mustGet("q", "ready")).crashes).toBe(1);
  });
}
