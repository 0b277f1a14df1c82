// Streams beside lists and queues of events: many operations at once, names of any bytes, contents
// of any size, and what enters a queue that was a list.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { type ListPushed, WRONG_TYPE } from "../../../src/queue/lists.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import { SMALLER_ID } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { bind } from "./bound-caller.ts";
import { nastyTexts } from "./bytes.ts";
import { bytesOf } from "./caller.ts";
import { restartAll } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import { counted, popFrom, popped, popUndoable, pushed, pushTo, trimmed } from "./list-caller.ts";
import { transaction } from "./list-transactions.ts";
import {
  ack,
  acking,
  add,
  addAll,
  adding,
  claim,
  claiming,
  consumersOf,
  counting,
  creating,
  creatingConsumer,
  destroying,
  entriesOf,
  factsOf,
  heldIn,
  nack,
  removing,
  sizeOf,
  take,
  taking,
  toLength,
  trimming,
} from "./stream-caller.ts";
import { life, shown } from "./stream-transactions.ts";

const LEASE = { leaseMs: 60_000, claimant: bytesOf("okq 1 ann") };

/** The queue is a list, a stream or neither in turn. */
const kinds = (name: string): Operation[] => {
  const queue = bytesOf(name);
  const id = bytesOf("1-1");
  const event = { queue, contents: id, end: "left", options: null } as const;
  const push: Operation = { kind: "push", id, ...event };
  const named = { queue, id, token: null };
  return [
    adding(name, "1-1", { ifThere: true }),
    pushed(name, "left", ["a"]),
    adding(name, "1-1"),
    counting(name),
    popped([name], "right"),
    adding(name, "1-1"),
    pushed(name, "left", ["a"]),
    taking(name, "default", "ann"),
    counted(name),
    acking(name, "default", ["1-1"]),
    popped([name], "left"),
    counting(name),
    { kind: "flush", queue },
    pushed(name, "right", ["a"]),
    taking(name, "default", "ann"),
    trimmed(name, 1, 0),
    push,
    pushed(name, "right", ["b"]),
    adding(name, "2-*"),
    popped([name], "right", 9),
    pushed(name, "left", ["c"]),
    counting(name),
    { kind: "popBatch", queues: [queue], count: 1, ...LEASE },
    acking(name, "default", ["1-1"]),
    { kind: "popBatch", queues: [queue], count: 9, ...LEASE, leaseMs: 0 },
    { kind: "flush", queue },
    pushed(name, "left", ["c"]),
    { kind: "popBatch", queues: [queue], count: 9, ...LEASE, leaseMs: 0 },
    push,
    counting(name),
    { kind: "pop", queue, ...LEASE },
    { kind: "ack", ...named, result: null },
    adding(name, "1-1"),
    push,
    { kind: "push", ...event, id: bytesOf("x") },
    taking(name, "default", "ann", 2),
    { kind: "redo", ...named, start: null },
    taking(name, "default", "bob"),
    acking(name, "default", ["1-1", "x"]),
    adding(name, "1-*"),
    removing(name, "1-2"),
    pushed(name, "left", ["c"]),
    counting(name),
  ];
};

type Run = (store: LifeCaller, operations: Operation[]) => Promise<unknown[]>;
const atOnce: Run = (store, operations) =>
  Promise.all(operations.map((operation) => store.submit(operation)));
const oneByOne: Run = async (store, operations) => {
  const results: unknown[] = [];
  for (const operation of operations) results.push(await store.submit(operation));
  return results;
};

/** Without the ids that the store makes for lists. */
function comparable(operations: Operation[], results: unknown[]): unknown[] {
  return operations.map(({ kind }, at) => {
    const result = results[at];
    if (kind === "listPush" && typeof result !== "string") {
      return [at, kind, (result as ListPushed).length];
    }
    const isTaken = kind === "listPop" || kind === "popBatch";
    return [at, kind, isTaken ? (result as unknown[]).length : shown(result)];
  });
}

/** Ways of an event to enter a queue q that was a list, other than those of lists. */
const entries: Record<string, (store: LifeCaller) => Promise<unknown>> = {
  "by a push": (store) => store.push("q", "1"),
  "by a batch": (store) => store.pushBatch("q", ["1", "2"]),
  "with options": (store) => store.pushWith("q", "1", { priority: 3 }),
  "when it is due": async (store) => {
    await store.pushWith("q", "1", { start: { afterMs: 10 } });
    store.advance(10);
    await store.reclaim();
  },
  "by a move": async (store) => {
    await store.push("q@other", "1");
    const targets = [{ id: bytesOf("1"), version: null }];
    const [queue, target] = [bytesOf("q@other"), bytesOf("q")];
    await store.submit({ kind: "move", queue, target, targets });
  },
  "as a failed one": async (store) => {
    await store.configure("q@other", { "failed-to": "q" });
    await store.push("q@other", "1");
    await store.fail("q@other", await store.mustClaim("q@other"), "final");
  },
};

export function streamMixes(check: Check): void {
  check("a queue changes its kind among operations that are done together", async (store) => {
    const expected = comparable(kinds("q"), await oneByOne(store, kinds("q")));
    expect(comparable(kinds("r"), await atOnce(store, kinds("r")))).toEqual(expected);
    const both = kinds("s").flatMap((one, at) => [one, kinds("t")[at]!]);
    const results = await atOnce(store, both);
    const ofOne = (which: number) => results.filter((_, at) => at % 2 === which);
    for (const which of [0, 1]) expect(comparable(kinds("s"), ofOne(which))).toEqual(expected);
    const asOne = await store.submit(transaction(...kinds("u")));
    expect(comparable(kinds("u"), asOne)).toEqual(expected);
  });

  check("streams of several queues are done together, each by itself", async (store) => {
    const expected = (await oneByOne(store, life("q"))).map(shown);
    const queues = ["r", "s", "t"];
    const sessions = [store, store, store.another()];
    const all = life("r").flatMap((_, at) =>
      queues.map((queue, which) => sessions[which]!.submit(life(queue)[at]!)),
    );
    const results = (await Promise.all(all)).map(shown);
    for (const which of [0, 1, 2]) {
      expect(results.filter((_, at) => at % 3 === which)).toEqual(expected);
    }
  });

  for (const [way, enter] of Object.entries(entries)) {
    check(`what enters a queue that was a list makes it none: ${way}`, async (store) => {
      for (const isRestarted of [false, true]) {
        await pushTo(store, "q", "left", "a");
        await popFrom(store, ["q"], "left");
        if (isRestarted) await restartAll(store);
        await enter(store);
        expect((await sizeOf(store, "q"))[0]).toBeGreaterThan(0);
        expect(await take(store, "q", "default", "ann")).toBe("1");
        expect(await pushTo(store, "q", "left", "a")).not.toBe(WRONG_TYPE);
        if (isRestarted) await restartAll(store);
        expect(await sizeOf(store, "q")).not.toBe(WRONG_TYPE);
        await store.flush("q");
      }
    });
  }

  check("a copy and an undone pop make no list of a queue that was one", async (store) => {
    await pushTo(store, "q@1", "left", "a");
    const events = await popUndoable(store, ["q@1"], "left");
    await bind(store, "q", "1");
    await addAll(store, "q", "1-1");
    expect(await entriesOf(store, "q@1")).toBe("1-1");
    await store.submit(trimming("q@1", toLength(0)));
    expect(await store.unpop("q@1", events[0]!)).toBe(true);
    expect(await sizeOf(store, "q@1")).not.toBe(WRONG_TYPE);
  });

  check("streams, groups, consumers and ids have names of any bytes", async (store) => {
    for (const [at, text] of nastyTexts.entries()) {
      await store.submit(creating(text, "first"));
      await addAll(store, text, `${at}-1`);
      await store.push(text, text);
    }
    await restartAll(store);
    for (const [at, text] of nastyTexts.entries()) {
      expect(await entriesOf(store, text)).toContain(`${at}-1`);
      expect(await take(store, text, "first", text, 2)).toBe(`${at}-1 ${text}`);
      expect(await consumersOf(store, text, "first")).toEqual({ [text]: 2 });
      expect(await claim(store, claiming(text, "first", text, [text]))).toBe(text);
      expect(await ack(store, text, "first", [text])).toEqual(["acked"]);
      expect(await nack(store, text, "first", [`${at}-1`], "redo")).toEqual(["ready"]);
      await store.flush(text);
    }
    expect(await store.list()).toEqual([]);
    // With braces they may be of another part of the store.
    for (const group of nastyTexts.filter((text) => !/[{}]/.test(text))) {
      await store.submit(creating("q", "first"));
      expect(await store.submit(creating("q", group))).toBe("ok");
      await addAll(store, "q", "1-1");
      expect(await take(store, "q", group, "ann")).toBe("1-1");
      expect(await store.submit(creatingConsumer("q", group, group))).toBe(true);
      expect(await heldIn(store, "q", group)).toBe("1-1 ann");
      expect(await store.submit(destroying("q", group))).toBe(true);
      await store.flush("q");
    }
  });

  check(
    "entries with large contents are as others, and refused ones leave nothing",
    async (store) => {
      const contents = "x".repeat(300_000);
      const large = (id: string, ifThere = false) => adding("q", id, { contents, ifThere });
      expect(await store.submit(large("1-1", true))).toBeNull();
      expect(await store.list()).toEqual([]);
      for (const group of ["a", "b"]) await store.submit(creating("q", group));
      const results = await atOnce(
        store,
        ["1-1", "1-1", "2-*", "0-1", "3-1"].map((id) => large(id)),
      );
      const ids = results.map(String);
      expect(ids).toEqual(["1-1", SMALLER_ID, "2-0", SMALLER_ID, "3-1"]);
      await store.configure("q@b", { "max-length": "3" });
      expect(await refusalOf(store.another().submit(large("4-1")))).toBe("QUEUEFULL q@b");
      expect(await store.get("q", "4-1")).toBeNull();
      for (const queue of ["q", "q@b"]) {
        expect(await entriesOf(store, queue)).toBe("1-1 2-0 3-1");
        expect((await store.mustGet(queue, "2-0")).contents).toHaveLength(contents.length);
      }
      expect(await store.submit(creating("q", "c"))).toBe("ok");
      expect((await store.mustGet("q@c", "3-1")).contents).toHaveLength(contents.length);
      await store.flush("q");
      await pushTo(store, "q", "left", "a");
      expect(await store.submit(large("4-1"))).toBe(WRONG_TYPE);
      expect(await store.get("q", "4-1")).toBeNull();
    },
  );

  check("a stream that is bound-only keeps its latest id without entries", async (store) => {
    await store.submit(creating("q", "a"));
    await store.submit(creating("q", "b"));
    await store.configure("q", { "bound-only": "yes" });
    expect(await add(store, "q", "1-1")).toBe("1-1");
    expect(await add(store, "q", "1-1")).toBe(SMALLER_ID);
    expect(await add(store, "q", "1-*", { trim: toLength(1) })).toBe("1-2");
    expect(await entriesOf(store, "q")).toBe("");
    expect(await entriesOf(store, "q@b")).toBe("1-2");
    expect(await factsOf(store, "q")).toMatchObject({ length: 0, lastId: "1-2", added: 2 });
    await restartAll(store);
    expect(await add(store, "q", "1-2")).toBe(SMALLER_ID);
    expect(await take(store, "q", "a", "ann")).toBe("");
    expect(await take(store, "q", "b", "ann")).toBe("1-2");
    // A queue without events becomes a stream too.
    await bind(store, "r", "1");
    await store.configure("r", { "bound-only": "yes" });
    await addAll(store, "r", "1-1");
    await restartAll(store);
    expect(await sizeOf(store, "r")).toEqual([0, "1-1"]);
    expect(await store.statusOf("r")).toMatchObject({ isStream: true, ready: 0 });
  });

  check("a key that is free while its event is claimed stays free for a claim", async (store) => {
    const untilClaimed = { unique: { key: "key", until: "claimed" } } as const;
    await store.pushWith("q", "1", untilClaimed);
    expect(await take(store, "q", "default", "ann")).toBe("1");
    expect(await store.pushWith("q", "2", untilClaimed)).toBe("2");
    expect(await claim(store, claiming("q", "default", "bob", ["1"]))).toBe("1");
    expect(await store.pushWith("q", "3", untilClaimed)).toBe("duplicate of 2");
    expect(await take(store, "q", "default", "ann")).toBe("2");
    expect(await store.pushWith("q", "3", untilClaimed)).toBe("3");
  });
}
