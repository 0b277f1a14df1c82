// Streams on the local store: what restarts and kills leave, failing journals, full disks, and cold
// events.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Operation } from "../../src/queue/operations.ts";
import { STREAM_CONSUMERS_MAX } from "../../src/queue/streams.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { boundOf } from "./contract/bound-caller.ts";
import { bytesOf } from "./contract/caller.ts";
import { init, left, member } from "./contract/counters.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { listOf, pushTo } from "./contract/list-caller.ts";
import {
  ack,
  acking,
  add,
  addAll,
  adding,
  claiming,
  claimingFrom,
  creating,
  creatingConsumer,
  deletingConsumer,
  destroying,
  entriesOf,
  factsOf,
  fromId,
  groupsOf,
  nacking,
  pendingOf,
  removing,
  showing,
  sizeOf,
  take,
  takeUndoable,
  taking,
  toLength,
  trimming,
} from "./contract/stream-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { testFailures } from "./failing-operations.ts";
import { openLocal } from "./open-local.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const LARGE = "contents ".repeat(1000);
const COPIES = boundOf("q", "h");

/** Everything about a stream but the times of its consumers. */
async function shownOf(store: LifeCaller, queue: string): Promise<unknown> {
  const facts = await factsOf(store, queue);
  if (facts === null || typeof facts === "string") return facts;
  const groups = facts.groups.map((group) => ({
    ...group,
    consumers: group.consumers.map(({ name, pending }) => [name, pending]),
  }));
  const held = facts.groups.map(({ name }) => pendingOf(store, queue, name));
  const claims = (await Promise.all(held)).map((rows) =>
    typeof rows === "string" ? rows : rows.map(([id, who, , attempt]) => [id, who, attempt]),
  );
  return { ...facts, groups, claims, entries: await store.submit(showing(queue)) };
}

async function openStore(options: Parameters<typeof openSqlite>[0] = {}): Promise<LifeCaller> {
  return new LifeCaller(await openSqlite(options));
}

const steps: Operation[] = [
  adding("q", "1-1"),
  creating("q", "g"),
  adding("q", "2-1"),
  adding("q", "3-*", { trim: toLength(2) }),
  taking("q", "g", "ann", 1),
  acking("q", "g", ["2-1"]),
  taking("q", "g", "bob", 9, true),
  adding("q", "7-1"),
  creating("q", "h", "-"),
  creating("q", "i", "last"),
  creatingConsumer("q", "h", "é\u0000\n"),
  adding("q", "8-1"),
  taking("q", "h", "ann", 1),
  adding("q", "9-1"),
  taking("q", "g", "ann", 2),
  claiming("q", "g", "carl", ["7-1"], { isCounted: false }),
  claimingFrom("q", "g", "dora", "-"),
  nacking("q", "g", ["7-1"], "redo"),
  removing("q", "8-1"),
  acking("q", "h", ["7-1"], "remove"),
  deletingConsumer("q", "g", "carl"),
  destroying("q", "i"),
  adding("q", "10-1"),
  trimming("q", fromId("11-0")),
  destroying("q", "g"),
  removing("q", "9-1"),
];

describe("what is left of a stream", () => {
  test.each(["crash", "reopen"] as const)("by a %s after each step is all of it", async (end) => {
    const store = await openStore();
    for (const step of steps) {
      await store.submit(step);
      const before = await shownOf(store, "q");
      const copies = await shownOf(store, COPIES);
      await store.submit({ kind: "tick", limit: 100, parts: "all" });
      await store.under[end]!();
      expect(await shownOf(store, "q")).toEqual(before);
      expect(await shownOf(store, COPIES)).toEqual(copies);
    }
    await store.under.close();
  });

  test("by one crash after all steps is the same as by one after each", async () => {
    const store = await openStore();
    for (const step of steps) await store.submit(step);
    await store.submit({ kind: "tick", limit: 100, parts: "all" });
    const before = await shownOf(store, "q");
    await store.under.crash!();
    expect(await shownOf(store, "q")).toEqual(before);
    await store.under.close();
  });
});

describe("the latest id", () => {
  test("is kept when its event has left, however it did", async () => {
    const ends: Operation[] = [
      removing("q", "5-2"),
      trimming("q", toLength(0)),
      { kind: "pop", queue: bytesOf("q"), leaseMs: 0, claimant: null },
      { kind: "move", queue: bytesOf("q"), target: bytesOf("t"), targets: targetsOf("5-2") },
      { kind: "remove", queue: bytesOf("q"), targets: targetsOf("5-2") },
    ];
    for (const end of ends) {
      const store = await openStore();
      await add(store, "q", "5-2");
      await store.submit(end);
      expect(await sizeOf(store, "q")).toEqual([0, "5-2"]);
      await store.under.crash!();
      expect(await sizeOf(store, "q")).toEqual([0, "5-2"]);
      expect(await add(store, "q", "5-2")).toBe("smaller id");
      expect(await add(store, "q", "5-*")).toBe("5-3");
      await store.under.close();
    }
  });

  test("is not that of an event which another operation pushed", async () => {
    const store = await openStore();
    await addAll(store, "q", "5-1");
    await store.push("q", "99-1");
    await addAll(store, "q", "6-1");
    await store.push("q", "98-1");
    const before = await shownOf(store, "q");
    for (const end of ["crash", "reopen"] as const) {
      await store.under[end]!();
      expect(await shownOf(store, "q")).toEqual(before);
    }
    expect(await add(store, "q", "7-1")).toBe("7-1");
    await store.under.crash!();
    expect(await factsOf(store, "q")).toMatchObject({ length: 5, lastId: "7-1", added: 3 });
    await store.under.close();
  });

  test("counts no event again whose pop was undone", async () => {
    const store = await openStore();
    await addAll(store, "q", "5-1", "5-2");
    const [popped] = await takeUndoable(store, "q", "default", "ann", 1, true);
    await store.submit({ kind: "unpop", queue: bytesOf("q"), popped: popped! });
    await store.under.crash!();
    expect(await factsOf(store, "q")).toMatchObject({ length: 2, lastId: "5-2", added: 2 });
    await store.under.close();
  });

  test("is kept with batches of several operations that fail", async () => {
    let journal: FailingJournal | undefined;
    const store = await openStore({ onJournal: (made) => (journal = made) });
    await addAll(store, "q", "5-1");
    journal!.nextFailure = () => new JournalError("failed", "not now");
    const failed = [adding("q", "6-1"), removing("q", "5-1")].map((step) =>
      failureOf(store.another().submit(step)),
    );
    await Promise.all(failed);
    journal!.nextFailure = () => null;
    expect(await sizeOf(store, "q")).toEqual([1, "5-1"]);
    await store.submit(removing("q", "5-1"));
    await store.under.crash!();
    expect(await sizeOf(store, "q")).toEqual([0, "5-1"]);
    await store.under.close();
  });
});

function targetsOf(id: string) {
  return [{ id: bytesOf(id), version: null }];
}

describe("after a restart", () => {
  test("a list is a list until it has no events", async () => {
    const store = await openStore();
    await pushTo(store, "l", "left", "a");
    await store.push("n", "1");
    for (const end of ["crash", "reopen"] as const) {
      await store.under[end]!();
      expect(await add(store, "l", "*")).toBe("wrong type");
      expect(await add(store, "n", "*")).not.toBe("wrong type");
    }
    await store.popEvent("l", 0);
    await store.push("l", "1");
    await store.under.crash!();
    expect(await entriesOf(store, "l")).toBe("1");
    await store.under.close();
  });

  test("a flushed stream is none, nor are its groups", async () => {
    const store = await openStore();
    for (const group of ["g", "h"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1");
    await store.flush("q");
    await store.under.crash!();
    expect(await factsOf(store, "q")).toBe(null);
    expect(await factsOf(store, COPIES)).toBe(null);
    await pushTo(store, "q", "left", "a");
    expect(await listOf(store, COPIES)).toEqual([]);
    await store.under.close();
  });
});

/** A stream of cold events with two groups, of which each has claims. */
async function openStream() {
  let journal: FailingJournal | undefined;
  const store = await openStore({ memoryBudgetBytes: 0, onJournal: (made) => (journal = made) });
  await init(store, 2);
  await store.submit(creating("q", "g"));
  for (const at of [1, 2, 3, 4, 5, 6, 7]) {
    await add(store, "q", `${at}-1`, { contents: at % 2 ? LARGE : "short" });
  }
  await store.pushWith("q", "8-1", { ...member, contents: LARGE });
  await store.submit(creating("q", "h"));
  await take(store, "q", "g", "ann", 3);
  await take(store, "q", "h", "bob", 2);
  await store.configure("q", { "max-length": "5", "on-full": "drop-oldest" });
  await store.under.reopen!();
  return { store, journal: journal! };
}

async function everything(store: LifeCaller): Promise<unknown> {
  const shown = [shownOf(store, "q"), shownOf(store, COPIES), shownOf(store, boundOf("q", "i"))];
  return [await left(store), ...(await Promise.all(shown))];
}

const growing: Operation[] = [
  adding("q", "*"),
  adding("q", "20-1", { trim: toLength(3) }),
  adding("q", "20-1", { trim: fromId("6-0") }),
  creating("q", "i", "2-0"),
  creatingConsumer("q", "g", "carl"),
];
const others: Operation[] = [
  trimming("q", toLength(4)),
  removing("q", "1-1", "2-1", "6-1"),
  taking("q", "g", "carl", 2),
  taking("q", "h", "carl", 2, true),
  claiming("q", "g", "carl", ["1-1", "2-1"]),
  claimingFrom("q", "g", "carl", "-", { isCounted: false }),
  acking("q", "g", ["1-1", "3-1"], "remove"),
  acking("q", "h", ["1-1", "2-1"]),
  nacking("q", "g", ["1-1", "2-1"], "final"),
  destroying("q", "g"),
  destroying("q", "h"),
  deletingConsumer("q", "g", "ann"),
];
testFailures({
  open: openStream,
  everything,
  growing,
  others,
  readless: [
    "streamCreateConsumer",
    "streamDeleteConsumer",
    "streamDestroyGroup",
    "streamAck",
    "streamNack",
  ],
  retried: ["streamCreateGroup"],
});

test("both ends of a long stream of cold events are found with few reads", async () => {
  let journal: FailingJournal | undefined;
  const store = await openStore({ memoryBudgetBytes: 0, onJournal: (made) => (journal = made) });
  const many = 4096;
  await addAll(store, "q", ...Array.from({ length: many }, (_, at) => `${at + 1}-0`));
  let reads = 0;
  journal!.nextReadFailure = () => (reads++, null);
  for (const [from, to, isReverse, found, most] of [
    [`${many}-1`, "+", false, "", 2],
    [`${many}-0`, "+", false, `${many}-0`, 20],
    ["-", "+", false, "1-0", 5],
    ["-", "+", true, `${many}-0`, 5],
    ["1000-1", "+", false, "1001-0", 20],
    ["-", "1000-1", true, "1000-0", 20],
  ] as const) {
    reads = 0;
    expect(await entriesOf(store, "q", from, to, { count: 1, isReverse })).toBe(found);
    expect(reads).toBeLessThanOrEqual(most);
  }
  await store.under.close();
});

test("entries are found beside gaps", async () => {
  const store = new LifeCaller(await openLocal());
  const ids = Array.from({ length: 300 }, (_, at) => `${at + 1}-0`);
  await addAll(store, "q", ...ids);
  const gone = ids.filter((_, at) => at > 20 && at < 150 && at !== 77);
  await store.submit(removing("q", ...gone));
  const kept = ids.filter((id) => !gone.includes(id));
  for (const from of ids) {
    const at = kept.findIndex((id) => Number.parseInt(id) >= Number.parseInt(from));
    expect(await entriesOf(store, "q", from, "+", { count: 2 })).toBe(
      kept.slice(at, at + 2).join(" "),
    );
    const before = kept.filter((id) => Number.parseInt(id) <= Number.parseInt(from));
    expect(await entriesOf(store, "q", "-", from, { count: 2, isReverse: true })).toBe(
      before.toReversed().slice(0, 2).join(" "),
    );
  }
  await store.under.close();
});

test("the consumer without claims that was seen longest ago makes room for another", async () => {
  const store = await openStore();
  await store.submit(creating("q", "g"));
  await addAll(store, "q", "1-1");
  await take(store, "q", "g", "with-claim");
  for (let at = 1; at < STREAM_CONSUMERS_MAX; at++) {
    await take(store, "q", "g", `c${at}`);
    await store.under.advance(1);
  }
  await take(store, "q", "g", "c1");
  for (const name of ["x", "y"]) await take(store, "q", "g", name);
  const namesOf = async () => {
    const { consumers } = (await groupsOf(store, "q"))["g"]!;
    return new Set(consumers.map(({ name }) => name));
  };
  const names = await namesOf();
  expect(names.size).toBe(STREAM_CONSUMERS_MAX);
  expect(["with-claim", "c1", "x", "y"].every((name) => names.has(name))).toBe(true);
  expect(["c2", "c3"].some((name) => names.has(name))).toBe(false);
  await store.under.crash!();
  expect(await namesOf()).toEqual(names);
  expect(await ack(store, "q", "g", ["1-1"])).toEqual(["acked"]);
  await store.under.close();
});
