// Priorities: of the ready events without a group those of a higher one come first.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

/** Pushes events whose ids are their priorities and a letter, such as "5a". */
async function pushRanked(store: LifeCaller, ids: string[], queue = "q"): Promise<void> {
  for (const id of ids) await store.pushWith(queue, id, { priority: Number.parseInt(id) });
}

function set(store: LifeCaller, id: string, priority: number): Promise<boolean> {
  const rest = { contents: null, start: null, ttlMs: null, headers: [] };
  return store.submit({ kind: "set", queue: bytesOf("q"), id: bytesOf(id), priority, ...rest });
}

export function priorities(check: Check): void {
  check("the highest priority comes first, the oldest event first in each", async (store) => {
    await pushRanked(store, ["-1a", "0a", "1000a", "5a", "-1000a", "5b", "10a", "-1b", "1000b"]);
    await store.push("q", "plain");
    const order = ["1000a", "1000b", "10a", "5a", "5b", "0a", "plain", "-1a", "-1b", "-1000a"];
    expect(await store.ids("q", "ready")).toEqual(order);
    expect(await store.ids("q", "ready", true)).toEqual(order.toReversed());
    expect([await store.peek("q"), await store.peek("q", "left")]).toEqual(["1000a", "-1000a"]);
    expect((await store.mustGet("q", "-1a")).priority).toBe(-1);
    expect((await store.mustGet("q", "plain")).priority).toBe(0);
    expect(await store.ready("q")).toBe("q");
    expect(await store.drain("q")).toEqual(order);
    expect(await store.ready("q")).toBeNull();
    expect(await store.list()).toEqual([]);
  });

  check("in each priority the line has its order", async (store) => {
    await store.configure("q", { backoff: "none" });
    await pushRanked(store, ["1a", "1b", "1c", "1d", "0a", "0b"]);
    const claims = await store.claimBatch(["q"], 5);
    await store.pushWith("q", "1e", { priority: 1, end: "right" });
    await store.pushWith("q", "1f", { priority: 1, end: "right" });
    const [a, b, c, d, zero] = claims;
    await store.fail("q", b!);
    await store.crash("q", a!);
    await store.redoClaim("q", c!);
    await store.fail("q", zero!);
    await store.unpop("q", d!.popped);
    expect(await store.drain("q")).toEqual(["1c", "1f", "1e", "1a", "1b", "1d", "0a", "0b"]);
  });

  check("a delayed event enters its priority when it is due", async (store) => {
    await store.pushWith("q", "high", { priority: 7, start: { afterMs: 1000 } });
    await store.pushWith("q", "low", { priority: -7, start: { afterMs: 500 } });
    expect((await store.mustGet("q", "high")).priority).toBe(7);
    await store.push("q", "plain");
    for (const restart of restartsOf(store)) await restart();
    store.advance(1000);
    await store.reclaim();
    expect(await store.drain("q")).toEqual(["high", "plain", "low"]);
  });

  check("a batch has one priority", async (store) => {
    await store.pushAll("q", ["0a"]);
    await store.pushBatch("q", ["3a", "3b"], { priority: 3 });
    await store.pushBatch("q", ["3c", "3d"], { priority: 3, end: "right" });
    expect(await store.drain("q")).toEqual(["3d", "3c", "3a", "3b", "0a"]);
  });

  check("a replaced event keeps its priority and place, unless they are named", async (store) => {
    await pushRanked(store, ["2a", "2b", "2c", "1a", "1b", "0a"]);
    const replace = { onDuplicate: "replace" } as const;
    await store.pushWith("q", "2a", replace);
    await store.pushWith("q", "2b", { ...replace, priority: 2 });
    await store.pushWith("q", "2c", { ...replace, priority: 0 });
    await store.pushWith("q", "1b", { ...replace, priority: 1, end: "right" });
    await store.pushWith("q", "0a", { ...replace, priority: 5 });
    expect((await store.mustGet("q", "2a")).priority).toBe(2);
    expect((await store.mustGet("q", "2c")).priority).toBe(0);
    expect(await store.drain("q")).toEqual(["0a", "2a", "2b", "1b", "1a", "2c"]);
  });

  check("a changed priority puts an event at the left end of it", async (store) => {
    await pushRanked(store, ["1a", "1b", "1c", "0a", "0b"]);
    await store.pushWith("q", "later", { start: { afterMs: 1000 } });
    await store.pushWith("q", "claimed", { priority: 9 });
    const claim = await store.mustClaim("q");
    expect(await set(store, "0a", 1)).toBe(true);
    expect(await set(store, "1a", -1)).toBe(true);
    expect(await set(store, "1b", 1)).toBe(true);
    expect(await set(store, "later", 2)).toBe(true);
    expect(await set(store, "claimed", 2)).toBe(false);
    expect(await set(store, "missing", 2)).toBe(false);
    await store.fail("q", claim, "final");
    expect(await set(store, "claimed", 0)).toBe(true);
    expect(await store.retry("q", ["claimed"])).toEqual([true]);
    store.advance(1000);
    await store.reclaim();
    expect(await store.drain("q")).toEqual(["later", "1b", "1c", "0a", "0b", "claimed", "1a"]);
  });

  check("an event takes its priority along to another queue", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await pushRanked(store, ["5a", "0a", "-5a", "-5b"]);
    const claims = await store.claimBatch(["q"], 3);
    for (const claim of claims.toReversed()) await store.fail("q", claim, "final");
    await store.push("q@dead", "plain");
    const targets = [{ id: bytesOf("-5b"), version: null }];
    const names = { queue: bytesOf("q"), target: bytesOf("q@dead") };
    expect(await store.submit({ kind: "move", ...names, targets })).toEqual([true]);
    expect((await store.mustGet("q@dead", "5a")).priority).toBe(5);
    expect(await store.drain("q@dead")).toEqual(["5a", "0a", "plain", "-5a", "-5b"]);
  });

  check(
    "a full queue drops of the lowest priority what would be out first there",
    async (store) => {
      await store.configure("q", { "max-length": "5", "on-full": "drop-oldest" });
      await pushRanked(store, ["3a", "-3a", "0a", "-3b"]);
      await store.pushWith("q", "later", { priority: -9, start: { afterMs: 1000 } });
      await pushRanked(store, ["3b"]);
      expect(await store.ids("q", "ready")).toEqual(["3a", "3b", "0a", "-3b"]);
      await store.pushBatch("q", ["3c", "3d", "3e"], { priority: 3 });
      expect(await store.ids("q", "ready")).toEqual(["3b", "3c", "3d", "3e"]);
      await store.configure("q", { "max-length": "2" });
      while ((await store.reclaim()) > 0);
      expect([await store.ids("q", "ready"), await store.ids("q", "delayed")]).toEqual([
        ["3e"],
        ["later"],
      ]);
    },
  );

  check("priorities stay through restarts, and a flush ends them", async (store) => {
    await pushRanked(store, ["-1a", "5a", "0a", "5b", "-1b", "700a"]);
    const claim = await store.mustClaim("q", 1000);
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await store.ids("q", "ready")).toEqual(["5a", "5b", "0a", "-1a", "-1b"]);
      expect((await store.mustGet("q", "-1b")).priority).toBe(-1);
    }
    store.advance(1000);
    await store.reclaim();
    expect(await store.pop("q")).toBe(claim.id);
    expect(await store.ids("q", "ready")).toEqual(["5a", "5b", "0a", "-1a", "-1b"]);
    await store.flush("q");
    expect(await store.list()).toEqual([]);
    await pushRanked(store, ["5a", "6a"]);
    expect(await store.drain("q")).toEqual(["6a", "5a"]);
  });

  check("expired, removed and failed events leave their priorities", async (store) => {
    await pushRanked(store, ["5a", "5b", "5c", "-5a", "-5b"]);
    await store.pushWith("q", "short", { priority: 9, ttlMs: 500 });
    await store.pushWith("q", "short too", { priority: -9, ttlMs: 500 });
    expect(await store.remove("q", ["5b", "-5a"])).toEqual([true, true]);
    store.advance(500);
    expect(await store.pop("q", 0)).toBe("5a");
    await store.reclaim();
    expect(await store.ids("q", "ready")).toEqual(["5c", "-5b"]);
    expect(await store.drain("q")).toEqual(["5c", "-5b"]);
    expect(await store.list()).toEqual([]);
  });

  check("many priorities, pushed in any order, come out in theirs", async (store) => {
    const ids = Array.from({ length: 300 }, (_, at) => `${((at * 7919) % 2001) - 1000}-${at}`);
    await pushRanked(store, ids);
    const inOrder = ids.toSorted((a, b) => Number.parseInt(b) - Number.parseInt(a));
    expect(await store.ids("q", "ready")).toEqual(inOrder);
    expect(await store.drain("q")).toEqual(inOrder);
  });
}
