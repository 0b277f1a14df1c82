// Tokens: each claim has one, it is never given again, and an operation that names it acts on that
// claim only.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { workerOf } from "../../../src/queue/claimant.ts";
import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import type { Held, LifeCaller, Named } from "./life-caller.ts";
import { areAscending, restartsOf } from "./pushes.ts";

/** The outcomes of endInEveryWay when that claim is not there. */
const NOT_THERE = [null, null, false, null, false, false, false];

/** Ways to end a claim so that the event can be claimed again at once. */
const endings: Record<string, (store: LifeCaller, claim: Named) => Promise<unknown>> = {
  "a redo": (store, claim) => store.redoClaim("q", claim),
  "a failure": (store, claim) => store.fail("q", claim, { afterMs: 0 }),
  "a crash": (store, claim) => store.crash("q", claim),
  async "the end of the lease"(store) {
    store.advance(60_000);
    await store.reclaim();
  },
  async "an acknowledgement and another push"(store, claim) {
    await store.ackClaim("q", claim);
    await store.push("q", "1");
  },
  async "a flush and another push"(store) {
    await store.flush("q");
    await store.push("q", "1");
  },
};

export function tokens(check: Check): void {
  for (const [name, end] of Object.entries(endings)) {
    check(`an old token changes nothing after ${name}`, async (store) => {
      await store.push("q", "1");
      const old = await store.mustClaim("q");
      await end(store, old);
      expect(await store.endInEveryWay("q", old)).toEqual(NOT_THERE);
      expect(await store.counts("q")).toEqual({ ready: 1 });
      const held = await store.mustClaim("q");
      const before = await store.mustGet("q", "1");
      expect(held.token).not.toBe(old.token);
      expect(await store.another().endInEveryWay("q", old)).toEqual(NOT_THERE);
      expect(await store.mustGet("q", "1")).toEqual(before);
      expect(before).toMatchObject({ state: "claimed", log: [], progress: null });
      expect(await store.ackClaim("q", held)).toBe(true);
      expect(await store.endInEveryWay("q", held)).toEqual(NOT_THERE);
      expect(await store.list()).toEqual([]);
    });
  }

  check("a token is that of one event in one queue", async (store) => {
    const given: string[] = [];
    for (const queue of ["q", "q", "r"]) {
      await store.push(queue, `${given.length}`);
      given.push((await store.mustClaim(queue)).token!);
    }
    expect(new Set(given).size).toBe(3);
    for (const claim of [
      { id: "1", token: given[0]! },
      { id: "0", token: given[1]! },
      { id: "0", token: "" },
      { id: "0", token: "0-0" },
      { id: "0", token: `${given[0]} ` },
    ]) {
      expect(await store.endInEveryWay("q", claim)).toEqual(NOT_THERE);
    }
    expect(await store.ackClaim("r", { id: "0", token: given[0]! })).toBe(false);
    expect(await store.counts("q")).toEqual({ claimed: 2 });
    expect(await store.ackClaim("q", { id: "0", token: given[0]! })).toBe(true);
  });

  check("without a token an operation acts on whichever claim there is", async (store) => {
    for (const end of [
      (claim: Named) => store.ackClaim("q", claim),
      (claim: Named) => store.redoClaim("q", claim),
      (claim: Named) => store.crash("q", claim),
      async (claim: Named) => (await store.fail("q", claim, "final")) === "failed",
      async (claim: Named) => (await store.touch("q", claim)) === "touched",
    ]) {
      for (const worker of ["worker", null]) {
        await store.push("q", "1");
        await (worker === null ? store.pop("q") : store.claim("q"));
        expect(await end({ id: "1", token: null })).toBe(true);
        await store.flush("q");
      }
    }
  });

  check("a claim without a token is not found by any token", async (store) => {
    await store.push("q", "1");
    await store.push("q", "2");
    expect(await store.popUndoable("q")).toMatchObject({ token: null });
    expect(await store.popUndoable("q", 5000)).toMatchObject({ token: null });
    for (const id of ["1", "2"]) {
      for (const token of ["", "0-0", "null", "*", "-", "- 5000", " "]) {
        expect(await store.endInEveryWay("q", { id, token })).toEqual(NOT_THERE);
      }
      expect(await store.ackClaim("q", { id, token: null })).toBe(true);
    }
  });

  check("a pop with a lease of 0 has no token", async (store) => {
    await store.pushWith("q", "1", { headers: [["a", "b"]] });
    const held = await store.mustClaim("q", 0);
    expect(held).toMatchObject({ token: null, attempt: 1, headers: [["a", "b"]] });
    expect(await store.list()).toEqual([]);
  });

  check(
    "an acknowledgement after the lease counts until the event is taken back",
    async (store) => {
      await store.pushAll("q", ["1", "2"]);
      const [first, second] = [await store.mustClaim("q", 1000), await store.mustClaim("q", 1000)];
      store.advance(5000);
      expect(await store.touch("q", second)).toBe("touched");
      expect(await store.ackClaim("q", first)).toBe(true);
      expect(await store.reclaim()).toBe(0);
      expect(await store.ackClaim("q", second)).toBe(true);
    },
  );

  check("a token never comes again: queue emptied, clock set back, restart", async (store) => {
    const given: string[] = [];
    const claim = async () => {
      for (let n = 0; n < 3; n++) {
        await store.push("q", "1");
        const held = await store.mustClaim("q");
        given.push(held.token!);
        await store.ackClaim("q", held);
        given.push(await store.pushWith("q", null));
        await store.flush("q");
      }
    };
    await claim();
    await claim();
    store.advance(-5000);
    await claim();
    for (const restart of restartsOf(store)) {
      await restart();
      await claim();
    }
    expect(areAscending(given)).toBe(true);
  });

  check("a claim and its token survive restarts", async (store) => {
    await store.push("q", "1");
    const held = await store.mustClaim("q", 60_000, "a worker\xff");
    const before = await store.mustGet("q", "1");
    for (const restart of restartsOf(store)) {
      await restart();
      const facts = await store.mustGet("q", "1");
      expect(facts).toEqual({ ...before, version: facts.version });
      expect(await store.ackClaim("q", { id: "1", token: "1-1" })).toBe(false);
      expect(await store.touch("q", held)).toBe("touched");
    }
    expect(await store.ackClaim("q", held)).toBe(true);
  });

  check("several claims are acknowledged or touched in one step", async (store) => {
    await store.pushAll("q", ["1", "2", "3", "4"]);
    const helds = await store.claimBatch(["q"], 4, 1000);
    const named = (id: number, token: string | null) => ({
      id: bytesOf(String(id)),
      token: token === null ? null : bytesOf(token),
    });
    const [one, two, three] = helds.map(({ token }) => token!) as [string, string, string];
    const claims = [named(3, three), named(1, two), named(2, null), named(9, null), named(3, null)];
    const queue = bytesOf("q");
    expect(await store.submit({ kind: "touchBatch", queue, claims, leaseMs: 9000 })).toEqual([
      "touched",
      null,
      "touched",
      null,
      "touched",
    ]);
    expect((await store.ids("q", "claimed")).slice(0, 2)).toEqual(["1", "4"]);
    expect(await store.submit({ kind: "ackBatch", queue, claims })).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(await store.submit({ kind: "ackBatch", queue, claims: [] })).toEqual([]);
    expect(await store.ackClaim("q", { id: "1", token: one })).toBe(true);
    expect(await store.counts("q")).toEqual({ claimed: 1 });
  });

  check("of equal acknowledgements in one turn the first is done", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    const helds = await store.claimBatch(["q"], 3, 1000);
    const [one, two, three] = helds as [Held, Held, Held];
    const acks = [one, two, one, { id: "2", token: one.token }, two].map((claim) =>
      store.ackClaim("q", claim),
    );
    expect(await Promise.all(acks)).toEqual([true, true, false, false, false]);
    const claims = [three, three].map(({ id, token }) => ({
      id: bytesOf(id),
      token: bytesOf(token!),
    }));
    const batch = { kind: "ackBatch", queue: bytesOf("q"), claims } as const;
    expect(await store.submit(batch)).toEqual([true, false]);
    expect(await store.list()).toEqual([]);
  });

  check("in one turn a claim is touched, handed back and acknowledged once", async (store) => {
    await store.push("q", "1");
    const held = await store.mustClaim("q", 1000);
    const outcomes = await Promise.all([
      store.touch("q", held, { lease: 5000 }),
      store.touch("q", held, { lease: 9000 }),
      store.redoClaim("q", held),
      store.redoClaim("q", held),
      store.ackClaim("q", held),
      store.touch("q", held),
    ]);
    expect(outcomes).toEqual(["touched", "touched", true, false, false, null]);
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("pops of one turn with different leases get events in their order", async (store) => {
    await store.pushAll("q", ["1", "2", "3", "4", "5", "6"]);
    await store.push("q", "0", "right");
    const leases = [1000, 0, 0, null, 1000, 2000, 0, 1000];
    const helds = await Promise.all(
      leases.map((lease, at) => store.claim("q", lease, `worker ${at}`)),
    );
    expect(helds.map((held) => held?.id)).toEqual(["0", "1", "2", "3", "4", "5", "6", undefined]);
    expect(helds.map((held) => typeof held?.token)).toEqual([
      "string",
      "object",
      "object",
      "string",
      "string",
      "string",
      "object",
      "undefined",
    ]);
    for (const at of [0, 3, 4, 5]) {
      const { claimant, atMs } = await store.mustGet("q", `${at}`);
      expect(textOf(workerOf(claimant!))).toBe(`worker ${at}`);
      expect(atMs! - store.nowMs).toBeWithin(0, (leases[at] ?? 30_000) + 1);
      expect(await store.ackClaim("q", helds[at]!)).toBe(true);
    }
    expect(await store.list()).toEqual([]);
  });

  check("a claim shows its worker and its times", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    const startMs = store.nowMs;
    await store.claim("q", 1000, "name with spaces \x00\xff");
    store.advance(10);
    await store.claim("q", 2000, "");
    await store.pop("q", 3000);
    const facts = await Promise.all(["1", "2", "3"].map((id) => store.mustGet("q", id)));
    expect(facts.map(({ claimant }) => claimant && textOf(workerOf(claimant)))).toEqual([
      "name with spaces \x00\xff",
      "",
      null,
    ]);
    expect(facts.map(({ claimedAtMs }) => claimedAtMs)).toEqual([startMs, startMs + 10, null]);
    expect(facts.map(({ atMs }) => atMs! - startMs)).toEqual([1000, 2010, 3010]);
  });
}
