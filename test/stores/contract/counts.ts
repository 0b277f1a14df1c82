// Status, list and consumers of queues.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { type Caller, textOf } from "./caller.ts";

export function counts(check: Check): void {
  check("status returns the number of all events and of claimed events", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q");
    await store.pop("q");
    expect(await store.status("q")).toEqual([["q", 3, 2, 0]]);
    await store.ack("q", "1");
    expect(await store.status("q")).toEqual([["q", 2, 1, 0]]);
    await store.redo("q", "2");
    expect(await store.status("q")).toEqual([["q", 2, 0, 0]]);
  });

  check("status answers in the order asked, with 0 for a missing queue", async (store) => {
    await store.push("b", "1");
    await store.push("a", "1");
    expect(await store.status("b", "nowhere", "a", "b")).toEqual([
      ["b", 1, 0, 0],
      ["nowhere", 0, 0, 0],
      ["a", 1, 0, 0],
      ["b", 1, 0, 0],
    ]);
    expect(await store.status()).toEqual([]);
  });

  check("status does not create a queue", async (store) => {
    await store.status("q");
    await store.ready("q");
    await store.pop("q");
    await store.peek("q");
    await store.ack("q", "1");
    await store.flush("q");
    await store.register({ q: 0 });
    expect(await store.list()).toEqual([]);
  });

  check("a queue is listed from its first event until its last event is removed", async (store) => {
    expect(await store.list()).toEqual([]);
    await store.push("q", "1");
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
    await store.pop("q");
    expect(await store.list()).toEqual([["q", 1, 1, 0]]);
    await store.ack("q", "1");
    expect(await store.list()).toEqual([]);
    await store.push("q", "1");
    await store.pop("q", 0);
    expect(await store.list()).toEqual([]);
    await store.push("q", "1");
    await store.flush("q");
    expect(await store.list()).toEqual([]);
  });

  check("queues are listed in ascending order of bytes", async (store) => {
    const ascending = ["", "\x00", ":", "A", "a", "a\x00", "a:b", "aa", "{a}", "\x80", "\xff"];
    for (const queue of ascending.toReversed()) await store.push(queue, "1");
    expect(await store.list()).toEqual(ascending.map((queue) => [queue, 1, 0, 0]));
  });

  check("pages of any size add up to the same list", async (store) => {
    const names = Array.from({ length: 23 }, (_, i) => `queue-${String(i).padStart(2, "0")}`);
    for (const name of names) await store.push(name, "1");
    for (const limit of [1, 2, 7, 22, 23, 24, 1000]) {
      expect((await store.list(limit)).map(([name]) => name)).toEqual(names);
    }
  });

  check("a page starts after any name, also after the name of a missing queue", async (store) => {
    for (const queue of ["", "b", "d"]) await store.push(queue, "1");
    const first = async (after: string | null) => {
      const { queues } = await store.page(after, 10);
      return queues.map(({ queue }) => textOf(queue));
    };
    expect(await first(null)).toEqual(["", "b", "d"]);
    expect(await first("")).toEqual(["b", "d"]);
    expect(await first("a")).toEqual(["b", "d"]);
    expect(await first("b")).toEqual(["d"]);
    expect(await first("c")).toEqual(["d"]);
    expect(await first("d")).toEqual([]);
    expect(await first("\xff")).toEqual([]);
  });

  check("listing in pages sees every queue that exists all the time", async (store) => {
    // More queues than fit into a page of two from every part of a store.
    const lasting = Array.from({ length: 300 }, (_, n) => `d${1000 + n}`);
    await Promise.all(["b", ...lasting].map((queue) => store.push(queue, "1")));
    const seen = await walkWithChanges(store, async () => {
      await store.flush("b");
      await store.push("a", "1");
      await store.push("e", "1");
    });
    expect(seen.filter((queue) => queue.startsWith("d"))).toEqual(lasting);
    expect((await store.list(2)).map(([queue]) => queue)).toEqual(["a", ...lasting, "e"]);
  });

  check(
    "a consumer creates a queue, and the queue is removed with its last consumer",
    async (store) => {
      await store.register({ q: 2 });
      expect(await store.status("q")).toEqual([["q", 0, 0, 2]]);
      expect(await store.list()).toEqual([["q", 0, 0, 2]]);
      expect(await store.ready("q")).toBeNull();
      await store.register({ q: 0 });
      expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
      expect(await store.list()).toEqual([]);
    },
  );

  check("register sets the count of consumers, and not that of other queues", async (store) => {
    await store.register({ q: 2, r: 1 });
    await store.register({ q: 5 });
    expect(await store.status("q", "r")).toEqual([
      ["q", 0, 0, 5],
      ["r", 0, 0, 1],
    ]);
    await store.register({});
    await store.register({ r: 0 });
    expect(await store.status("q", "r")).toEqual([
      ["q", 0, 0, 5],
      ["r", 0, 0, 0],
    ]);
  });

  check("register with a reset removes the consumers of all other queues", async (store) => {
    await store.register({ q: 2, r: 1, s: 1 });
    await store.push("s", "1");
    await store.register({ q: 3, t: 1 }, true);
    expect(await store.list()).toEqual([
      ["q", 0, 0, 3],
      ["s", 1, 0, 0],
      ["t", 0, 0, 1],
    ]);
    await store.register({}, true);
    expect(await store.list()).toEqual([["s", 1, 0, 0]]);
  });

  check("a queue stays as long as it has events or consumers", async (store) => {
    await store.register({ q: 1, r: 1 });
    await store.push("q", "1");
    await store.push("r", "1");
    await store.pop("q", 0);
    await store.register({ r: 0 });
    expect(await store.list()).toEqual([
      ["q", 0, 0, 1],
      ["r", 1, 0, 0],
    ]);
    await store.push("q", "2");
    await store.flush("q");
    expect(await store.status("q")).toEqual([["q", 0, 0, 1]]);
  });

  check("a probe succeeds and leaves no trace", async (store) => {
    await store.push("q", "1");
    expect(await store.submit({ kind: "probe" })).toBeNull();
    expect(await store.list()).toEqual([["q", 1, 0, 0]]);
    expect(await store.drain("q")).toEqual(["1"]);
  });

  check("describe returns readable names and values", async (store) => {
    await store.push("q", "1");
    const facts = store.under.store.describe();
    expect(facts.length).toBeGreaterThan(0);
    for (const [name, value] of facts) {
      expect(name).toMatch(/^[a-z0-9_]+$/);
      expect(["string", "number"]).toContain(typeof value);
    }
    expect(new Set(facts.map(([name]) => name)).size).toBe(facts.length);
  });
}

/** Lists in pages of two, with a change after the first page. Returns all names. */
async function walkWithChanges(store: Caller, change: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 1000; pages++) {
    const { queues, next } = await store.page(after, 2);
    seen.push(...queues.map(({ queue }) => textOf(queue)));
    if (next === null) return seen;
    if (pages === 0) await change();
    after = textOf(next);
  }
  throw new Error("the list of queues does not end");
}
