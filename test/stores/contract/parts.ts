// Events that are members of counters: when they count.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Popped } from "../../../src/queue/event.ts";
import type { Check } from "../contract.ts";
import { bind } from "./bound-caller.ts";
import { bytesOf } from "./caller.ts";
import { done, init, KEY, left, list, member, restartAll } from "./counters.ts";
import type { LifeCaller, Options } from "./life-caller.ts";

/** Ways of acknowledging the next event of c@1. */
const acks: Record<string, (store: LifeCaller) => Promise<unknown>> = {
  "with its token": async (store) => store.ackClaim("c@1", await store.mustClaim("c@1"), "result"),
  "without a token": async (store) => store.ack("c@1", (await store.pop("c@1"))!),
  "in a batch": async (store) => {
    const { id, token } = await store.mustClaim("c@1");
    const claims = [{ id: bytesOf(id), token: bytesOf(token!) }];
    return store.submit({ kind: "ackBatch", queue: bytesOf("c@1"), claims });
  },
  "by NOACK": (store) => store.mustClaim("c@1", 0),
  "by a classic NOACK": (store) => store.pop("c@1", 0),
  "by a NOACK of several": (store) => store.claimBatch(["c@1"], 1, 0),
  "so that it is completed": async (store) => {
    await store.configure("c@1", { "keep-completed": "" });
    await store.ackClaim("c@1", await store.mustClaim("c@1"));
    await store.configure("c@1", { "keep-completed": null });
  },
};

export function parts(check: Check): void {
  for (const [way, ack] of Object.entries(acks)) {
    check(`a member counts when it is acknowledged ${way}`, async (store) => {
      await init(store, 3);
      for (const id of ["1", "2", "3"]) await store.pushWith("c@1", id, member);
      await ack(store);
      expect(await left(store)).toBe(2);
      await restartAll(store);
      await ack(store);
      expect(await left(store)).toBe(1);
      await ack(store);
      expect(await left(store)).toBeNull();
      expect(await store.ids("c", "ready")).toEqual([KEY]);
      expect((await store.mustGet("c", KEY)).contents).toEqual(bytesOf("joined"));
    });
  }

  const orders: Record<string, Options> = {
    "a plain event": {},
    "one at the right end": { end: "right" },
    "one with a priority": { priority: 7 },
    "one of a group": { group: "g" },
    "one with a key": { unique: { key: "k" } },
  };
  for (const [what, options] of Object.entries(orders)) {
    check(`the pop that counts down to ${what} in its queue finds it`, async (store) => {
      for (const others of [{}, { group: "g" }, { priority: 1 }]) {
        await init(store, 1, { options });
        for (const id of ["1", "2"]) await store.pushWith("c", id, { ...others, ...member });
        const popped = await store.claimBatch(["c"], 9, 0);
        expect(popped.map(({ id }) => id).toSorted()).toEqual(["1", "2", KEY].toSorted());
        expect((await store.statusOf("c")).ready).toBe(0);
        expect(await store.pushWith("c", KEY)).toBe(KEY);
        expect(await store.pop("c", 0)).toBe(KEY);
        expect(await store.pop("c", 0)).toBeNull();
      }
    });
  }

  check("the pop that counts down to an event finds its copy in a bound queue", async (store) => {
    await bind(store, "c", "1");
    for (const { unique: _, ...options } of Object.values(orders)) {
      await init(store, 1, { options });
      await store.pushWith("c@1", "1", member);
      await store.pushWith("c@1", "2");
      const popped = await store.claimBatch(["c@1"], 9, 0);
      expect(popped.map(({ id }) => id).toSorted()).toEqual(["1", "2", KEY].toSorted());
      expect((await store.statusOf("c@1")).ready).toBe(0);
      expect(await store.pop("c", 0)).toBe(KEY);
    }
  });

  check("a member that a pop removes from a full queue makes room for the event", async (store) => {
    const pops = [() => store.mustClaim("c", 0), () => store.claimBatch(["c"], 1, 0)];
    for (const pop of pops) {
      await init(store, 1);
      await store.pushWith("c", "1", member);
      await store.configure("c", { "max-length": "1" });
      await pop();
      expect(await left(store)).toBeNull();
      expect(await store.ids("c", "ready")).toEqual([KEY]);
      await store.configure("c", { "max-length": null });
      await store.mustClaim("c", 0);
    }
  });

  check("a member is its queue and its id, wherever it is by then", async (store) => {
    await init(store, 9);
    await store.pushWith("c@1", "1", member);
    await store.pushWith("c@2", "1", member);
    await store.pop("c@1", 0);
    expect(await done(store, "c@1/1")).toBe(8);
    const targets = [{ id: bytesOf("1"), version: null }];
    const queues = { queue: bytesOf("c@2"), target: bytesOf("c@1") };
    expect(await store.submit({ kind: "move", ...queues, targets })).toEqual([true]);
    await store.pop("c@1", 0);
    expect(await left(store)).toBe(7);
    expect(await done(store, "c@2/1")).toBe(7);
    // Its id is new, but it is the same member.
    await store.pushWith("c@1", "1", member);
    await store.pop("c@1", 0);
    expect(await left(store)).toBe(7);
    await store.configure("c@1", { "failed-to": "c@2" });
    await store.pushWith("c@1", "2", member);
    await store.fail("c@1", await store.mustClaim("c@1"), "final");
    expect(await left(store)).toBe(7);
    await store.pop("c@2", 0);
    expect(await left(store)).toBe(6);
    expect(await done(store, "c@1/2")).toBe(6);
  });

  check("only an acknowledgement counts a member", async (store) => {
    await init(store, 5);
    const ids = ["failed", "removed", "expired", "flushed", "replaced", "redone"];
    for (const id of ids) await store.pushWith("c@1", id, { ...member, ttlMs: 60_000 });
    await store.fail("c@1", await store.mustClaim("c@1"), "final");
    await store.remove("c@1", ["removed"]);
    await store.pushWith("c@1", "replaced", { onDuplicate: "replace" });
    store.advance(60_000);
    await store.reclaim();
    expect(await store.pop("c@1", 0)).toBe("replaced");
    expect(await left(store)).toBe(5);
    await store.retry("c@1", ["failed"]);
    await store.redo("c@1", (await store.pop("c@1"))!);
    await store.crash("c@1", await store.mustClaim("c@1"));
    expect(await left(store)).toBe(5);
    await restartAll(store);
    await store.ackClaim("c@1", await store.mustClaim("c@1"));
    expect(await left(store)).toBe(4);
    await store.pushWith("c@1", "flushed", member);
    await store.flush("c@1");
    expect(await left(store)).toBe(4);
  });

  check("a member without its counter counts nothing", async (store) => {
    await store.pushWith("c@1", "1", member);
    await store.pushWith("c@1", "2", member);
    expect(await store.pop("c@1", 0)).toBe("1");
    await init(store, 2);
    expect(await store.ack("c@1", (await store.pop("c@1"))!)).toBe(true);
    expect(await left(store)).toBe(1);
  });

  check("a batch of pushes may be members, and so may a counter's own event", async (store) => {
    await init(store, 1, { key: "outer", event: "all" });
    await init(store, 2, { options: { part: ["c", "outer"] } });
    await store.pushBatch("c@1", ["1", "2"], member);
    const claims = (await store.claimBatch(["c@1"], 2)).map(({ id, token }) => {
      return { id: bytesOf(id), token: bytesOf(token!) };
    });
    const ack = { kind: "ackBatch", queue: bytesOf("c@1") } as const;
    expect(await store.submit({ ...ack, claims: [...claims, ...claims] })).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(await store.pop("c", 0)).toBe(KEY);
    expect(await store.popEvent("c", 0)).toEqual(["outer", "all"]);
    expect(await list(store)).toEqual([]);
  });

  check("a pop that is undone does not count", async (store) => {
    for (const isClassic of [true, false]) {
      await init(store, 2);
      await store.pushWith("c@1", "1", member);
      const pop = async () =>
        isClassic ? store.popUndoable("c@1", 0) : (await store.claim("c@1", 0))!.popped;
      const first = await pop();
      expect(await left(store)).toBe(1);
      expect(await store.unpop("c@1", first)).toBe(true);
      expect(await left(store)).toBe(2);
      await store.remove("c@1", ["1"]);
      // Undone once more, it takes back nothing more.
      expect(await store.unpop("c@1", first)).toBe(true);
      expect(await left(store)).toBe(2);
      await restartAll(store);
      await done(store, "a");
      const last = await pop();
      expect(await left(store)).toBeNull();
      expect(await store.counts("c")).toEqual({ ready: 1 });
      expect(await store.unpop("c@1", last)).toBe(true);
      expect(await left(store)).toBe(1);
      expect(await store.counts("c")).toEqual({});
      // Only that member is left of it.
      expect(await done(store, "a")).toBe(1);
      expect(await done(store, "b")).toBe(1);
      await restartAll(store);
      expect(await done(store, "b")).toBe(1);
      await store.ackClaim("c@1", await store.mustClaim("c@1"));
      expect(await left(store)).toBeNull();
      expect(await store.popEvent("c", 0)).toEqual([KEY, "joined"]);
    }
  });

  const steps: Record<string, (store: LifeCaller) => Promise<Popped[]>> = {
    "one step": async (store) => {
      const held = await store.claimBatch(["c@1", "c@2"], 3, 0);
      return held.map(({ popped }) => popped);
    },
    "several steps": async (store) => [
      (await store.claim("c@1", 0))!.popped,
      (await store.popUndoable("c@1", 0))!,
      (await store.claim("c@2", 0))!.popped,
    ],
  };
  const pushThree = async (store: LifeCaller) => {
    await store.pushBatch("c@1", ["1", "2"], member);
    await store.pushWith("c@2", "3", member);
  };
  const undo = async (store: LifeCaller, popped: Popped[]) => {
    for (const each of popped.toReversed()) {
      expect(await store.unpop(each.queue.toString(), each)).toBe(true);
    }
  };

  for (const [what, popThree] of Object.entries(steps)) {
    check(`all members that ${what} counted count again when it is undone`, async (store) => {
      await init(store, 4);
      await done(store, "a");
      await pushThree(store);
      for (const _ of [1, 2]) {
        const popped = await popThree(store);
        expect(await left(store)).toBeNull();
        expect(await store.counts("c")).toEqual({ ready: 1 });
        await undo(store, popped);
        expect(await left(store)).toBe(3);
        expect(await store.counts("c")).toEqual({});
      }
      // Only these three are left of it.
      expect(await done(store, "a")).toBe(3);
      expect(await done(store, "b")).toBe(3);
      expect(await done(store, "c@1/2")).toBe(2);
      await restartAll(store);
      expect(await done(store, "c@1/2")).toBe(2);
      const again = await popThree(store);
      expect(await left(store)).toBeNull();
      expect(await store.counts("c")).toEqual({ ready: 1 });
      await undo(store, again);
      expect(await left(store)).toBe(2);
      await restartAll(store);
      await popThree(store);
      expect(await left(store)).toBeNull();
      expect(await store.popEvent("c", 0)).toEqual([KEY, "joined"]);
    });

    check(`a counter is as it was when ${what} that did all is undone`, async (store) => {
      await init(store, 3, { options: { headers: [["a", "b"]] } });
      await pushThree(store);
      await undo(store, await popThree(store));
      expect(await left(store)).toBe(3);
      await restartAll(store);
      // Members that it never knew count too.
      expect(await done(store, "a")).toBe(2);
      expect(await done(store, "a")).toBe(2);
      await popThree(store);
      expect(await left(store)).toBeNull();
      expect((await store.mustClaim("c")).headers).toEqual([["a", "b"]]);
    });
  }

  check("an event that was handed out stays when the pop behind it is undone", async (store) => {
    await init(store, 1);
    await store.pushWith("c@1", "1", member);
    const popped = await store.popUndoable("c@1", 0);
    await store.mustClaim("c");
    expect(await store.unpop("c@1", popped)).toBe(true);
    expect(await left(store)).toBeNull();
    expect(await store.counts("c")).toEqual({ claimed: 1 });
    expect(await store.counts("c@1")).toEqual({ ready: 1 });
  });
}
