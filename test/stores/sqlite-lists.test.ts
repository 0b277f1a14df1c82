// List operations on the local store where its journal fails: they are done as a whole, or nothing
// of them is.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { StoreError } from "../../src/queue/errors.ts";
import { LIST_BYTES_MAX, LIST_REACH, LIST_STEP_MAX, TOO_LARGE } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { bind, boundOf } from "./contract/bound-caller.ts";
import { init, left, member } from "./contract/counters.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import {
  changed,
  counted,
  inserted,
  listOf,
  moved,
  popped,
  pushed,
  pushTo,
  ranged,
  removed,
  trimmed,
} from "./contract/list-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { openLocal } from "./open-local.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const large = (name: string) => `${name} `.repeat(3000);
const LIST = ["a", large("b"), "c", large("d"), large("e"), "f", "g"];
const COPIES = boundOf("q", "1");
const QUEUES = ["c", "c@1", "q", COPIES, "t"];

/** Lists of cold events: q is full and drops its oldest, and has a bound queue. */
async function openLists() {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ memoryBudgetBytes: 0, onJournal: (made) => (journal = made) });
  const store = new LifeCaller(under);
  await bind(store, "q", "1");
  await pushTo(store, "q", "right", ...LIST.slice(3));
  await pushTo(store, "q", "left", ...LIST.slice(0, 3).toReversed());
  await pushTo(store, "t", "left", large("t"));
  await init(store, 2);
  await store.pushWith("c@1", "1", { ...member, contents: large("1") });
  await store.pushWith("c@1", "2", member);
  for (const queue of ["q", COPIES]) {
    await store.configure(queue, { "max-length": "7", "on-full": "drop-oldest" });
  }
  await under.reopen!();
  return { store, journal: journal! };
}

/** Everything that the operations here may change. */
async function everything(store: LifeCaller): Promise<unknown> {
  const events = QUEUES.map((queue) => store.scan(queue, "ready", { isWhole: true }));
  return [await left(store), ...(await Promise.all(events))];
}

const adding: Operation[] = [
  pushed("q", "left", ["x"]),
  pushed("q", "right", ["x", large("y")]),
  moved("t", "left", "q", "left"),
  moved("q", "right", "q", "left"),
  moved("q", "left", "t", "left"),
  moved("c@1", "right", "q", "right"),
  changed("q", 1, large("x")),
  changed("q", -2, "x"),
  inserted("q", "before", large("b"), "x"),
  inserted("q", "after", large("e"), large("x")),
  inserted("q", "after", "g", "x"),
];
const others: Operation[] = [
  popped(["q"], "left"),
  popped(["q"], "right"),
  popped(["c@1"], "left"),
  removed("q", large("d"), 0),
  removed("q", "g", -1),
  trimmed("q", 2, 4),
  trimmed("q", 1, 0),
];
const cases = [...adding, ...others].map((operation) => [nameOf(operation), operation] as const);

function nameOf(operation: Operation): string {
  return JSON.stringify(operation, (_, value: unknown) => {
    const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
    return type === "Buffer" ? Buffer.from(data!.slice(0, 4)).toString() : value;
  });
}

describe("does nothing if one of the reads for it fails:", () => {
  test.each([["a range", ranged("q")] as const, ...cases])("%s", async (_, operation) => {
    const { store, journal } = await openLists();
    const before = await everything(store);
    let failures = 0;
    for (let isDone = false; !isDone;) {
      let reads = 0;
      const unread = () => new JournalError("failed", "cannot be read");
      journal.nextReadFailure = () => (reads++ === failures ? unread() : null);
      const answer = await store
        .another()
        .submit(operation)
        .catch((error: unknown) => error);
      journal.nextReadFailure = () => null;
      isDone = !(answer instanceof StoreError);
      if (isDone) break;
      failures += 1;
      expect(await everything(store)).toEqual(before);
    }
    expect(failures).toBeGreaterThan(0);
    if (operation.kind !== "listRange") expect(await everything(store)).not.toEqual(before);
    await store.under.close();
  });
});

describe("is undone if the journal cannot write it:", () => {
  test.each(cases)("%s", async (_, operation) => {
    const { store, journal } = await openLists();
    const before = await everything(store);
    journal.nextFailure = () => new JournalError("failed", "not now");
    expect(await failureOf(store.submit(operation))).toBe("refused: not now");
    expect(await everything(store)).toEqual(before);
    journal.nextFailure = () => null;
    const after = await store.submit(operation).then(() => everything(store));
    expect(after).not.toEqual(before);
    await store.under.crash!();
    expect(await everything(store)).toEqual(after);
    await store.under.close();
  });
});

describe("where the disk is full", () => {
  test.each(cases)("only what adds or changes contents is refused: %s", async (_, operation) => {
    const { store, journal } = await openLists();
    const before = await everything(store);
    let commits = 0;
    journal.nextFailure = () => (commits++ === 0 ? new JournalError("full", "no room") : null);
    const push = failureOf(store.another().push("other", "1"));
    const done = store.submit(operation).then(() => "done", String);
    expect(await push).toBe("refused: no room");
    const isAdding = adding.includes(operation);
    expect(await done).toBe(isAdding ? "Error: no room" : "done");
    expect(Bun.deepEquals(await everything(store), before)).toBe(isAdding);
    await store.under.close();
  });
});

test("an event far from both ends gets no other contents", async () => {
  const store = new LifeCaller(await openLocal());
  const step = Array.from({ length: LIST_STEP_MAX }, (_, at) => `${at}`);
  for (let length = 0; length < 2 * LIST_REACH; length += step.length) {
    await pushTo(store, "q", "left", ...step);
  }
  await pushTo(store, "q", "left", "first");
  expect(await store.submit(counted("q"))).toBe(2 * LIST_REACH + 1);
  expect(await store.submit(changed("q", LIST_REACH, "x"))).toBe(TOO_LARGE);
  expect(await listOf(store, "q", LIST_REACH, LIST_REACH)).toBe(TOO_LARGE);
  for (const index of [LIST_REACH - 1, -LIST_REACH]) {
    expect(await store.submit(changed("q", index, `at ${index}`))).toBe(true);
    expect(await listOf(store, "q", index, index)).toEqual([`at ${index}`]);
  }
  await store.under.close();
});

test("a range has at most so many bytes of contents", async () => {
  const store = new LifeCaller(await openLocal());
  const mebibyte = "x".repeat(1024 * 1024);
  for (let bytes = 0; bytes < LIST_BYTES_MAX; bytes += mebibyte.length) {
    await pushTo(store, "q", "left", mebibyte);
  }
  expect(await listOf(store, "q")).toHaveLength(LIST_BYTES_MAX / mebibyte.length);
  await pushTo(store, "q", "left", "x");
  expect(await listOf(store, "q")).toBe(TOO_LARGE);
  expect(await listOf(store, "q", 0, 1)).toEqual(["x", mebibyte]);
  await store.under.close();
});
