// Unpop gives an event back with everything that it had, and counts nothing.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { EventFacts } from "../../../src/queue/event.ts";
import type { Check } from "../contract.ts";
import { leaseMs } from "./caller.ts";
import type { Held, LifeCaller } from "./life-caller.ts";

/** Leases of claimed events, of events popped without a named lease, and of removed ones. */
const leases = [leaseMs, null, 0];

function unversioned(facts: EventFacts): EventFacts {
  return { ...facts, version: "" };
}

/** Pops in every way: each gives one event. */
const pops: Record<string, (store: LifeCaller, lease: number | null) => Promise<Held["popped"]>> = {
  "a pop": async (store, lease) => (await store.mustClaim("q", lease)).popped,
  "a batch": async (store, lease) => (await store.claimBatch(["r", "q"], 1, lease))[0]!.popped,
  async "a pop without claimant"(store, lease) {
    const pop = { kind: "pop", queue: Buffer.from("q"), leaseMs: lease, claimant: null } as const;
    return (await store.submit(pop))!;
  },
};

export function undone(check: Check): void {
  for (const [name, pop] of Object.entries(pops)) {
    check(`${name} that is undone leaves everything as it was`, async (store) => {
      await store.configure("q", { backoff: "none" });
      const headers: [string, string][] = [["a", "b"]];
      const limits = { attemptsMax: 9, backoff: "fixed 3", leaseMs: 7000, ttlMs: 90_000 };
      await store.pushWith("q", "1", { headers, ...limits });
      await store.push("q", "2");
      const held = await store.mustClaim("q");
      await store.touch("q", held, { progress: "half", log: "line" });
      await store.fail("q", held, { afterMs: 0 }, "broken");
      await store.crash("q", await store.mustClaim("q"));
      store.advance(10);
      const before = await store.mustGet("q", "1");
      expect(before).toMatchObject({ failures: 1, crashes: 1, state: "ready" });
      for (const lease of leases) {
        const popped = await pop(store, lease);
        store.advance(5);
        expect(await store.unpop("q", popped)).toBe(true);
        expect(unversioned(await store.mustGet("q", "1"))).toEqual(unversioned(before));
        expect(await store.counts("q")).toEqual({ ready: 2 });
        expect(await store.unpop("q", popped)).toBe(false);
      }
      expect(await store.mustClaim("q")).toMatchObject({ id: "1", attempt: 3, headers });
      expect((await store.mustClaim("q")).id).toBe("2");
    });

    check(`${name} is undone where settings and pauses allow nothing`, async (store) => {
      await store.pushAll("q", ["1", "2", "3"]);
      const popped = [];
      for (const lease of leases) popped.push(await pop(store, lease));
      await store.push("q", "4");
      await store.configure("q", { "max-length": "1", "max-claimed": "1" });
      await store.pause("q", ["in", "out"]);
      for (const event of popped) expect(await store.unpop("q", event)).toBe(true);
      await store.resume("q", ["in", "out"]);
      await store.configure("q", { "max-claimed": null });
      expect(await store.drain("q")).toEqual(["1", "2", "3", "4"]);
    });
  }

  check("pops of a batch are undone in any order", async (store) => {
    for (const lease of leases) {
      await store.pushAll("q", ["1", "2", "3"]);
      await store.pushAll("r", ["4", "5"]);
      const helds = await store.claimBatch(["q", "r"], 5, lease);
      for (const at of [3, 0, 2, 4, 1]) {
        const { queue } = helds[at]!.popped;
        expect(await store.unpop(queue.toString(), helds[at]!.popped)).toBe(true);
      }
      expect(await store.drain("q")).toEqual(["1", "2", "3"]);
      expect(await store.drain("r")).toEqual(["4", "5"]);
    }
  });

  check("a claim that was touched is still undone", async (store) => {
    await store.push("q", "1");
    const held = await store.mustClaim("q", 1000);
    await store.touch("q", held, { lease: 5000 });
    store.advance(2000);
    await store.reclaim();
    expect(await store.unpop("q", held.popped)).toBe(true);
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("a claim that has ended in any way is not undone", async (store) => {
    await store.configure("q", { "keep-completed": "9" });
    for (const [end, state] of [
      [(held: Held) => store.fail("q", held, { afterMs: 5000 }), "delayed"],
      [(held: Held) => store.fail("q", held, { afterMs: 0 }), "ready"],
      [(held: Held) => store.fail("q", held, "final"), "failed"],
      [(held: Held) => store.crash("q", held), "ready"],
      [(held: Held) => store.redoClaim("q", held), "ready"],
      [(held: Held) => store.redoClaim("q", held, { afterMs: 5000 }), "delayed"],
      [(held: Held) => store.ackClaim("q", held), "completed"],
    ] as const) {
      await store.push("q", "1");
      const held = await store.mustClaim("q");
      await end(held);
      const before = await store.mustGet("q", "1");
      expect(before.state).toBe(state);
      expect(await store.unpop("q", held.popped)).toBe(false);
      expect(await store.mustGet("q", "1")).toEqual(before);
      if (state === "ready") {
        await store.mustClaim("q");
        expect(await store.unpop("q", held.popped)).toBe(false);
        expect(await store.counts("q")).toEqual({ claimed: 1 });
      }
      await store.flush("q");
      expect(await store.unpop("q", held.popped)).toBe(false);
    }
  });

  check("a removed event is not given back while its id is taken", async (store) => {
    await store.push("q", "1", "left", "old");
    const removed = await store.mustClaim("q", 0);
    await store.pushWith("q", "1", { start: { afterMs: 5000 } });
    expect(await store.unpop("q", removed.popped)).toBe(false);
    await store.flush("q");
    await store.push("q", "1", "left", "new");
    const held = await store.mustClaim("q");
    expect(await store.unpop("q", removed.popped)).toBe(false);
    await store.fail("q", held, "final");
    expect(await store.unpop("q", removed.popped)).toBe(false);
    await store.remove("q", ["1"]);
    expect(await store.unpop("q", removed.popped)).toBe(true);
    expect(await store.popEvent("q", 0)).toEqual(["1", "old"]);
  });

  check("large contents are given back too", async (store) => {
    const contents = "x".repeat(400_000);
    await store.pushWith("q", "1", { contents, headers: [["a", "b"]] });
    for (const lease of leases) {
      const held = await store.mustClaim("q", lease);
      expect(await store.unpop("q", held.popped)).toBe(true);
    }
    const held = await store.mustClaim("q");
    expect([held.contents === contents, held.headers]).toEqual([true, [["a", "b"]]]);
  });
}
