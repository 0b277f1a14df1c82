// Attempts: failures and crashes are counted apart, wait for a backoff, and are noted.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

/** Claims the next event, which must be that one, and fails it. */
async function failNext(store: LifeCaller, id: string): Promise<void> {
  const held = await store.mustClaim("q");
  expect(held.id).toBe(id);
  await store.fail("q", held);
}

/** The waits after each of so many failures or crashes of one event, in ms. */
async function waits(store: LifeCaller, count: number, isCrash = false): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const held = await store.mustClaim("q");
    await (isCrash ? store.crash("q", held) : store.fail("q", held));
    const { state, atMs } = await store.mustGet("q", held.id);
    found.push(state === "delayed" ? atMs! - store.nowMs : 0);
    store.advance(found.at(-1)!);
    await store.reclaim();
  }
  return found;
}

export function attempts(check: Check): void {
  check("an attempt is 1 and the failures and crashes before it", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.push("q", "1");
    const seen: number[] = [];
    for (const end of ["fail", "crash", "lease", "redo", "unpop", "fail"] as const) {
      const held = await store.mustClaim("q", 1000);
      seen.push(held.attempt);
      if (end === "fail") await store.fail("q", held);
      else if (end === "crash") await store.crash("q", held);
      else if (end === "redo") await store.redoClaim("q", held);
      else if (end === "unpop") await store.unpop("q", held.popped);
      else store.advance(1000);
      await store.reclaim();
    }
    expect(seen).toEqual([1, 2, 3, 4, 4, 4]);
    expect(await store.mustGet("q", "1")).toMatchObject({ failures: 2, crashes: 2 });
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await store.mustGet("q", "1")).toMatchObject({ failures: 2, crashes: 2 });
    }
    expect((await store.mustClaim("q")).attempt).toBe(5);
  });

  check("claims without a claimant fail and crash too", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.push("q", "1");
    await store.pop("q", 1000);
    store.advance(1000);
    await store.reclaim();
    await store.pop("q");
    expect(await store.fail("q", { id: "1", token: null })).toBe("ready");
    expect((await store.mustClaim("q")).attempt).toBe(3);
  });

  check("an event without backoff comes back by the begin of its claim", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.pushAll("q", ["1", "2", "3", "4", "new"]);
    const [one, two, three, four] = await store.claimBatch(["q"], 4);
    await store.push("q", "right", "right");
    expect(await store.fail("q", three!)).toBe("ready");
    expect(await store.crash("q", one!)).toBe(true);
    expect(await store.fail("q", four!, { afterMs: 0 })).toBe("ready");
    expect(await store.fail("q", two!, { atMs: 1 })).toBe("ready");
    expect(await store.drain("q")).toEqual(["right", "1", "2", "3", "4", "new"]);
  });

  check("the n-th failure waits for the n-th step of the backoff", async (store) => {
    for (const [rule, steps] of [
      ["none", [0, 0]],
      ["fixed 1.5", [1500, 1500, 1500]],
      ["1,0,3.25", [1000, 0, 3250, 3250, 3250]],
      ["exponential 0 0", [0, 0]],
    ] as const) {
      await store.configure("q", { backoff: rule, "crash-backoff": "fixed 100" });
      await store.push("q", "1");
      expect(await waits(store, steps.length)).toEqual([...steps]);
      await store.flush("q");
    }
  });

  check("the n-th crash waits for the n-th step of the crash-backoff", async (store) => {
    await store.push("q", "1");
    expect(await waits(store, 2, true)).toEqual([0, 0]);
    await store.flush("q");
    await store.configure("q", { backoff: "7,8,9", "crash-backoff": "1,2" });
    await store.push("q", "1");
    expect(await waits(store, 1)).toEqual([7000]);
    expect(await waits(store, 3, true)).toEqual([1000, 2000, 2000]);
    expect(await waits(store, 2)).toEqual([8000, 9000]);
    await store.mustClaim("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await store.dueInMs("q", "1")).toBe(2000);
  });

  check("an exponential backoff doubles up to its maximum, ±20 %", async (store) => {
    await store.configure("q", { backoff: "exponential 1 10" });
    const ids = Array.from({ length: 40 }, (_, n) => `${n}`);
    const seen = new Set<number>();
    for (const base of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      if (base === 1000) await store.pushAll("q", ids);
      for (const held of await store.claimBatch(["q"], 40)) {
        await store.fail("q", held);
        const waitMs = await store.dueInMs("q", held.id);
        expect(waitMs).toBeWithin(base * 0.8, base * 1.2 + 1);
        seen.add(waitMs / base);
      }
      store.advance(12_001);
      expect(await store.reclaim()).toBe(40);
    }
    expect(seen.size).toBeGreaterThan(60);
    expect(Math.max(...seen)).toBeGreaterThan(1.1);
    expect(Math.min(...seen)).toBeLessThan(0.9);
  });

  check("the default backoff is exponential, from 1 second to 600", async (store) => {
    await store.push("q", "1");
    const found = await waits(store, 12);
    for (const [at, waitMs] of found.entries()) {
      const base = Math.min(600_000, 1000 * 2 ** at);
      expect(waitMs).toBeWithin(base * 0.8, base * 1.2 + 1);
    }
  });

  check("an event's own backoff and number of attempts come first", async (store) => {
    await store.configure("q", { backoff: "fixed 5", "max-attempts": "2" });
    await store.pushWith("q", "own", { backoff: "1,2", attemptsMax: 3 });
    expect(await waits(store, 2)).toEqual([1000, 2000]);
    const last = await store.mustClaim("q");
    expect(await store.fail("q", last)).toBe("failed");
    await store.pushWith("q", "no limit", { attemptsMax: 0, backoff: "none" });
    expect(await waits(store, 4)).toEqual([0, 0, 0, 0]);
    await store.drain("q");
    await store.push("q", "as its queue");
    expect(await waits(store, 1)).toEqual([5000]);
    expect(await store.fail("q", await store.mustClaim("q"))).toBe("failed");
  });

  check("an event has failed after its last attempt, by failure or crash", async (store) => {
    await store.configure("q", { backoff: "none", "max-attempts": "2" });
    for (const end of ["fail", "crash", "lease", "delayed"] as const) {
      await store.push("q", end);
      await failNext(store, end);
      const held = await store.mustClaim("q", 1000);
      if (end === "fail") expect(await store.fail("q", held)).toBe("failed");
      if (end === "delayed") expect(await store.fail("q", held, { afterMs: 1 })).toBe("failed");
      if (end === "crash") expect(await store.crash("q", held)).toBe(true);
      store.advance(1000);
      await store.reclaim();
      expect(await store.mustGet("q", end)).toMatchObject({ state: "failed" });
    }
    expect(await store.ids("q", "failed")).toEqual(["fail", "crash", "lease", "delayed"]);
    expect(await store.pop("q")).toBeNull();
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
  });

  check("after max-crashes an event has failed, whatever attempts are left", async (store) => {
    await store.configure("q", { backoff: "none", "max-crashes": "2", "max-attempts": "9" });
    await store.pushWith("q", "1", { attemptsMax: 0 });
    expect(await waits(store, 1, true)).toEqual([0]);
    expect(await waits(store, 3)).toEqual([0, 0, 0]);
    await store.mustClaim("q", 1000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
    const facts = await store.mustGet("q", "1");
    expect(facts).toMatchObject({ state: "failed", failures: 3, crashes: 2 });
    expect(facts.atMs).toBe(store.nowMs);
  });

  check("a failure names when the next attempt may begin, or that it is final", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    const [one, two, three] = await store.claimBatch(["q"], 3);
    expect(await store.fail("q", one!, { afterMs: 7000 })).toBe("delayed");
    expect(await store.fail("q", two!, { atMs: store.nowMs + 3000 })).toBe("delayed");
    expect(await store.fail("q", three!, "final")).toBe("failed");
    expect(await store.counts("q")).toEqual({ delayed: 2, failed: 1 });
    expect(await store.ids("q", "delayed")).toEqual(["2", "1"]);
    store.advance(7000);
    await store.reclaim();
    await store.push("q", "new");
    expect(await store.drain("q")).toEqual(["2", "1", "new"]);
  });

  check("errors are noted with time and attempt, the last ten of them", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.push("q", "1");
    const startMs = store.nowMs;
    for (let n = 1; n <= 12; n++) {
      store.advance(10);
      await store.fail("q", await store.mustClaim("q"), "backoff", `error ${n}\xff`);
    }
    const { errors, lastError } = await store.mustGet("q", "1");
    expect(textOf(lastError!)).toBe("error 12\xff");
    expect(
      errors.map(({ atMs, attempt, text }) => [atMs - startMs, attempt, textOf(text)]),
    ).toEqual(Array.from({ length: 10 }, (_, n) => [10 * (n + 3), n + 3, `error ${n + 3}\xff`]));
    const long = "e".repeat(10_000);
    await store.fail("q", await store.mustClaim("q"), "backoff", long);
    const cut = await store.mustGet("q", "1");
    expect(textOf(cut.lastError!)).toBe(long.slice(0, 4096));
    expect(textOf(cut.errors.at(-1)!.text)).toBe(long.slice(0, 1024));
    for (const restart of restartsOf(store)) {
      await restart();
      const { errors: after, lastError: last } = await store.mustGet("q", "1");
      expect([after, last]).toEqual([cut.errors, cut.lastError]);
    }
  });

  check("a crash notes who crashed", async (store) => {
    await store.push("q", "1");
    const lastError = async () => textOf((await store.mustGet("q", "1")).lastError!);
    await store.crash("q", await store.mustClaim("q", 1000, "worker 7"));
    expect(await lastError()).toBe("crashed: the lease of worker 7 ended");
    await store.mustClaim("q", 1000, "");
    store.advance(1000);
    await store.reclaim();
    expect(await lastError()).toBe("crashed: the lease ended");
    await store.mustClaim("q", 1000, "a b\xff");
    store.advance(1000);
    await store.reclaim();
    expect(await lastError()).toBe("crashed: the lease of a b\xff ended");
    await store.pop("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await lastError()).toBe("crashed: the lease ended");
    expect((await store.mustGet("q", "1")).errors.map(({ attempt }) => attempt)).toEqual([
      1, 2, 3, 4,
    ]);
  });

  check("a redo counts nothing and goes to the right end, or waits", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    const [one, two] = await store.claimBatch(["q"], 2);
    await store.push("q", "right", "right");
    expect(await store.redoClaim("q", one!)).toBe(true);
    expect(await store.redoClaim("q", two!, { afterMs: 1000 })).toBe(true);
    expect(await store.counts("q")).toEqual({ ready: 3, delayed: 1 });
    expect(await store.drain("q")).toEqual(["1", "right", "3"]);
    store.advance(1000);
    await store.reclaim();
    const again = await store.mustClaim("q");
    expect(again).toMatchObject({ id: "2", attempt: 1 });
    expect(await store.redoClaim("q", again, { atMs: 1 })).toBe(true);
    expect(await store.mustGet("q", "2")).toMatchObject({
      state: "ready",
      failures: 0,
      crashes: 0,
      lastError: null,
      errors: [],
    });
  });

  check("an event starts anew when its id is pushed again", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.push("q", "1");
    await failNext(store, "1");
    const held = await store.mustClaim("q");
    await store.touch("q", held, { progress: "half", log: "line" });
    await store.ackClaim("q", held);
    await store.push("q", "1");
    const facts = { failures: 0, crashes: 0, lastError: null, errors: [], log: [], progress: null };
    expect(await store.mustGet("q", "1")).toMatchObject(facts);
    expect((await store.mustClaim("q")).attempt).toBe(1);
  });
}
