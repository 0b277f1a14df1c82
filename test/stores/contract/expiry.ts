// TTL: a ready or delayed event that has waited too long is gone, or has failed.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import { restartsOf } from "./pushes.ts";

export function expiry(check: Check): void {
  check("an event is gone at the end of its own TTL", async (store) => {
    await store.pushWith("q", "1", { ttlMs: 1000 });
    expect((await store.mustGet("q", "1")).expiresAtMs).toBe(store.nowMs + 1000);
    store.advance(999);
    expect(await store.reclaim()).toBe(0);
    expect(await store.counts("q")).toEqual({ ready: 1 });
    for (const restart of restartsOf(store)) await restart();
    store.advance(1);
    expect(await store.reclaim()).toBe(1);
    expect(await store.list()).toEqual([]);
    expect(await store.push("q", "1")).toBe("ok");
  });

  check("an expired event is not handed out, even if nothing looked before", async (store) => {
    await store.pushWith("q", "1", { ttlMs: 1000 });
    await store.pushWith("q", "2", { ttlMs: 500 });
    await store.push("q", "3");
    store.advance(1000);
    expect(await store.ready("q")).toBe("q");
    expect(await store.pop("q", 0)).toBe("3");
    expect(await store.pop("q", 0)).toBeNull();
    await store.pushWith("q", "4", { ttlMs: 1000 });
    store.advance(1000);
    expect(await store.ready("q")).toBeNull();
    expect(await store.claimBatch(["q"], 5)).toEqual([]);
    await store.reclaim();
    expect(await store.list()).toEqual([]);
  });

  check("the TTL of a queue holds for events without one, also earlier ones", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pushWith("q", "own", { ttlMs: 60_000 });
    store.advance(3000);
    await store.push("q", "3");
    await store.configure("q", { ttl: "2" });
    expect(await store.pop("q", 0)).toBe("own");
    expect(await store.pop("q", 0)).toBe("3");
    await store.push("q", "4");
    store.advance(2000);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({});
    await store.configure("q", { ttl: null });
    expect(await store.list()).toEqual([]);
  });

  check("a tick ends events by the TTL of their queue", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.configure(null, { ttl: "2" });
    store.advance(1999);
    expect(await store.reclaim()).toBe(0);
    store.advance(1);
    expect(await store.reclaim()).toBe(2);
    expect(await store.list()).toEqual([]);
    await store.configure(null, { ttl: null });
  });

  check("a TTL that was set later, or taken back, holds for events that wait", async (store) => {
    await store.pushAll("q", ["1"]);
    store.advance(5000);
    await store.configure("q", { ttl: "6" });
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ ready: 1 });
    await store.configure("q", { ttl: null });
    store.advance(5000);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ ready: 1 });
    await store.configure("q", { ttl: "6" });
    await store.reclaim();
    expect(await store.counts("q")).toEqual({});
  });

  check("a delayed event expires too", async (store) => {
    await store.pushWith("q", "1", { ttlMs: 1000, start: { afterMs: 5000 } });
    await store.pushWith("q", "2", { ttlMs: 5000, start: { afterMs: 1000 } });
    store.advance(1000);
    expect(await store.reclaim()).toBe(2);
    expect(await store.counts("q")).toEqual({ ready: 1 });
    store.advance(4000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.list()).toEqual([]);
  });

  check("a claimed event does not expire, but when it waits again", async (store) => {
    await store.configure("q", { backoff: "none" });
    const ends = {
      ack: (id: string) => store.ack("q", id),
      redo: (id: string) => store.redo("q", id),
      fail: (id: string) => store.fail("q", { id, token: null }),
    };
    for (const [name, end] of Object.entries(ends)) {
      await store.pushWith("q", "1", { ttlMs: 1000 });
      await store.mustClaim("q", 60_000);
      store.advance(2000);
      expect(await store.reclaim()).toBe(0);
      expect(await store.counts("q")).toEqual({ claimed: 1 });
      expect(await end("1")).toBe(name === "fail" ? "ready" : true);
      expect(await store.pop("q")).toBeNull();
      await store.reclaim();
      expect(await store.get("q", "1")).toBeNull();
    }
  });

  check("with on-expire fail an event has failed, with an error", async (store) => {
    await store.configure("q", { "on-expire": "fail", ttl: "1" });
    await store.push("q", "1");
    await store.pushWith("q", "2", { start: { afterMs: 5000 } });
    store.advance(1000);
    expect(await store.reclaim()).toBe(2);
    expect(await store.counts("q")).toEqual({ failed: 2 });
    const facts = await store.mustGet("q", "1");
    expect(facts).toMatchObject({ state: "failed", failures: 0, crashes: 0, atMs: store.nowMs });
    expect(textOf(facts.lastError!)).toBe("expired");
    expect(facts.errors.map(({ text }) => textOf(text))).toEqual(["expired"]);
    await store.push("q", "3");
    store.advance(1000);
    expect(await store.pop("q")).toBeNull();
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ failed: 3 });
  });

  check("a retry lets the TTL start again", async (store) => {
    await store.configure("q", { "on-expire": "fail" });
    await store.pushWith("q", "1", { ttlMs: 1000 });
    store.advance(1000);
    await store.reclaim();
    store.advance(5000);
    expect(await store.retry("q", ["1"])).toEqual([true]);
    expect((await store.mustGet("q", "1")).expiresAtMs).toBe(store.nowMs + 1000);
    store.advance(999);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ ready: 1 });
    store.advance(1);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ failed: 1 });
  });

  check("events at any place of the line expire, the others keep their order", async (store) => {
    const ids = Array.from({ length: 60 }, (_, n) => `${n}`);
    const isShort = (id: string) => Number(id) % 3 > 0;
    for (const id of ids) await store.pushWith("q", id, isShort(id) ? { ttlMs: 1000 } : {});
    await store.claimBatch(["q"], 6, 500);
    store.advance(500);
    expect(await store.reclaim()).toBe(6);
    store.advance(500);
    expect(await store.reclaim()).toBe(40);
    expect(await store.counts("q")).toEqual({ ready: 20 });
    for (const restart of restartsOf(store)) await restart();
    await store.pushAll("q", ["1", "2"]);
    const kept = ids.filter((id) => !isShort(id));
    expect(await store.peek("q", "left")).toBe("2");
    expect(await store.drain("q")).toEqual([...kept, "1", "2"]);
  });
}
