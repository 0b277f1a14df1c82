// Rates: so many events are handed out in a time, by a queue or by each group of it.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";
import { toldBy } from "./told.ts";

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at}`);
}

/** Does what is due after so long. */
async function pass(store: LifeCaller, ms: number): Promise<void> {
  store.advance(ms);
  await store.reclaim();
}

async function heldBackBy(store: LifeCaller): Promise<string | null> {
  const stats = await store.submit({ kind: "stats", queue: bytesOf("q"), isWhole: false });
  return stats.heldBackBy;
}

export function rates(check: Check): void {
  check("a queue hands out no more than its rate in any window", async (store) => {
    await store.configure("q", { rate: "3/1" });
    await store.pushAll("q", numbered(9));
    expect(await store.pop("q")).toBe("0");
    await pass(store, 400);
    expect(await store.claimBatch(["q"], 9)).toHaveLength(2);
    expect(await store.pop("q")).toBeNull();
    expect(await store.claim("q")).toBeNull();
    expect(await store.pop("q", 0)).toBeNull();
    expect(await store.ready("q")).toBeNull();
    expect(await heldBackBy(store)).toBe("rate");
    expect((await store.mustGet("q", "5")).heldBackBy).toBe("rate");
    expect(await store.peek("q")).toBe("3");
    await pass(store, 599);
    expect(await store.pop("q")).toBeNull();
    await pass(store, 1);
    expect(await store.ready("q")).toBe("q");
    expect(await heldBackBy(store)).toBeNull();
    expect(await store.pop("q")).toBe("3");
    expect(await store.pop("q")).toBeNull();
    await pass(store, 400);
    expect(await store.drain("q")).toEqual(["4", "5"]);
  });

  check(
    "a rate counts what is handed out in whatever way, and not what is undone",
    async (store) => {
      await store.configure("q", { rate: "2/10", backoff: "none" });
      await store.pushAll("q", numbered(4));
      const claim = await store.mustClaim("q");
      expect(await store.redoClaim("q", claim)).toBe(true);
      const again = await store.mustClaim("q");
      expect(again.id).toBe("0");
      expect(await store.claim("q")).toBeNull();
      expect(await store.unpop("q", again.popped)).toBe(true);
      const removed = await store.mustClaim("q", 0);
      expect(removed.id).toBe("0");
      expect(await store.claim("q")).toBeNull();
      expect(await store.unpop("q", removed.popped)).toBe(true);
      expect(await store.pop("q")).toBe("0");
      expect(await store.pop("q")).toBeNull();
    },
  );

  check("a pop of several queues passes over one at its rate", async (store) => {
    await store.configure("q", { rate: "1/10" });
    await store.pushAll("q", ["1", "2"]);
    await store.pushAll("q@r", ["3"]);
    const claims = await store.claimBatch(["q", "q@r"], 5);
    expect(claims.map(({ id }) => id)).toEqual(["1", "3"]);
    await store.push("q@r", "4");
    expect(await store.ready("q", "q@r")).toBe("q@r");
  });

  check("a rate tells as many as it lets through, when it does", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.configure("q", { rate: "2/1" });
    expect(await tell(() => store.pushAll("q", numbered(5)))).toBe(2);
    await store.pop("q", 0);
    await pass(store, 300);
    await store.pop("q", 0);
    expect(await tell(() => store.push("q", "more"))).toBe(0);
    expect(await tell(() => pass(store, 699))).toBe(0);
    expect(await tell(() => pass(store, 1))).toBe(1);
    expect(await tell(() => pass(store, 300))).toBe(1);
    expect(await tell(() => pass(store, 5000))).toBe(0);
    await store.pop("q", 0);
    await store.pop("q", 0);
    expect(await tell(() => pass(store, 1000))).toBe(2);
    await store.drain("q");
    expect(await tell(() => pass(store, 1000))).toBe(0);
    expect(await tell(() => store.push("q", "last"))).toBe(1);
    expect(store.under.store.dueInMs()).toBeGreaterThan(0);
  });

  check(
    "a store knows when a rate lets something through",
    async (store) => {
      await store.configure("q", { rate: "1/30" });
      await store.pushAll("q", ["1", "2"]);
      await store.pop("q", 0);
      expect(store.under.store.dueInMs()).toBeGreaterThan(0);
      expect(store.under.store.dueInMs()).toBeLessThanOrEqual(30_000);
    },
    "each part has its own time",
  );

  check("a changed rate holds from the next pop, and counts from the change on", async (store) => {
    await store.configure("q", { rate: "1/100" });
    await store.pushAll("q", numbered(9));
    expect(await store.drain("q")).toEqual(["0"]);
    expect(await toldBy(store, () => store.configure("q", { rate: "3/100" }))).toBe(3);
    expect(await store.drain("q")).toEqual(["1", "2", "3"]);
    await store.configure("q", { rate: "1/100" });
    expect(await store.drain("q")).toEqual(["4"]);
    expect(await toldBy(store, () => store.configure("q", { rate: null }))).toBe(4);
    expect(await store.drain("q")).toEqual(["5", "6", "7", "8"]);
  });

  const changes: Record<string, (store: LifeCaller) => Promise<unknown>> = {
    "another setting": (store) => store.configure("q", { lease: "9" }),
    "another setting of all queues": (store) => store.configure(null, { lease: "9" }),
    "a limit of claims": (store) => store.configure("q", { "max-claimed": "100" }),
    "a limit of groups": (store) => store.configure("q", { "group-limit": "100" }),
    "a flush": (store) => store.flush("q"),
  };
  for (const [what, change] of Object.entries(changes)) {
    check(`what was handed out counts behind ${what} in the same turn`, async (store) => {
      await store.configure("q", { rate: "3/1" });
      await store.pushAll("q", numbered(9));
      const push = () => store.pushWith("q", null);
      await Promise.all([store.claimBatch(["q"], 9), change(store), push()]);
      expect(await store.claim("q")).toBeNull();
      await pass(store, 1000);
      expect(await store.claim("q")).not.toBeNull();
    });
  }

  check("a rate of all queues holds from the next pop of the same turn", async (store) => {
    const queues = numbered(12);
    for (const queue of queues) await store.pushAll(queue, numbered(4));
    const looks = queues.map((queue) => store.pop(queue));
    const changed = store.configure(null, { rate: "2/1" });
    const popped = await Promise.all(queues.map((queue) => store.claimBatch([queue], 9)));
    await Promise.all([changed, ...looks]);
    expect(popped.map(({ length }) => length)).toEqual(queues.map(() => 2));
    await store.configure(null, { rate: null });
  });

  check("a rate that ends in the turn of a pop leaves its group as it is", async (store) => {
    await store.setGroup("q", "a", { rate: "5/60" });
    for (const id of ["1", "2", "3"]) await store.pushWith("q", id, { group: "a" });
    await Promise.all([store.claim("q"), store.setGroup("q", "a", { rate: null })]);
    expect(await store.group("q", "a")).toMatchObject({ ready: 2, claimed: 1, rate: "" });
    expect(await store.claim("q")).toBeNull();
    await Promise.all([store.ack("q", "1"), store.setGroup("q", "a", { rate: "1/60" })]);
    expect((await store.claim("q"))?.id).toBe("2");
    await store.configure("q", { "group-rate": "5/60" });
    await Promise.all([store.ack("q", "2"), store.setGroup("q", "a", { rate: null })]);
    expect((await store.claim("q"))?.id).toBe("3");
    expect(await store.group("q", "a")).toMatchObject({ ready: 0, claimed: 1, rate: "5/60" });
  });

  check("a rate of more than 1,000 never hands out more, and hardly fewer", async (store) => {
    await store.configure("q", { rate: "1500/10" });
    for (let batch = 0; batch < 4; batch++) {
      const ids = numbered(1000).map((id) => `${batch} ${id}`);
      await store.pushBatch("q", ids, { contents: "" });
    }
    const out: number[] = [];
    let popped = 0;
    for (let step = 0; step < 60; step++) {
      const claims = await store.claimBatch(["q"], step % 3 === 0 ? 100 : 60, 0);
      popped += claims.length;
      out.push(claims.length);
      const inWindow = out.slice(-40).reduce((sum, count) => sum + count, 0);
      expect(inWindow).toBeLessThanOrEqual(1500);
      await pass(store, 250);
    }
    expect(popped).toBeGreaterThan(2000);
  });

  check("each group has a rate of its own", async (store) => {
    await store.configure("q", { "group-rate": "2/1", "group-limit": "0" });
    for (const id of ["a1", "a2", "a3", "a4", "b1"])
      await store.pushWith("q", id, { group: id[0]! });
    await store.pushAll("q", ["1", "2", "3"]);
    const ids = (await store.claimBatch(["q"], 9)).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(["1", "2", "3", "a1", "a2", "b1"]);
    expect(await store.ready("q")).toBeNull();
    expect(await heldBackBy(store)).toBe("group-rate");
    expect((await store.mustGet("q", "a3")).heldBackBy).toBe("group-rate");
    expect(await toldBy(store, () => store.pushWith("q", "a5", { group: "a" }))).toBe(0);
    expect(await toldBy(store, () => store.pushWith("q", "b2", { group: "b" }))).toBe(1);
    expect(await store.pop("q", 0)).toBe("b2");
    expect(await toldBy(store, () => pass(store, 999))).toBe(0);
    // In tenths of a window, at most one of them later.
    expect(await toldBy(store, () => pass(store, 101))).toBe(2);
    expect((await store.claimBatch(["q"], 9)).map(({ id }) => id)).toEqual(["a3", "a4"]);
  });

  check("a group may have another rate than its queue", async (store) => {
    await store.configure("q", { "group-rate": "1/10", "group-limit": "0" });
    expect(await store.setGroup("q", "a", { rate: "3/10" })).toBe(true);
    expect(await store.setGroup("q", "b", { rate: "" })).toBe(true);
    for (let at = 0; at < 5; at++) {
      for (const group of ["a", "b", "c"]) await store.pushWith("q", `${group}${at}`, { group });
    }
    const counts = { a: 0, b: 0, c: 0 };
    for (const { id } of await store.claimBatch(["q"], 20)) counts[id[0] as "a"] += 1;
    expect(counts).toEqual({ a: 3, b: 5, c: 1 });
    expect((await store.group("q", "a")).rate).toBe("3/10");
    expect((await store.group("q", "b")).rate).toBe("");
    expect((await store.group("q", "c")).rate).toBe("1/10");
    expect(await store.setGroup("q", "a", { rate: null })).toBe(true);
    expect((await store.group("q", "a")).rate).toBe("1/10");
    expect(await store.drain("q")).toEqual(["a3"]);
  });

  check("an undone pop of a group is not counted", async (store) => {
    await store.configure("q", { "group-rate": "1/10" });
    for (const id of ["1", "2"]) await store.pushWith("q", id, { group: "a" });
    const claim = await store.mustClaim("q");
    expect(await store.unpop("q", claim.popped)).toBe(true);
    const removed = await store.mustClaim("q", 0);
    expect(await store.unpop("q", removed.popped)).toBe(true);
    expect((await store.mustClaim("q", 0)).id).toBe("1");
    expect(await store.claim("q")).toBeNull();
  });

  check("rates go on counting through restarts and flushes", async (store) => {
    await store.configure("q", { rate: "3/10", "group-rate": "1/10" });
    await store.pushAll("q", ["1", "2"]);
    await store.pushWith("q", "a1", { group: "a" });
    expect((await store.drain("q")).toSorted()).toEqual(["1", "2", "a1"]);
    for (const restart of restartsOf(store)) {
      await restart();
      await store.push("q", "3");
      expect(await store.pop("q")).toBeNull();
      await store.configure("q", { rate: null });
      await store.pushWith("q", "a2", { group: "a" });
      expect(await store.drain("q")).toEqual(["3"]);
      expect(await store.remove("q", ["a2"])).toEqual([true]);
      await store.configure("q", { rate: "3/10" });
      await store.pushAll("q", ["1", "2", "4"]);
      expect(await store.drain("q")).toEqual(["1", "2", "4"]);
    }
    await store.push("q", "5");
    await store.flush("q");
    await store.push("q", "5");
    expect(await store.pop("q")).toBeNull();
    await pass(store, 10_000);
    expect(await store.pop("q")).toBe("5");
  });

  check("a group that counts nothing any more leaves nothing behind", async (store) => {
    await store.configure("q", { "group-rate": "5/1" });
    await store.pushWith("q", "1", { group: "a" });
    expect(await store.drain("q")).toEqual(["1"]);
    expect(await store.groups("q")).toEqual({ a: 0 });
    await pass(store, 1100);
    expect(await store.groups("q")).toEqual({});
    await store.configure("q", { "group-rate": null });
    expect(await store.list()).toEqual([]);
  });
}
