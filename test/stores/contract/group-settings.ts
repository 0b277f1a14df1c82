// What groups have of their own: limits, pauses, and what is told of them and to whom.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { OWN_GROUPS_MAX } from "../../../src/queue/groups.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import { nextOnes, pushGrouped } from "./groups.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";
import { toldBy } from "./told.ts";

async function heldBackBy(store: LifeCaller): Promise<string | null> {
  const stats = await store.submit({ kind: "stats", queue: bytesOf("q"), isWhole: true });
  return stats.heldBackBy;
}

async function pass(store: LifeCaller, ms: number): Promise<void> {
  store.advance(ms);
  await store.reclaim();
}

const NOTHING = {
  ready: 0,
  delayed: 0,
  claimed: 0,
  isPaused: false,
  rate: "",
  oldestReadyMs: null,
};

export function groupSettings(check: Check): void {
  check("all is known of a group", async (store) => {
    expect(await store.group("q", "a")).toEqual({ ...NOTHING, limit: 1 });
    await pushGrouped(store, ["a1"]);
    store.advance(300);
    await pushGrouped(store, ["a2", "a3", "a4", "b1"]);
    await store.pushWith("q", "a5", { group: "a", start: { afterMs: 9000 } });
    store.advance(200);
    const known = { ...NOTHING, limit: 1, ready: 4, delayed: 1, oldestReadyMs: 500 };
    expect(await store.group("q", "a")).toEqual(known);
    const held = await store.mustClaim("q");
    const claimed = { ...known, ready: 3, claimed: 1, oldestReadyMs: 200 };
    expect(await store.group("q", "a")).toEqual(claimed);
    expect(await store.groups("q")).toEqual({ a: 3, b: 1 });
    await store.fail("q", held, { afterMs: 9000 });
    expect(await store.group("q", "a")).toEqual({ ...claimed, claimed: 0, delayed: 2 });
    await store.pause("q", ["out"], { group: "a" });
    await store.configure("q", { "group-limit": "0", "group-rate": "5/60" });
    expect(await store.group("q", "a")).toMatchObject({
      isPaused: true,
      limit: null,
      rate: "5/60",
    });
    expect((await store.mustGet("q", "a2")).group).toEqual(bytesOf("a"));
    expect((await store.mustGet("q", "a2")).heldBackBy).toBe("group-paused");
  });

  check("a limit holds for each group, and a group may have another", async (store) => {
    await store.configure("q", { "group-limit": "2" });
    expect(await store.setGroup("q", "b", { limit: "1" })).toBe(true);
    expect(await store.setGroup("q", "c", { limit: "0" })).toBe(true);
    for (let at = 0; at < 4; at++) await pushGrouped(store, [`a${at}`, `b${at}`, `c${at}`]);
    const ids = await nextOnes(store);
    expect(ids.toSorted()).toEqual(["a0", "a1", "b0", "c0", "c1", "c2", "c3"]);
    expect(await heldBackBy(store)).toBe("group-limit");
    expect((await store.group("q", "a")).limit).toBe(2);
    expect((await store.group("q", "b")).limit).toBe(1);
    expect((await store.group("q", "c")).limit).toBeNull();
    expect(await store.setGroup("q", "b", { limit: null })).toBe(true);
    expect((await store.group("q", "b")).limit).toBe(2);
    expect(await nextOnes(store)).toEqual(["b1"]);
  });

  check("a changed limit holds from the next pop", async (store) => {
    await store.configure("q", { "group-limit": "3" });
    await pushGrouped(store, ["a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2"]);
    const claims = await store.claimBatch(["q"], 3);
    expect(claims.map(({ id }) => id)).toEqual(["a1", "b1", "a2"]);
    await store.configure("q", { "group-limit": "1" });
    expect(await store.claim("q")).toBeNull();
    await store.ackClaim("q", claims[0]!);
    expect(await store.claim("q")).toBeNull();
    await store.ackClaim("q", claims[2]!);
    expect(await nextOnes(store)).toEqual(["a3"]);
    await store.configure("q", { "group-limit": "2" });
    expect(await nextOnes(store)).toEqual(["b2", "a4"]);
    await store.configure(null, { "group-limit": "0" });
    await store.configure("q", { "group-limit": null });
    expect(await nextOnes(store)).toEqual(["a5", "a6"]);
  });

  check("a changed limit tells as many as it lets go", async (store) => {
    await pushGrouped(store, ["a1", "a2", "a3", "b1", "b2", "b3"]);
    await nextOnes(store);
    const change = (values: Record<string, string | null>) =>
      toldBy(store, () => store.configure("q", values));
    expect(await change({ "group-limit": "2" })).toBe(2);
    expect(await change({ "group-limit": "1" })).toBe(0);
    expect(await change({ "group-limit": "0" })).toBe(4);
    await store.configure("q", { "group-limit": null });
    expect(await toldBy(store, () => store.setGroup("q", "a", { limit: "2" }))).toBe(1);
    expect(await toldBy(store, () => store.setGroup("q", "a", { rate: "9/1" }))).toBe(0);
  });

  check("a push to a busy group tells nothing, what lets it go tells one", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.configure("q", { backoff: "fixed 1", "crash-backoff": "none" });
    expect(await tell(() => pushGrouped(store, ["a1", "a2", "a3"]))).toBe(1);
    expect(await tell(() => pushGrouped(store, ["b1", "A"]))).toBe(2);
    const a = (await store.claimBatch(["q"], 9)).find(({ id }) => id === "a1");
    expect(await tell(() => pushGrouped(store, ["a4", "b2"]))).toBe(0);
    expect(await tell(() => store.fail("q", a!))).toBe(0);
    expect(await tell(() => pass(store, 1000))).toBe(1);
    const again = await store.mustClaim("q", 1000);
    expect(await tell(() => store.crash("q", again))).toBe(1);
    const third = await store.mustClaim("q", 1000);
    expect(third.id).toBe("a1");
    expect(await tell(() => store.ackClaim("q", third))).toBe(1);
    const fourth = await store.mustClaim("q", 1000);
    expect(await tell(() => store.unpop("q", fourth.popped))).toBe(1);
    expect(await tell(() => store.remove("q", ["a2"]))).toBe(0);
    const fifth = await store.mustClaim("q", 1000);
    expect(await tell(() => store.fail("q", fifth, "final"))).toBe(1);
    expect(await tell(() => store.retry("q", ["a3"]))).toBe(0);
  });

  check("a paused queue tells of groups at the end of its pause", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.pause("q", ["out"]);
    expect(await tell(() => pushGrouped(store, ["a1", "a2", "b1", "A", "B"]))).toBe(0);
    expect(await tell(() => store.resume("q", ["out"]))).toBe(4);
  });

  check("a paused group waits, the others go", async (store) => {
    await pushGrouped(store, ["a1", "a2", "b1", "b2", "A"]);
    await store.pause("q", ["out"], { group: "a" });
    await store.pause("q", ["out"], { group: "none" });
    expect(await toldBy(store, () => pushGrouped(store, ["a3"]))).toBe(0);
    expect(await nextOnes(store)).toEqual(["A", "b1"]);
    expect(await store.ready("q")).toBeNull();
    expect((await store.statusOf("q")).paused).toEqual([]);
    expect((await store.group("q", "none")).isPaused).toBe(true);
    expect(await toldBy(store, () => store.resume("q", ["in", "out"]))).toBe(0);
    expect(await store.claim("q")).toBeNull();
    expect(await toldBy(store, () => store.resume("q", ["out"], null, "a"))).toBe(1);
    expect(await nextOnes(store)).toEqual(["a1"]);
  });

  check("a pause of a group ends after its time", async (store) => {
    await pushGrouped(store, ["a1", "a2"]);
    await store.pause("q", ["out"], { group: "a", forMs: 1000 });
    await store.pause("q", ["out"], { group: "none", forMs: 1000 });
    expect(await heldBackBy(store)).toBe("group-paused");
    expect(await toldBy(store, () => pass(store, 999))).toBe(0);
    expect(await store.claim("q")).toBeNull();
    expect(await toldBy(store, () => pass(store, 1))).toBe(1);
    expect(await nextOnes(store)).toEqual(["a1"]);
    expect(await store.groups("q")).toEqual({ a: 1 });
    await store.flush("q");
    expect(await store.list()).toEqual([]);
  });

  check("what groups have of their own stays through flush and restarts", async (store) => {
    await store.setGroup("q", "a", { limit: "2", rate: "9/60" });
    await store.pause("q", ["out"], { group: "b" });
    await store.pause("q", ["out"], { group: "c", forMs: 60_000 });
    await store.flush("q");
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      expect(await store.group("q", "a")).toEqual({ ...NOTHING, limit: 2, rate: "9/60" });
      expect(await store.group("q", "b")).toMatchObject({ isPaused: true, limit: 1 });
      expect(await store.group("q", "c")).toMatchObject({ isPaused: true });
      expect(await store.groups("q")).toEqual({ a: 0, b: 0, c: 0 });
      await pushGrouped(store, ["a1", "a2", "a3", "b1", "c1"]);
      expect(await nextOnes(store)).toEqual(["a1", "a2"]);
      await store.flush("q");
    }
    await pass(store, 60_000);
    expect(await store.groups("q")).toEqual({ a: 0, b: 0 });
    await store.resume("q", ["out"], null, "b");
    await store.setGroup("q", "a", { limit: null, rate: null });
    expect(await store.groups("q")).toEqual({});
    expect(await store.list()).toEqual([]);
  });

  check("groups go on after restarts, one claim at a time and in their order", async (store) => {
    await store.configure("q", { backoff: "fixed 5" });
    await pushGrouped(store, ["a1", "a2", "a3", "b1", "b2", "c1", "c2", "A"]);
    await store.pushWith("q", "c0", { group: "c", start: { afterMs: 1000 } });
    const held = new Map((await store.claimBatch(["q"], 9)).map((claim) => [claim.id, claim]));
    expect([...held.keys()].toSorted()).toEqual(["A", "a1", "b1", "c1"]);
    await store.fail("q", held.get("b1")!);
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await store.claim("q")).toBeNull();
      expect(await store.groups("q")).toEqual({ a: 2, b: 1, c: 1 });
      expect(await store.group("q", "b")).toMatchObject({ delayed: 1, claimed: 0 });
      expect(await store.group("q", "c")).toMatchObject({ delayed: 1, claimed: 1 });
    }
    await store.ackClaim("q", held.get("c1")!);
    await pass(store, 1000);
    expect(await nextOnes(store)).toEqual(["c2"]);
    await store.crash("q", held.get("a1")!);
    expect(await nextOnes(store)).toEqual(["a1"]);
    await store.ack("q", "c2");
    expect(await nextOnes(store)).toEqual(["c0"]);
    await pass(store, 4000);
    expect(await nextOnes(store)).toEqual(["b1"]);
  });

  check("restarts at any time change no places", async (store) => {
    await store.configure("q", { "group-limit": "3", backoff: "none" });
    await pushGrouped(store, ["a1", "a2", "a3", "a4", "a5"]);
    await store.pushWith("q", "a0", { group: "a", start: { afterMs: 10 } });
    await pass(store, 10);
    for (const restart of restartsOf(store)) {
      const claims = await store.claimBatch(["q"], 3);
      expect(claims.map(({ id }) => id)).toEqual(["a1", "a2", "a3"]);
      await restart();
      for (const at of [1, 2, 0]) await store.fail("q", claims[at]!);
      expect(await store.ids("q", "ready")).toEqual(["a1", "a2", "a3", "a4", "a5", "a0"]);
      await restart();
    }
    expect(await store.drain("q")).toEqual(["a1", "a2", "a3", "a4", "a5", "a0"]);
  });

  check("max-claimed and the rate of a queue hold for groups too", async (store) => {
    await store.configure("q", { "max-claimed": "2" });
    await pushGrouped(store, ["a1", "b1", "c1", "c2"]);
    const claims = await store.claimBatch(["q"], 9);
    expect(claims.map(({ id }) => id)).toEqual(["a1", "b1"]);
    expect(await heldBackBy(store)).toBe("max-claimed");
    expect(await store.pop("q", 0)).toBe("c1");
    expect(await toldBy(store, () => store.ackClaim("q", claims[0]!))).toBeGreaterThan(0);
    expect(await nextOnes(store)).toEqual(["c2"]);
  });

  check("nothing holds back a queue without ready events", async (store) => {
    expect(await heldBackBy(store)).toBeNull();
    await pushGrouped(store, ["a1"]);
    await nextOnes(store);
    expect(await heldBackBy(store)).toBeNull();
  });

  check(`at most ${OWN_GROUPS_MAX} groups have something of their own`, async (store) => {
    const all = Array.from({ length: OWN_GROUPS_MAX }, (_, at) => `${at}`);
    for (let at = 0; at < all.length; at += 500) {
      const some = all.slice(at, at + 500);
      await Promise.all(some.map((name) => store.setGroup("q", name, { limit: "2" })));
    }
    expect(await store.setGroup("q", "more", { limit: "2" })).toBe(false);
    expect(await store.pause("q", ["out"], { group: "more" })).toBe(false);
    expect(await store.pause("q", ["out"], { group: "7" })).toBe(true);
    expect(await store.setGroup("q", "8", { limit: null })).toBe(true);
    expect(await store.setGroup("q", "more", { limit: "2" })).toBe(true);
    await pushGrouped(store, ["a1", "a2"]);
    expect(await nextOnes(store)).toEqual(["a1"]);
  });
}
