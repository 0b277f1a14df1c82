// List operations on the local store where its journal fails: they are done as a whole, or nothing
// of them is.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect, setDefaultTimeout, test } from "bun:test";
import { LIST_BYTES_MAX, LIST_REACH, LIST_STEP_MAX, TOO_LARGE } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
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
import { testFailures } from "./failing-operations.ts";
import { openLocal } from "./open-local.ts";
import { openSqlite } from "./open-sqlite.ts";

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
testFailures({
  open: openLists,
  everything,
  growing: adding,
  others,
  looks: [ranged("q")],
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
