// Unique keys: a queue has one event of a key at a time.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import { ends, failFinally, KEY, ownerOf, returns, unique } from "./key-ends.ts";
import { type LifeCaller, type Options, refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

const untilClaimed: Options = { unique: { key: KEY, until: "claimed" } };

async function restartAll(store: LifeCaller): Promise<void> {
  for (const restart of restartsOf(store)) await restart();
}

export function keys(check: Check): void {
  check("a key is taken until its event ends, in every way that it can end", async (store) => {
    for (const [way, end] of Object.entries(ends)) {
      for (const isRestarted of restartsOf(store).length > 0 ? [false, true] : [false]) {
        await store.configure("q", { backoff: "none" });
        const options = { ...unique, ttlMs: 60_000 };
        expect(await store.pushWith("q", "1", options)).toBe("1");
        expect([way, await ownerOf(store)]).toEqual([way, "1"]);
        if (isRestarted) await restartAll(store);
        expect([way, await ownerOf(store)]).toEqual([way, "1"]);
        await end(store);
        expect([way, await ownerOf(store)]).toEqual([way, null]);
        if (isRestarted) await restartAll(store);
        expect([way, await store.pushWith("q", "next", unique)]).toEqual([way, "next"]);
        expect([way, await ownerOf(store)]).toEqual([way, "next"]);
        for (const queue of ["q", "q@other", "q@failed"]) await store.flush(queue);
        const given = Object.keys(await store.settings("q"));
        await store.configure("q", Object.fromEntries(given.map((name) => [name, null])));
      }
    }
  });

  check("an event that comes back still has its key", async (store) => {
    for (const [way, comeBack] of Object.entries(returns)) {
      for (const options of [unique, untilClaimed]) {
        await store.configure("q", { backoff: "none" });
        expect(await store.pushWith("q", "1", options)).toBe("1");
        await comeBack(store);
        expect([way, await ownerOf(store)]).toEqual([way, "1"]);
        await restartAll(store);
        expect([way, await ownerOf(store)]).toEqual([way, "1"]);
        expect((await store.mustGet("q", "1")).unique).toEqual(bytesOf(KEY));
        store.advance(1000);
        await store.reclaim();
        await store.ackClaim("q", await store.mustClaim("q"));
        expect([way, await ownerOf(store)]).toEqual([way, null]);
      }
    }
  });

  check("a claimed event has its key, unless that was until it is claimed", async (store) => {
    await store.pushWith("q", "1", unique);
    await store.mustClaim("q");
    expect(await ownerOf(store)).toBe("1");
    await restartAll(store);
    expect(await ownerOf(store)).toBe("1");
    await store.pushWith("r", "1", untilClaimed);
    expect(await ownerOf(store, "r")).toBe("1");
    const held = await store.mustClaim("r");
    expect(await ownerOf(store, "r")).toBeNull();
    await restartAll(store);
    expect(await store.pushWith("r", "2", untilClaimed)).toBe("2");
    await store.ackClaim("r", held);
    expect(await ownerOf(store, "r")).toBe("2");
  });

  check("an event comes back without its key if another has taken it", async (store) => {
    const ways: ((held: Awaited<ReturnType<LifeCaller["mustClaim"]>>) => Promise<unknown>)[] = [
      (held) => store.redoClaim("q", held),
      (held) => store.fail("q", held, { afterMs: 0 }),
      (held) => store.fail("q", held, { afterMs: 500 }),
      (held) => store.crash("q", held),
      (held) => store.unpop("q", held.popped),
    ];
    for (const comeBack of ways) {
      await store.pushWith("q", "1", untilClaimed);
      const held = await store.mustClaim("q");
      await store.pushWith("q", "2", untilClaimed);
      await comeBack(held);
      expect((await store.mustGet("q", "1")).unique).toBeNull();
      expect(await ownerOf(store)).toBe("2");
      await restartAll(store);
      await store.remove("q", ["2"]);
      expect(await ownerOf(store)).toBeNull();
      await store.flush("q");
    }
    // One that the pop removed.
    await store.pushWith("q", "1", unique);
    const removed = await store.popUndoable("q", 0);
    await store.pushWith("q", "2", unique);
    expect(await store.unpop("q", removed)).toBe(true);
    expect(await store.remove("q", ["1"])).toEqual([true]);
    expect(await ownerOf(store)).toBe("2");
  });

  check("a failed event whose key is taken is not tried again", async (store) => {
    for (const options of [unique, untilClaimed]) {
      await store.pushWith("q", "1", options);
      await failFinally(store);
      expect((await store.mustGet("q", "1")).unique).toEqual(bytesOf(KEY));
      await store.pushWith("q", "2", unique);
      expect(await store.retry("q", ["1"])).toEqual([false]);
      await store.mustClaim("q");
      expect(await store.retry("q", ["1"], "right")).toEqual([false]);
      expect(await store.counts("q")).toEqual({ claimed: 1, failed: 1 });
      await store.ack("q", "2");
      await restartAll(store);
      expect(await store.retry("q", ["1"])).toEqual([true]);
      expect(await ownerOf(store)).toBe("1");
      await store.flush("q");
    }
    // Of two of a key in one step the first.
    for (const id of ["1", "2"]) {
      await store.pushWith("q", id, unique);
      await failFinally(store);
    }
    expect(await store.retry("q", ["2", "1"])).toEqual([true, false]);
  });

  check("keys are of a queue, and no ids", async (store) => {
    expect(await store.pushWith("q", "1", unique)).toBe("1");
    expect(await store.pushWith("q@r", "1", unique)).toBe("1");
    expect(await store.pushWith("q", KEY)).toBe(KEY);
    expect(await store.pushWith("q", "3", { unique: { key: "1" } })).toBe("3");
    expect(await store.pushWith("q", "4", { unique: { key: "" } })).toBe("4");
    expect(await store.pushWith("q", "5", { unique: { key: "" } })).toBe("duplicate of 4");
    const made = await store.pushWith("q", null, { unique: { key: "of a made id" } });
    expect(await ownerOf(store, "q", "of a made id")).toBe(made);
    expect(await store.pushWith("q", null, { unique: { key: "of a made id" } })).toBe(
      `duplicate of ${made}`,
    );
  });

  check("ONDUP of a key that is taken", async (store) => {
    await store.pushWith("q", "first");
    await store.pushWith("q", "1", { ...unique, headers: [["a", "b"]], attemptsMax: 3 });
    const keep: Options = { ...unique, onDuplicate: "keep" };
    const replace: Options = { ...unique, onDuplicate: "replace", contents: "new" };
    expect(await store.pushWith("q", null, keep)).toBe("1");
    expect(await store.pushWith("q", "2", keep)).toBe("1");
    expect((await store.mustGet("q", "1")).contents).toEqual(bytesOf("contents of 1"));
    expect(await store.pushWith("q", null, replace)).toBe("1");
    expect(await store.pushWith("q", "2", { ...replace, contents: "newer" })).toBe("1");
    expect(await store.mustGet("q", "1")).toMatchObject({
      contents: bytesOf("newer"),
      headers: null,
      attemptsMax: null,
      unique: bytesOf(KEY),
    });
    expect(await store.ids("q", "ready")).toEqual(["first", "1"]);
    expect(await store.pushWith("q", "2", { ...replace, end: "right" })).toBe("1");
    expect(await store.ids("q", "ready")).toEqual(["1", "first"]);
    await store.mustClaim("q");
    expect(await store.pushWith("q", "2", replace)).toBe("duplicate of 1");
    expect(await store.pushWith("q", "2", keep)).toBe("1");
    expect(await store.counts("q")).toEqual({ ready: 1, claimed: 1 });
  });

  check("an id and a key of two events: a duplicate of the one with the id", async (store) => {
    await store.pushWith("q", "1", unique);
    await store.push("q", "2");
    for (const onDuplicate of ["refuse", "keep", "replace"] as const) {
      expect(await store.pushWith("q", "2", { ...unique, onDuplicate })).toBe("duplicate of 2");
    }
    expect(await store.pushWith("q", "1", { ...unique, onDuplicate: "keep" })).toBe("1");
    const replace: Options = { unique: { key: "another" }, onDuplicate: "replace" };
    expect(await store.pushWith("q", "2", replace)).toBe("2");
    expect(await ownerOf(store, "q", "another")).toBe("2");
    expect(await store.pushWith("q", "1", { ...replace, contents: "x" })).toBe("duplicate of 1");
    await store.mustClaim("q");
    expect(await store.pushWith("q", "1", { unique: { key: "third" } })).toBe("duplicate of 1");
    expect(await ownerOf(store, "q", "third")).toBeNull();
  });

  check("a replaced event gets the key of the push, or none", async (store) => {
    await store.pushWith("q", "1", unique);
    const other: Options = { unique: { key: "other" }, onDuplicate: "replace" };
    expect(await store.pushWith("q", "1", other)).toBe("1");
    expect(await ownerOf(store)).toBeNull();
    expect(await ownerOf(store, "q", "other")).toBe("1");
    expect(await store.pushWith("q", "1", { onDuplicate: "replace" })).toBe("1");
    await restartAll(store);
    expect(await ownerOf(store, "q", "other")).toBeNull();
    await store.pushWith("q", "1", { ...untilClaimed, onDuplicate: "replace" });
    await store.mustClaim("q");
    expect(await ownerOf(store)).toBeNull();
  });

  check("a key FOR a time is taken for so long, whatever becomes of its event", async (store) => {
    const forMs: Options = { unique: { key: KEY, forMs: 10_000 }, ttlMs: 9000 };
    for (const [way, end] of Object.entries(ends)) {
      if (way === "is flushed" || way.includes("TTL") || way.includes("expired")) continue;
      await store.configure("q", { backoff: "none" });
      expect([way, await store.pushWith("q", "1", forMs)]).toEqual([way, "1"]);
      await end(store);
      const [wait] = way.includes("lease ends") ? [8999] : [9999];
      store.advance(wait);
      await store.reclaim();
      expect([way, await ownerOf(store)]).toEqual([way, "1"]);
      expect(await store.pushWith("q", null, { ...unique, onDuplicate: "keep" })).toBe("1");
      await restartAll(store);
      expect([way, await ownerOf(store)]).toEqual([way, "1"]);
      store.advance(1);
      expect([way, await ownerOf(store)]).toEqual([way, null]);
      for (const queue of ["q", "q@other", "q@failed"]) await store.flush(queue);
      const given = Object.keys(await store.settings("q"));
      await store.configure("q", Object.fromEntries(given.map((name) => [name, null])));
    }
  });

  check("a flush frees a key FOR a time, also of an event that is gone", async (store) => {
    const forMs: Options = { unique: { key: KEY, forMs: 10_000 } };
    await store.pushWith("q", "1", forMs);
    await store.flush("q");
    expect(await ownerOf(store)).toBeNull();
    await store.pushWith("q", "1", forMs);
    await store.pop("q", 0);
    await store.flush("q");
    expect(await ownerOf(store)).toBeNull();
    await restartAll(store);
    expect(await ownerOf(store)).toBeNull();
  });

  check("a key FOR a time is free behind it, although its event is there", async (store) => {
    await store.pushWith("q", "1", { unique: { key: KEY, forMs: 500 } });
    expect((await store.mustGet("q", "1")).unique).toEqual(bytesOf(KEY));
    store.advance(499);
    expect(await ownerOf(store)).toBe("1");
    store.advance(1);
    expect(await store.pushWith("q", "2", unique)).toBe("2");
    await store.remove("q", ["1"]);
    expect(await ownerOf(store)).toBe("2");
  });

  check("a key FOR a time may be given anew, and never ends earlier by that", async (store) => {
    const forMs = (ms: number): Options => {
      return { unique: { key: KEY, forMs: ms }, onDuplicate: "replace" };
    };
    await store.pushWith("q", "1", forMs(1000));
    store.advance(500);
    expect(await store.pushWith("q", "2", forMs(1000))).toBe("1");
    expect(await store.pushWith("q", "2", forMs(10))).toBe("1");
    store.advance(999);
    await store.pop("q", 0);
    expect(await ownerOf(store)).toBe("1");
    expect(await store.pushWith("q", "2", forMs(1000))).toBe("duplicate of 1");
    // An event of the same id is another one.
    await store.push("q", "1");
    expect(await store.pushWith("q", "2", forMs(1000))).toBe("duplicate of 1");
    await restartAll(store);
    store.advance(1);
    expect(await ownerOf(store)).toBeNull();
  });

  check("a failed event with a key FOR a time can be tried again", async (store) => {
    await store.pushWith("q", "1", { unique: { key: KEY, forMs: 1000 } });
    await failFinally(store);
    expect(await store.retry("q", ["1"])).toEqual([true]);
    await failFinally(store);
    store.advance(1000);
    await store.pushWith("q", "2", unique);
    expect(await store.retry("q", ["1"])).toEqual([true]);
    expect(await ownerOf(store)).toBe("2");
  });

  check("keys FOR a time keep their queue in being, and count as windows", async (store) => {
    await store.pushWith("q", "1", { unique: { key: KEY, forMs: 1000 } });
    await store.pop("q", 0);
    const stats = { kind: "stats", queue: bytesOf("q"), isWhole: false } as const;
    expect((await store.submit(stats)).windows).toBe(1);
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    store.advance(2000);
    await store.reclaim();
    expect(await store.list()).toEqual([]);
    await store.pushWith("q", "1", unique);
    await store.pop("q", 0);
    expect(await store.list()).toEqual([]);
  });

  check(
    "a push that is refused takes no key, and one of a taken key needs no room",
    async (store) => {
      await store.configure("q", { "max-length": "1" });
      await store.push("q", "1");
      expect(await refusalOf(store.another().pushWith("q", "2", unique))).toBe("QUEUEFULL q");
      await store.remove("q", ["1"]);
      expect(await store.pushWith("q", "3", unique)).toBe("3");
      expect(await store.pushWith("q", "4", unique)).toBe("duplicate of 3");
      const replace: Options = { ...unique, onDuplicate: "replace" };
      expect(await store.pushWith("q", null, replace)).toBe("3");
      await store.pause("q", ["in"]);
      expect(await refusalOf(store.another().pushWith("q", "4", unique))).toBe("PAUSED q");
      await store.resume("q", ["in"]);
      await store.configure("q", { "on-full": "drop-oldest" });
      expect(await store.pushWith("q", "5", { unique: { key: "another" } })).toBe("5");
      expect(await ownerOf(store)).toBeNull();
    },
  );

  check("many keys that are taken and given up again", async (store) => {
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 100; at++) {
        expect(await store.pushWith("q", `${at}`, { unique: { key: `${at % 50}` } })).toBe(
          at < 50 ? `${at}` : `duplicate of ${at - 50}`,
        );
      }
      expect(await store.drain("q")).toHaveLength(50);
    }
  });
}
