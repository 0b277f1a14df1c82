// Large contents: a store may keep them in another way than small ones. Nothing of that shows.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf, type Caller } from "./caller.ts";

/** Different for every name. */
const large = (name: string) => `${name} `.repeat(40_000 / (name.length + 1));

/** With its first large contents a store finds out how it may send them. */
async function use(store: Caller): Promise<void> {
  for (const id of ["1", "2"]) {
    await store.push("used", id, "left", large(id));
    expect(await store.popEvent("used")).toEqual([id, large(id)]);
    expect(await store.ack("used", id)).toBe(true);
  }
}

export function largeContents(check: Check): void {
  check("large and small contents come back in order", async (store) => {
    await use(store);
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    const contents = (id: string) => (Number(id) % 3 === 0 ? `small ${id}` : large(id));
    const pushes = ids.map((id) => store.push(id < "2" ? "r" : "q", id, "left", contents(id)));
    expect(new Set(await Promise.all(pushes))).toEqual(new Set(["ok"]));
    for (const queue of ["r", "q"]) {
      const own = ids.filter((id) => id < "2" === (queue === "r"));
      const popped = await Promise.all(own.map(() => store.popEvent(queue)));
      expect(popped).toEqual(own.map((id) => [id, contents(id)]));
      expect(await Promise.all(own.map((id) => store.redo(queue, id)))).toEqual(
        own.map(() => true),
      );
      for (const id of own.toReversed()) {
        expect(await store.popEvent(queue, 0)).toEqual([id, contents(id)]);
      }
    }
    expect(await store.list()).toEqual([]);
  });

  check("large contents of an id that is there are refused", async (store) => {
    await use(store);
    await store.push("q", "1", "left", large("old"));
    const again = ["1", "2", "3"].map((id) => store.push("q", id, "left", large("new")));
    expect(await Promise.all(again)).toEqual(["duplicate", "ok", "ok"]);
    expect(await store.popEvent("q")).toEqual(["1", large("old")]);
    expect(await store.push("q", "1", "left", large("new"))).toBe("duplicate");
    expect(await store.drain("q")).toEqual(["2", "3"]);
    expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
  });

  check("the first of equal ids with large contents in one turn is pushed", async (store) => {
    await use(store);
    const contents = ["small", large("second"), large("third")];
    const results = contents.map((text) => store.push("q", "1", "left", text));
    expect(await Promise.all(results)).toEqual(["ok", "duplicate", "duplicate"]);
    expect(await store.popEvent("q")).toEqual(["1", "small"]);
    const two = contents.slice(1).map((text) => store.push("q", "2", "left", text));
    expect(await Promise.all(two)).toEqual(["ok", "duplicate"]);
    expect(await store.popEvent("q")).toEqual(["2", large("second")]);
  });

  check("large contents may follow an ack, a pop or a flush in the same turn", async (store) => {
    await use(store);
    await store.push("q", "1", "left", large("first"));
    const results = [
      store.popEvent("q"),
      store.ack("q", "1"),
      store.push("q", "1", "left", large("second")),
      store.popEvent("q", 0),
      store.push("q", "1", "left", large("third")),
      store.flush("q"),
      store.push("q", "1", "left", large("fourth")),
      store.popEvent("q"),
      store.status("q"),
    ];
    expect(await Promise.all(results)).toEqual([
      ["1", large("first")],
      true,
      "ok",
      ["1", large("second")],
      "ok",
      null,
      "ok",
      ["1", large("fourth")],
      [["q", 1, 1, 0]],
    ]);
  });

  check("large contents are pushed, popped and acknowledged in one turn", async (store) => {
    await use(store);
    const ids = ["1", "2", "3"];
    const results = ids.flatMap((id) => [
      store.push("q", id, "right", large(id)),
      store.popEvent("q"),
      store.ack("q", id),
    ]);
    expect(await Promise.all(results)).toEqual(ids.flatMap((id) => ["ok", [id, large(id)], true]));
    expect(await store.list()).toEqual([]);
  });

  check("large contents are popped, handed back and popped again in one turn", async (store) => {
    await use(store);
    await store.push("q", "1", "left", large("1"));
    await store.push("q", "2", "left", large("2"));
    const pops = [
      store.popEvent("q", 30_000),
      store.redo("q", "1"),
      store.popEvent("q", 20_000),
      store.popEvent("q", 30_000),
      store.redo("q", "2"),
      store.redo("q", "1"),
      store.popEvent("q", 10_000),
      store.flush("q"),
    ];
    const [one, two] = ["1", "2"].map((id) => [id, large(id)]);
    expect(await Promise.all<unknown>(pops)).toEqual([one, true, one, two, true, true, one, null]);
    expect(await store.list()).toEqual([]);
  });

  check("large contents return when a lease ends or a pop is undone", async (store) => {
    await use(store);
    await store.push("q", "1", "left", large("1"));
    expect(await store.popEvent("q", 1000)).toEqual(["1", large("1")]);
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
    for (const lease of [1000, 0]) {
      const popped = await store.popUndoable("q", lease);
      const results = [store.unpop("q", popped), store.push("q", "1", "left", large("another"))];
      expect(await Promise.all(results)).toEqual([true, "duplicate"]);
    }
    expect(await store.popEvent("q")).toEqual(["1", large("1")]);
  });

  check("a refused push of large contents leaves nothing behind", async (store) => {
    await use(store);
    await store.under.setRefusing("full", true);
    const others = [store.another(), store.another()];
    const outcomes = await Promise.allSettled([
      others[0]!.push("q", "0", "left", large("0")),
      store.push("full", "1", "left", large("1")),
      store.push("full", "2", "left", "small"),
      store.push("q", "3", "left", large("3")),
      store.push("r", "4", "right", large("4")),
      others[1]!.push("q", "5", "left", large("5")),
    ]);
    const states = outcomes.map(({ status }): string => status);
    const refused = Array<string>(4).fill("rejected");
    expect(states).toEqual(["fulfilled", ...refused, "fulfilled"]);
    const again = [
      store.push("full", "2", "left", "small").catch(() => "refused"),
      others[0]!.push("q", "6", "left", large("6")),
      store.push("q", "3", "left", large("3")).catch(() => "refused"),
    ];
    expect(await Promise.all(again)).toEqual(["refused", "ok", "refused"]);
    expect(await store.status("q", "r")).toEqual([
      ["q", 3, 0, 0],
      ["r", 0, 0, 0],
    ]);
    for (const id of ["3", "4"]) expect(await store.push("q", id, "left", large(id))).toBe("ok");
    expect((await store.drain("q")).toSorted()).toEqual(["0", "3", "4", "5", "6"]);
  });

  check("large contents of many sessions and queues stay apart", async (store) => {
    await use(store);
    const sessions = Array.from({ length: 10 }, () => store.another());
    for (let round = 0; round < 5; round++) {
      const cycles = sessions.map(async (session, who) => {
        const queue = `q${who % 4}`;
        await session.push(queue, `${who}`, "left", large(`${round}.${who}`));
        const popped = await session.submit({
          kind: "pop",
          queue: bytesOf(queue),
          leaseMs: 1000,
          claimant: null,
        });
        const id = popped!.id.toString();
        expect(popped!.contents.toString()).toBe(large(`${round}.${id}`));
        expect(await session.ack(queue, id)).toBe(true);
      });
      await Promise.all(cycles);
    }
    expect(await store.list()).toEqual([]);
  });
}
