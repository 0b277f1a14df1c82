// Sets beside the queues. In a store of several parts the sets of a transaction are in one.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Refusal } from "../../../src/queue/errors.ts";
import { TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import { SET_FULL, SET_MEMBERS_MAX, SETS_FULL, SETS_MAX } from "../../../src/queue/sets.ts";
import type { Check } from "../contract.ts";
import { nastyTexts } from "./bytes.ts";
import type { LifeCaller } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";
import {
  membersOf,
  onSet,
  setAdd,
  setContains,
  setCount,
  setDrop,
  setMembers,
  setRemove,
  setsOf,
} from "./set-caller.ts";

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `${from + at}`);

/** Brings an event into that state. */
const states: Record<string, (store: LifeCaller) => unknown> = {
  ready: (store) => store.push("q", "1"),
  delayed: (store) => store.pushWith("q", "1", { start: { afterMs: 1000 } }),
  async claimed(store) {
    await store.push("q", "1");
    await store.pop("q");
  },
  async failed(store) {
    await store.push("q", "1");
    await store.fail("q", await store.mustClaim("q"), "final");
  },
  async completed(store) {
    await store.configure("q", { "keep-completed": "1" });
    await store.push("q", "1");
    await store.ack("q", (await store.pop("q"))!);
  },
};

export function sets(check: Check): void {
  check("a set has each member once", async (store) => {
    expect(await store.submit(setAdd("s", "a", "b", "a"))).toBe(2);
    expect(await store.submit(setAdd("s", "b", "c"))).toBe(1);
    expect(await store.submit(setAdd("s", "b"))).toBe(0);
    expect(await membersOf(store, "s")).toEqual(["a", "b", "c"]);
    expect(await store.submit(setCount("s"))).toBe(3);
    expect(await store.submit(setContains("s", "c", "x", "a", "c"))).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(await store.submit(setRemove("s", "a", "x", "a"))).toBe(1);
    expect(await membersOf(store, "s")).toEqual(["b", "c"]);
  });

  check("a set is gone with its last member, and one that is not there is empty", async (store) => {
    for (const end of [setRemove("s", "a", "b"), setDrop("s")]) {
      expect(await membersOf(store, "s")).toEqual([]);
      expect(await store.submit(setCount("s"))).toBe(0);
      expect(await store.submit(setContains("s", "a"))).toEqual([false]);
      expect(await store.submit(setRemove("s", "a"))).toBe(0);
      expect(await store.submit(setDrop("s"))).toBe(false);
      expect(await setsOf(store)).toEqual([]);
      expect(await store.submit(setAdd("s", "a", "b"))).toBe(2);
      expect(await setsOf(store)).toEqual(["s"]);
      expect(await store.submit(end)).toBe(end.kind === "setDrop" ? true : 2);
    }
    expect(await setsOf(store)).toEqual([]);
  });

  check("names and members may have any bytes", async (store) => {
    for (const [at, name] of nastyTexts.entries()) {
      expect(await store.submit(setAdd(name, ...nastyTexts.slice(at)))).toBe(
        nastyTexts.length - at,
      );
    }
    expect(await setsOf(store, 7)).toEqual(nastyTexts.toSorted());
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      expect(await setsOf(store, 1)).toEqual(nastyTexts.toSorted());
      for (const [at, name] of nastyTexts.entries()) {
        expect(await membersOf(store, name)).toEqual(nastyTexts.slice(at).toSorted());
      }
    }
    for (const name of nastyTexts) {
      const removed = nastyTexts.toReversed();
      await store.submit(setRemove(name, ...removed));
    }
    expect(await setsOf(store)).toEqual([]);
  });

  check("sets are no queues", async (store) => {
    await store.submit(setAdd("s", "a"));
    expect(await store.list()).toEqual([]);
    expect(await store.status("s")).toEqual([["s", 0, 0, 0]]);
    await store.flush("s");
    expect(await membersOf(store, "s")).toEqual(["a"]);
  });

  check("settings and consumers make no name that of a queue", async (store) => {
    await store.configure("s", { "max-length": "5" });
    await store.register({ s: 1 });
    expect(await store.submit(setAdd("s", "a"))).toBe(1);
    expect(await membersOf(store, "s")).toEqual(["a"]);
  });

  for (const [state, begin] of Object.entries(states)) {
    check(`operations on the name of a queue with a ${state} event do nothing`, async (store) => {
      await begin(store);
      for (const operation of onSet("q")) {
        expect([operation.kind, await store.submit(operation)]).toEqual([
          operation.kind,
          WRONG_TYPE,
        ]);
      }
      expect(await store.submit(setDrop("q"))).toBe(false);
      expect(await setsOf(store)).toEqual([]);
      await store.flush("q");
      expect(await store.submit(setAdd("q", "a"))).toBe(1);
    });
  }

  check("commands of queues pass by sets: events hide a set", async (store) => {
    await store.submit(setAdd("s", "a"));
    expect(await store.push("s", "1")).toBe("ok");
    expect(await store.pushWith("s", null)).not.toBe("duplicate");
    for (const operation of onSet("s")) expect(await store.submit(operation)).toBe(WRONG_TYPE);
    expect(await setsOf(store)).toEqual(["s"]);
    expect(await store.pop("s", 0)).toBe("1");
    expect(await membersOf(store, "s")).toBe(WRONG_TYPE);
    expect(await store.pop("s", 0)).not.toBeNull();
    expect(await membersOf(store, "s")).toEqual(["a"]);
    expect(await store.push("s", "2")).toBe("ok");
    expect(await store.submit(setDrop("s"))).toBe(true);
    expect(await store.drain("s")).toEqual(["2"]);
  });

  check("a set has a bounded number of members", async (store) => {
    const all = numbered(SET_MEMBERS_MAX);
    expect(await store.submit(setAdd("s", ...all, "over"))).toBe(SET_FULL);
    expect(await setsOf(store)).toEqual([]);
    expect(await store.submit(setAdd("s", ...all.slice(1), "1"))).toBe(SET_MEMBERS_MAX - 1);
    expect(await store.submit(setAdd("s", "0", "over"))).toBe(SET_FULL);
    expect(await store.submit(setCount("s"))).toBe(SET_MEMBERS_MAX - 1);
    expect(await store.submit(setAdd("s", "0", "1"))).toBe(1);
    expect(await store.submit(setAdd("s", "over"))).toBe(SET_FULL);
    expect(await store.submit(setAdd("s", ...all))).toBe(0);
    expect(await membersOf(store, "s")).toEqual(all.toSorted());
    expect(await store.submit(setRemove("s", ...all))).toBe(SET_MEMBERS_MAX);
    expect(await setsOf(store)).toEqual([]);
  });

  check("there is a bounded number of sets", async (store) => {
    // In one part.
    const names = numbered(SETS_MAX).map((name) => `{s}${name}`);
    const added = await Promise.all(names.map((name) => store.submit(setAdd(name, "a"))));
    expect(new Set(added)).toEqual(new Set([1]));
    expect(await store.submit(setAdd("{s}over", "a"))).toBe(SETS_FULL);
    expect(await store.submit(setAdd("{s}0", "b"))).toBe(1);
    expect(await setsOf(store, 999)).toEqual(names.toSorted());
    await store.submit(setRemove("{s}0", "a", "b"));
    expect(await store.submit(setAdd("{s}over", "a"))).toBe(1);
  });

  check("members that are too many bytes are not shown", async (store) => {
    await store.submit(setAdd("s", "abc", "de", ""));
    expect(await store.submit(setMembers("s", 4))).toBe(TOO_LARGE);
    expect(await store.submit(setMembers("s", 5))).toHaveLength(3);
    expect(await store.submit(setMembers("none", 0))).toEqual([]);
  });

  check("a transaction changes sets as one", async (store) => {
    const transact = (...operations: Parameters<typeof store.submit>[0][]) =>
      store.submit({ kind: "transaction", operations });
    expect(
      await transact(
        setAdd("s{1}", "a", "b"),
        setRemove("s{1}", "a"),
        setCount("s{1}"),
        setAdd("t{1}", "x"),
        setDrop("t{1}"),
        setContains("s{1}", "a", "b"),
      ),
    ).toEqual([2, 1, 1, 1, true, [false, true]]);
    await store.pause("full{1}", ["in"]);
    const refused = transact(setAdd("s{1}", "c"), setDrop("s{1}"), {
      kind: "push",
      queue: Buffer.from("full{1}"),
      end: "left",
      id: null,
      contents: Buffer.from("x"),
      options: null,
    });
    expect(await refused.catch((error: Refusal) => error.code)).toBe("PAUSED");
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      expect(await membersOf(store, "s{1}")).toEqual(["b"]);
      expect(await setsOf(store)).toEqual(["s{1}"]);
    }
  });

  check("a transaction that has much to show says so in the place of members", async (store) => {
    const long = (at: number) => `${at}`.padEnd(1024, "m");
    await store.submit(setAdd("s", ...numbered(700).map((name) => long(Number(name)))));
    const operations = [setMembers("s"), setMembers("s"), setMembers("s"), setCount("s")];
    const results = await store.submit({ kind: "transaction", operations });
    expect(results.map((each) => (Array.isArray(each) ? each.length : each))).toEqual([
      700,
      700,
      TOO_LARGE,
      700,
    ]);
    const [next] = await store.submit({ kind: "transaction", operations: [setMembers("s")] });
    expect(next).toHaveLength(700);
  });

  check("changes of one turn take effect in their order", async (store) => {
    const results = await Promise.all([
      store.submit(setAdd("s", "a")),
      store.submit(setAdd("s", "a", "b")),
      store.submit(setDrop("s")),
      store.submit(setAdd("s", "c")),
      store.submit(setRemove("s", "c")),
      store.submit(setAdd("s", "d")),
    ]);
    expect(results).toEqual([1, 1, true, 1, 1, 1]);
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      expect(await membersOf(store, "s")).toEqual(["d"]);
    }
  });
}
