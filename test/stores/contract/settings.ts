// Settings of a queue and of all queues. What each of them does is in the chapter of its subject.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { restartsOf } from "./pushes.ts";

export function settings(check: Check): void {
  check("settings are those given, and may be taken back", async (store) => {
    expect(await store.settings("q")).toEqual({});
    expect(await store.settings(null)).toEqual({});
    await store.configure("q", { lease: "5", "max-attempts": "3", "failed-to": "\xff\x00 {q}" });
    await store.configure(null, { lease: "7", ttl: "100" });
    await store.configure("q", { lease: "6", "max-attempts": null, backoff: "fixed 1" });
    const own = { lease: "6", "failed-to": "\xff\x00 {q}", backoff: "fixed 1" };
    expect(await store.settings("q")).toEqual(own);
    expect(await store.settings(null)).toEqual({ lease: "7", ttl: "100" });
    expect(await store.settings("r")).toEqual({});
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await store.settings("q")).toEqual(own);
      expect(await store.settings(null)).toEqual({ lease: "7", ttl: "100" });
    }
    await store.configure(null, { lease: null, ttl: null, backoff: null });
    expect(await store.settings(null)).toEqual({});
    await store.configure("q", { lease: null, "failed-to": null, backoff: null });
    expect(await store.settings("q")).toEqual({});
    expect(await store.list()).toEqual([]);
  });

  check("a queue's own setting holds, else that of all queues, else the default", async (store) => {
    const leaseOf = async (queue: string) => {
      await store.push(queue, "1");
      await store.mustClaim(queue, null);
      const leaseMs = await store.dueInMs(queue, "1");
      await store.flush(queue);
      return leaseMs;
    };
    expect(await leaseOf("q")).toBe(30_000);
    await store.configure(null, { lease: "7.5" });
    expect([await leaseOf("q"), await leaseOf("r")]).toEqual([7500, 7500]);
    await store.configure("q", { lease: "0.001" });
    expect([await leaseOf("q"), await leaseOf("r")]).toEqual([1, 7500]);
    await store.configure("q", { lease: null });
    expect(await leaseOf("q")).toBe(7500);
    await store.configure(null, { lease: null });
    expect(await leaseOf("q")).toBe(30_000);
  });

  check(
    "the lease of a queue holds for pops without a claimant and in batches too",
    async (store) => {
      await store.configure("q", { lease: "5" });
      await store.pushAll("q", ["1", "2"]);
      await store.submit({ kind: "pop", queue: Buffer.from("q"), leaseMs: null, claimant: null });
      await store.claimBatch(["q"], 1, null);
      expect(await store.dueInMs("q", "1")).toBe(5000);
      expect(await store.dueInMs("q", "2")).toBe(5000);
    },
  );

  check("settings hold from the next operation on, also within a turn", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await Promise.all([
      store.claim("q", null),
      store.configure("q", { lease: "5" }),
      store.claim("q", null),
    ]);
    expect(await store.dueInMs("q", "1")).toBe(30_000);
    expect(await store.dueInMs("q", "2")).toBe(5000);
  });

  check("a queue with settings of its own is there, also when it is flushed", async (store) => {
    await store.configure("q", { lease: "5" });
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    await store.push("q", "1");
    await store.flush("q");
    expect(await store.settings("q")).toEqual({ lease: "5" });
    await store.push("q", "2");
    await store.pop("q", 0);
    await store.reclaim();
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    expect(await store.settings("q")).toEqual({ lease: "5" });
    await store.configure("q", { lease: null });
    expect(await store.list()).toEqual([]);
  });

  check("a failed-to that leads back is refused, with all that was set with it", async (store) => {
    const given = { "max-attempts": "1" };
    expect(await store.configure("q", { ...given, "failed-to": "q" })).toBe("cycle");
    expect(await store.settings("q")).toEqual({});
    expect(await store.configure("q", { "failed-to": "q@1" })).toBe("ok");
    expect(await store.configure("q@1", { "failed-to": "q@2" })).toBe("ok");
    expect(await store.configure("q@2", { ...given, "failed-to": "q" })).toBe("cycle");
    expect(await store.configure("q@2", { ...given, "failed-to": "q@1" })).toBe("cycle");
    expect(await store.settings("q@2")).toEqual({});
    expect(await store.configure("q@1", { "failed-to": "" })).toBe("ok");
    expect(await store.configure("q@2", { ...given, "failed-to": "q" })).toBe("ok");
  });

  check("a chain of failed-to may have 10 queues, and not 20", async (store) => {
    const outcomes: string[] = [];
    for (let n = 20; n > 0; n--) {
      outcomes.push(await store.configure(`q@${n}`, { "failed-to": `q@${n + 1}` }));
      if (outcomes.at(-1) !== "ok") break;
    }
    expect(outcomes.length).toBeWithin(10, 20);
    expect(outcomes.at(-1)).toBe("cycle");
  });
}
