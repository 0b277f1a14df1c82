// Groups: the events of each in their order, one at a time, and groups in turns. See
// src/queue/groups.ts.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { Held, LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

/** Pushes events whose ids begin with the name of their group, in capitals for none. */
export async function pushGrouped(store: LifeCaller, ids: string[], queue = "q"): Promise<void> {
  for (const id of ids) {
    const group = id[0]!;
    if (group === group.toUpperCase()) await store.push(queue, id);
    else await store.pushWith(queue, id, { group });
  }
}

/** The ids of the next events, claimed. */
export async function nextOnes(store: LifeCaller, count = 100): Promise<string[]> {
  return (await store.claimBatch(["q"], count)).map(({ id }) => id);
}

/** Claims the next event, which must be that one. */
async function claimed(store: LifeCaller, id: string): Promise<Held> {
  const held = await store.mustClaim("q", 1000);
  expect(held.id).toBe(id);
  return held;
}

/** Pops one event after the other, and acknowledges each at once. */
async function worked(store: LifeCaller): Promise<string[]> {
  const ids: string[] = [];
  for (let held; (held = await store.claim("q")); ids.push(held.id)) {
    await store.ackClaim("q", held);
  }
  return ids;
}

async function pass(store: LifeCaller, ms: number): Promise<void> {
  store.advance(ms);
  await store.reclaim();
}

export function groups(check: Check): void {
  check("a group has one claim at a time, others go beside it", async (store) => {
    await pushGrouped(store, ["a1", "a2", "a3", "b1", "b2", "c1"]);
    const first = await store.claimBatch(["q"], 9);
    expect(first.map(({ id }) => id)).toEqual(["a1", "b1", "c1"]);
    expect(await store.claim("q")).toBeNull();
    expect(await store.pop("q", 0)).toBeNull();
    expect(await store.ready("q")).toBeNull();
    expect(await store.ackClaim("q", first[1]!)).toBe(true);
    expect(await store.ready("q")).toBe("q");
    expect(await nextOnes(store)).toEqual(["b2"]);
    expect(await store.ackClaim("q", first[0]!)).toBe(true);
    expect(await nextOnes(store)).toEqual(["a2"]);
  });

  check("groups take turns, however long their lines are", async (store) => {
    await pushGrouped(store, ["a1", "a2", "a3", "a4", "b1", "c1", "c2", "a5", "b2"]);
    expect(await store.peek("q")).toBe("a1");
    expect(await worked(store)).toEqual(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "a4", "a5"]);
    expect(await store.list()).toEqual([]);
  });

  check("turns go on after a restart as if there was none", async (store) => {
    const orders: string[][] = [];
    for (const restarts of [[], restartsOf(store)]) {
      const order: string[] = [];
      const go = async (count: number) => {
        for (let at = 0; at < count; at++) {
          const held = await store.mustClaim("q", at % 2 === 0 ? 1000 : 0);
          if (at % 2 === 0) await store.ackClaim("q", held);
          order.push(held.id);
          await restarts[order.length % restarts.length]?.();
        }
      };
      await pushGrouped(store, ["a1", "a2", "a3", "a4", "b1", "A", "c1", "c2", "B", "b2", "C"]);
      await go(3);
      await pushGrouped(store, ["d1", "D", "d2", "a5", "e1"]);
      await go(8);
      await store.flush("q");
      await pushGrouped(store, ["b1", "a1", "A", "b2", "a2", "B", "c1"]);
      await go(7);
      expect(await store.list()).toEqual([]);
      orders.push(order);
    }
    expect(orders[1]).toEqual(orders[0]!);
    expect(orders[0]!.slice(0, 3)).toEqual(["A", "a1", "b1"]);
  });

  check("the events without a group are one more that takes turns", async (store) => {
    await pushGrouped(store, ["A", "B", "C", "a1", "a2", "b1", "D"]);
    await store.pushWith("q", "first", { priority: 5 });
    expect(await worked(store)).toEqual(["first", "a1", "b1", "A", "a2", "B", "C", "D"]);
    await pushGrouped(store, ["a1", "a2", "A", "B", "b1"]);
    expect(await worked(store)).toEqual(["A", "a1", "b1", "B", "a2"]);
  });

  check("a group whose slot becomes free has the turn that it waited for", async (store) => {
    await pushGrouped(store, ["a1", "a2", "b1", "b2", "c1", "c2", "c3"]);
    const [a, b, c] = await store.claimBatch(["q"], 3);
    await store.ackClaim("q", c!);
    await store.ackClaim("q", b!);
    await store.ackClaim("q", a!);
    expect(await nextOnes(store)).toEqual(["a2", "b2", "c2"]);
  });

  check("with a lease of 0 a group takes no slot, but goes in its order", async (store) => {
    await pushGrouped(store, ["a1", "a2", "a3", "b1"]);
    expect(await store.pop("q", 0)).toBe("a1");
    expect(await store.pop("q", 0)).toBe("b1");
    const held = await claimed(store, "a2");
    expect(await store.pop("q", 0)).toBeNull();
    await store.ackClaim("q", held);
    expect(await store.pop("q", 0)).toBe("a3");
  });

  check("an event that comes back takes its old place", async (store) => {
    await store.configure("q", { backoff: "none" });
    await pushGrouped(store, ["a1", "a2", "a3"]);
    await store.fail("q", await claimed(store, "a1"));
    await store.crash("q", await claimed(store, "a1"));
    await store.redoClaim("q", await claimed(store, "a1"));
    await store.unpop("q", (await claimed(store, "a1")).popped);
    await claimed(store, "a1");
    expect(await store.claim("q")).toBeNull();
    await pass(store, 1000);
    await store.fail("q", await claimed(store, "a1"), "final");
    const second = await claimed(store, "a2");
    expect(await store.retry("q", ["a1"], "right")).toEqual([true]);
    expect(await store.claim("q")).toBeNull();
    await store.redoClaim("q", second);
    expect(await store.ids("q", "ready")).toEqual(["a1", "a2", "a3"]);
    expect(await worked(store)).toEqual(["a1", "a2", "a3"]);
  });

  check("with a larger limit it does so too", async (store) => {
    await store.configure("q", { "group-limit": "3", backoff: "none" });
    await pushGrouped(store, ["a1", "a2", "a3", "a4", "a5"]);
    const [one, two, three] = await store.claimBatch(["q"], 5);
    expect(await store.claim("q")).toBeNull();
    await store.fail("q", two!);
    await store.fail("q", three!);
    expect(await nextOnes(store)).toEqual(["a2", "a3"]);
    await store.fail("q", one!, { afterMs: 1000 });
    expect(await nextOnes(store)).toEqual(["a4"]);
    await pass(store, 1000);
    expect(await nextOnes(store)).toEqual([]);
    expect(await store.ids("q", "ready")).toEqual(["a1", "a5"]);
  });

  check("a backoff holds a group with a limit of 1, and nothing else", async (store) => {
    await store.configure("q", { backoff: "fixed 1", "crash-backoff": "fixed 2" });
    await pushGrouped(store, ["a1", "a2", "b1"]);
    await store.fail("q", await claimed(store, "a1"));
    await store.push("q", "A");
    expect((await store.mustGet("q", "a2")).heldBackBy).toBe("group-limit");
    expect((await worked(store)).toSorted()).toEqual(["A", "b1"]);
    await pass(store, 1000);
    await store.crash("q", await claimed(store, "a1"));
    expect(await store.claim("q")).toBeNull();
    await pass(store, 2000);
    await store.redoClaim("q", await claimed(store, "a1"), { afterMs: 3000 });
    await pass(store, 2999);
    expect(await store.claim("q")).toBeNull();
    await pass(store, 1);
    expect(await worked(store)).toEqual(["a1", "a2"]);
  });

  check("a group that is held goes on when the event is gone in any way", async (store) => {
    await store.configure("q", { backoff: "fixed 100" });
    const hold = async (id: string) => store.fail("q", await claimed(store, id));
    const move = (id: string) => {
      const targets = [{ id: bytesOf(id), version: null }];
      return store.submit({ kind: "move", queue: bytesOf("q"), target: bytesOf("q@r"), targets });
    };
    await pushGrouped(store, ["a1", "a2", "a3", "a5", "a6", "a7"]);
    await hold("a1");
    await store.remove("q", ["a1"]);
    await hold("a2");
    await store.submit({ kind: "cancel", queue: bytesOf("q"), id: bytesOf("a2") });
    await hold("a3");
    await move("a3");
    expect(await store.ids("q@r", "delayed")).toEqual(["a3"]);
    await store.pushWith("q@r", "a4", { group: "a" });
    expect(await store.pop("q@r")).toBe("a4");
    await hold("a5");
    await store.pushWith("q", "a5", { onDuplicate: "replace", group: "other" });
    await hold("a6");
    const replace = { onDuplicate: "replace", start: { afterMs: 200_000 } } as const;
    await store.pushWith("q", "a6", replace);
    expect(await store.claim("q")).toBeNull();
    await store.pushWith("q", "a6", { ...replace, start: { afterMs: 0 } });
    expect(await worked(store)).toEqual(["a6", "a7"]);
  });

  check("a delayed push holds nothing, and has its place when it is due", async (store) => {
    await store.pushWith("q", "a0", { group: "a", start: { afterMs: 500 } });
    await pushGrouped(store, ["a1", "a2"]);
    const held = await claimed(store, "a1");
    await pass(store, 500);
    await pushGrouped(store, ["a3"]);
    await store.ackClaim("q", held);
    expect(await worked(store)).toEqual(["a2", "a0", "a3"]);
  });

  check("a claim that ends in any way frees its slot", async (store) => {
    await store.configure("q", { "keep-completed": "9", backoff: "none", "max-attempts": "2" });
    await pushGrouped(store, ["a1", "a2", "a3", "a4", "a5", "a6", "a7"]);
    await store.ackClaim("q", await claimed(store, "a1"));
    await store.fail("q", await claimed(store, "a2"), "final");
    await store.fail("q", await claimed(store, "a3"));
    await store.fail("q", await claimed(store, "a3"));
    const cancel = (id: string) =>
      store.submit({ kind: "cancel", queue: bytesOf("q"), id: bytesOf(id) });
    const four = await claimed(store, "a4");
    await cancel("a4");
    await store.fail("q", four);
    const five = await claimed(store, "a5");
    await cancel("a5");
    await store.redoClaim("q", five);
    await claimed(store, "a6");
    await cancel("a6");
    await pass(store, 1000);
    await claimed(store, "a7");
    await pass(store, 1000);
    await claimed(store, "a7");
    await pass(store, 1000);
    expect(await store.counts("q")).toEqual({ completed: 1, failed: 3 });
    expect(await store.groups("q")).toEqual({});
  });

  check("an event that fails moves on with its group, to a new place there", async (store) => {
    await store.configure("q@before", { "failed-to": "q" });
    await pushGrouped(store, ["a1", "a2", "a3"], "q@before");
    await pushGrouped(store, ["a4"]);
    const fail = async () => {
      await store.fail("q@before", await store.mustClaim("q@before"), "final");
    };
    await fail();
    await fail();
    expect((await store.mustGet("q", "a1")).group).toEqual(bytesOf("a"));
    const targets = [{ id: bytesOf("a3"), version: null }];
    const names = { queue: bytesOf("q@before"), target: bytesOf("q") };
    expect(await store.submit({ kind: "move", ...names, targets })).toEqual([true]);
    expect(await store.groups("q@before")).toEqual({});
    expect(await worked(store)).toEqual(["a4", "a1", "a2", "a3"]);
  });

  check("ready events show without a group first, then group by group", async (store) => {
    await pushGrouped(store, ["b1", "A", "a1", "b2", "B", "a2", "c1"]);
    await store.pushWith("q", "high", { priority: 3 });
    await store.pushWith("q", "low", { priority: -3 });
    const order = ["high", "A", "B", "low", "b1", "b2", "a1", "a2", "c1"];
    expect(await store.ids("q", "ready")).toEqual(order);
    expect(await store.ids("q", "ready", true)).toEqual(order.toReversed());
    expect(await store.peek("q", "left")).toBe("c1");
    await store.claimBatch(["q"], 3);
    expect(await store.ids("q", "ready")).toEqual(["A", "B", "low", "b2", "a2", "c1"]);
  });

  check(
    "a full queue drops events without a group first, then of the oldest group",
    async (store) => {
      await pushGrouped(store, ["b1", "b2", "a1", "A"]);
      await store.pushWith("q", "high", { priority: 1 });
      await store.pushWith("q", "low", { priority: -1 });
      await store.configure("q", { "max-length": "6", "on-full": "drop-oldest" });
      const dropped: string[] = [];
      for (let round = 0; round < 5; round++) {
        const before = await store.ids("q", "ready");
        await store.pushWith("q", `c${round}`, { group: "c" });
        const after = await store.ids("q", "ready");
        dropped.push(...before.filter((id) => !after.includes(id)));
      }
      expect(dropped).toEqual(["low", "A", "b1", "b2", "a1"]);
      await store.pushWith("q", "c5", { group: "c" });
      expect(await store.ids("q", "ready")).toEqual(["high", "c1", "c2", "c3", "c4", "c5"]);
    },
  );

  check("a replaced event keeps its group and place, unless a group is named", async (store) => {
    await pushGrouped(store, ["a1", "a2", "b1", "A"]);
    const replace = { onDuplicate: "replace" } as const;
    await store.pushWith("q", "a1", { ...replace, end: "right" });
    await store.pushWith("q", "a2", { ...replace, group: "a" });
    expect(await store.ids("q", "ready")).toEqual(["A", "a1", "a2", "b1"]);
    await store.pushWith("q", "a1", { ...replace, group: "b" });
    await store.pushWith("q", "A", { ...replace, group: "a" });
    expect(await store.ids("q", "ready")).toEqual(["a2", "A", "b1", "a1"]);
    expect((await store.mustGet("q", "a1")).group).toEqual(bytesOf("b"));
  });

  check("a flush ends groups, and what they had claimed", async (store) => {
    await pushGrouped(store, ["a1", "a2", "b1", "A"]);
    const held = await store.mustClaim("q");
    await store.fail("q", held, { afterMs: 1000 });
    await nextOnes(store);
    await store.flush("q");
    expect(await store.groups("q")).toEqual({});
    expect(await store.list()).toEqual([]);
    await pushGrouped(store, ["a1", "a2", "b1"]);
    expect(await nextOnes(store)).toEqual(["a1", "b1"]);
    await pass(store, 1000);
    expect(await store.ids("q", "ready")).toEqual(["a2"]);
  });

  /** Ways in which something comes to the group "a", after which "a2" is in it. */
  const arrivals: Record<string, (store: LifeCaller) => Promise<unknown>> = {
    "a push": (store) => store.pushWith("q", "a2", { group: "a" }),
    "a batch of pushes": (store) => store.pushBatch("q", ["a2", "a3"], { group: "a" }),
    "a replacement": (store) =>
      store.pushWith("q", "plain", { group: "a", onDuplicate: "replace" }),
    "a move": (store) => {
      const names = { queue: bytesOf("q@other"), target: bytesOf("q") };
      const targets = [{ id: bytesOf("a2"), version: null }];
      return store.submit({ kind: "move", ...names, targets });
    },
    "a limit": (store) => store.setGroup("q", "a", { limit: "2" }),
  };
  for (const [what, arrive] of Object.entries(arrivals)) {
    check(`a group that was emptied begins anew with ${what} in the same turn`, async (store) => {
      await store.pushWith("q", "a1", { group: "a" });
      await store.pushWith("q", "b1", { group: "b" });
      await store.push("q", "plain");
      await store.pushWith("q@other", "a2", { group: "a" });
      await Promise.all([store.remove("q", ["a1"]), arrive(store)]);
      await store.pushWith("q", "a4", { group: "a" });
      const out = await worked(store);
      const isOfA = (id: string) =>
        id.startsWith("a") || (what === "a replacement" && id === "plain");
      expect(out.indexOf("b1")).toBeLessThan(out.findIndex(isOfA));
    });
  }

  check("names of groups are any bytes", async (store) => {
    const names = ["", "\x00\xff", "a b", "\r\n", "x".repeat(1024), "{q}", "é"];
    for (const [at, group] of names.entries()) {
      await store.pushWith("q", `${at}`, { group });
      await store.pushWith("q", `${at} too`, { group });
    }
    expect(Object.keys(await store.groups("q", 2)).toSorted()).toEqual(names.toSorted());
    expect(await nextOnes(store)).toEqual(names.map((_, at) => `${at}`));
    expect((await store.mustGet("q", "1")).group).toEqual(bytesOf("\x00\xff"));
    expect((await store.group("q", "\x00\xff")).claimed).toBe(1);
  });

  check("expired events leave their groups", async (store) => {
    for (const id of ["1", "2", "3"]) await store.pushWith("q", id, { group: "a", ttlMs: 500 });
    await store.pushWith("q", "4", { group: "a" });
    await store.pushWith("q", "5", { group: "b", ttlMs: 500 });
    store.advance(500);
    expect(await store.pop("q", 0)).toBe("4");
    await store.reclaim();
    expect(await store.pop("q", 0)).toBeNull();
    expect(await store.groups("q")).toEqual({});
  });

  check("the name of a group may be empty", async (store) => {
    for (const id of ["1", "2"]) await store.pushWith("q", id, { group: "" });
    expect(await nextOnes(store)).toEqual(["1"]);
    expect(await store.groups("q")).toEqual({ "": 1 });
  });

  check("a pop passes over a thousand expired events of many groups in steps", async (store) => {
    for (let at = 0; at < 1300; at++) {
      await store.pushWith("q", `${at}`, { group: `${at % 400}`, ttlMs: 500, contents: "" });
    }
    await store.pushWith("q", "last", { group: "last" });
    store.advance(500);
    let found: string | null = null;
    for (let tries = 0; found === null && tries < 5; tries++) found = await store.pop("q", 0);
    expect(found).toBe("last");
  });
}
