// Touch: a claim lasts longer, and its consumer says how far it is.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { restartsOf } from "./pushes.ts";

export function touches(check: Check): void {
  check("a touched lease ends so long from now, also sooner than before", async (store) => {
    await store.push("q", "1");
    const held = await store.mustClaim("q", 5000);
    store.advance(4000);
    expect(await store.touch("q", held)).toBe("touched");
    expect(await store.dueInMs("q", "1")).toBe(5000);
    store.advance(4999);
    expect(await store.reclaim()).toBe(0);
    expect(await store.touch("q", held, { lease: 60_000 })).toBe("touched");
    expect(await store.dueInMs("q", "1")).toBe(60_000);
    expect(await store.touch("q", held)).toBe("touched");
    expect(await store.dueInMs("q", "1")).toBe(5000);
    expect(await store.touch("q", held, { lease: 10 })).toBe("touched");
    store.advance(10);
    expect(await store.reclaim()).toBe(1);
    expect(await store.touch("q", held)).toBeNull();
    expect(await store.mustGet("q", "1")).toMatchObject({ state: "ready", crashes: 1 });
  });

  check("a lease that its queue or event named is the one that a touch repeats", async (store) => {
    await store.configure("q", { lease: "5" });
    await store.push("q", "1");
    await store.pushWith("q", "2", { leaseMs: 700 });
    for (const [id, leaseMs] of [
      ["1", 5000],
      ["2", 700],
    ] as const) {
      const held = await store.mustClaim("q", null);
      store.advance(100);
      await store.configure("q", { lease: "9" });
      await store.touch("q", held);
      expect(await store.dueInMs("q", id)).toBe(leaseMs);
    }
  });

  check("a claim without a token is touched as any other", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    store.advance(900);
    expect(await store.touch("q", { id: "1", token: null })).toBe("touched");
    store.advance(900);
    expect(await store.reclaim()).toBe(0);
    store.advance(100);
    expect(await store.reclaim()).toBe(1);
  });

  check(
    "the order of events that come back is that of their claims, not touches",
    async (store) => {
      await store.pushAll("q", ["1", "2", "3"]);
      const [one] = await store.claimBatch(["q"], 3, 1000);
      store.advance(500);
      await store.touch("q", one!);
      store.advance(1000);
      expect(await store.reclaim(2)).toBe(2);
      expect(await store.reclaim(2)).toBe(1);
      expect(await store.drain("q")).toEqual(["1", "2", "3"]);
    },
  );

  check("a touch of nothing, or of an event that is not claimed, is null", async (store) => {
    await store.push("q", "1");
    expect(await store.touch("q", { id: "1", token: null })).toBeNull();
    expect(await store.touch("q", { id: "2", token: null })).toBeNull();
    expect(await store.touch("nowhere", { id: "1", token: null })).toBeNull();
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
  });

  check("progress is the latest, the log has its latest 100 lines in order", async (store) => {
    await store.push("q", "1");
    const held = await store.mustClaim("q");
    await store.touch("q", held, { progress: "10 %", log: "line 0\xff" });
    await store.touch("q", held, { log: "line 1" });
    await store.touch("q", held, { progress: "\x00 20 %" });
    const facts = await store.mustGet("q", "1");
    expect([facts.progress, ...facts.log].map((text) => textOf(text!))).toEqual([
      "\x00 20 %",
      "line 0\xff",
      "line 1",
    ]);
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await store.mustGet("q", "1")).toMatchObject({
        progress: facts.progress,
        log: facts.log,
      });
    }
    for (let n = 2; n < 120; n++) await store.touch("q", held, { log: `line ${n}` });
    const { log } = await store.mustGet("q", "1");
    expect(log.map(textOf)).toEqual(Array.from({ length: 100 }, (_, n) => `line ${n + 20}`));
  });

  check("a cancelled claim removes its event however it ends, but by an ack", async (store) => {
    const cancelled = async () => {
      await store.push("q", "1");
      const held = await store.mustClaim("q", 1000);
      expect(await store.touch("q", held)).toBe("touched");
      const cancel = { kind: "cancel", queue: bytesOf("q"), id: bytesOf("1") } as const;
      expect(await store.submit(cancel)).toBe("asked");
      for (const restart of restartsOf(store)) await restart();
      expect(await store.touch("q", held)).toBe("cancelled");
      return held;
    };
    for (const end of ["fail", "crash", "lease", "redo"] as const) {
      const held = await cancelled();
      if (end === "fail") expect(await store.fail("q", held)).toBe("removed");
      else if (end === "crash") expect(await store.crash("q", held)).toBe(true);
      else if (end === "redo") expect(await store.redoClaim("q", held)).toBe(true);
      else {
        store.advance(1000);
        await store.reclaim();
      }
      expect(await store.counts("q")).toEqual({});
    }
    await store.configure("q", { "keep-completed": "1" });
    expect(await store.ackClaim("q", await cancelled())).toBe(true);
    expect(await store.mustGet("q", "1")).toMatchObject({ state: "completed", isCancelled: false });
  });

  check("an undone pop of a cancelled claim removes its event", async (store) => {
    await store.push("q", "1");
    const { popped } = await store.mustClaim("q", 1000);
    await store.submit({ kind: "cancel", queue: bytesOf("q"), id: bytesOf("1") });
    expect(await store.unpop("q", popped)).toBe(true);
    expect(await store.counts("q")).toEqual({});
  });
}
