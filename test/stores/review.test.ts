// What a change of settings means for many events that are in a queue already: SQLite.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { JournalError } from "../../src/stores/local/journal.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { failureOf, openSqlite, type SqliteOptions } from "./open-sqlite.ts";

const COUNT = 12_000;
const LIMIT = 1000;

/** With so many events, some of them delayed. */
async function openFilled(options: SqliteOptions = {}): Promise<LifeCaller> {
  const under = await openSqlite({ memoryBudgetBytes: 100_000, ...options });
  closeAfterTest(under);
  const store = new LifeCaller(under);
  for (let at = 0; at < COUNT - 1000; at += 1000)
    await store.pushBatch("q", Array(1000).fill(null));
  const start = { afterMs: 1_000_000 };
  await store.pushBatch("q", Array(1000).fill(null), { start });
  return store;
}

async function tickAll(store: LifeCaller): Promise<number> {
  let ticks = 1;
  while ((await store.reclaim(LIMIT)) >= LIMIT) ticks++;
  return ticks;
}

test("a TTL for many events is noted in steps, and ends them in time", async () => {
  const store = await openFilled();
  await store.configure("q", { ttl: "60" });
  expect(store.under.store.dueInMs()).toBe(0);
  expect(await tickAll(store)).toBeGreaterThan(50);
  expect(store.under.store.dueInMs()).toBe(60_000);
  store.advance(60_000);
  await tickAll(store);
  expect(await store.counts("q")).toEqual({});
});

test.each(["reopen", "crash"] as const)("also after a %s amid the steps", async (restart) => {
  const store = await openFilled();
  await store.configure(null, { ttl: "3600" });
  await tickAll(store);
  await store.configure("q", { ttl: "60" });
  for (let ticks = 0; ticks < 20; ticks++) await store.reclaim(LIMIT);
  await store.under[restart]!();
  await tickAll(store);
  store.advance(60_000);
  await tickAll(store);
  expect(await store.counts("q")).toEqual({});
});

test("a step that fails is done again", async () => {
  let journal: FailingJournal | undefined;
  const store = await openFilled({ onJournal: (one) => (journal = one) });
  await store.configure("q", { ttl: "60" });
  let commits = 0;
  journal!.nextFailure = () => (commits++ % 3 === 1 ? new JournalError("failed", "no") : null);
  let failures = 0;
  for (let isDone = false; !isDone;) {
    const outcome = await failureOf(store.another().reclaim(LIMIT));
    if (outcome !== "none") failures++;
    isDone = store.under.store.dueInMs() > 0;
  }
  expect(failures).toBeGreaterThan(10);
  journal!.nextFailure = () => null;
  store.advance(60_000);
  await tickAll(store);
  expect(await store.counts("q")).toEqual({});
});

test("what is due meanwhile does not wait for the last step", async () => {
  const store = await openFilled();
  await store.mustClaim("q", 1000);
  await store.configure("q", { ttl: "60" });
  store.advance(1000);
  await store.reclaim(LIMIT);
  expect(await store.counts("q")).toEqual({ ready: COUNT - 1000, delayed: 1000 });
});

test("a setting of all queues that was not written is taken back for each of them", async () => {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ onJournal: (one) => (journal = one) });
  closeAfterTest(under);
  const store = new LifeCaller(under);
  await store.configure(null, { "keep-failed": "9s" });
  for (const queue of ["p", "q"]) {
    await store.push(queue, "1");
    await store.fail(queue, await store.mustClaim(queue), "final");
  }
  journal!.nextFailure = () => new JournalError("failed", "no");
  const outcome = await failureOf(store.another().configure(null, { "keep-failed": "1s" }));
  expect(outcome).not.toBe("none");
  journal!.nextFailure = () => null;
  await tickAll(store);
  expect(store.under.store.dueInMs()).toBe(9000);
  store.advance(9000);
  await tickAll(store);
  expect(await store.counts("q")).toEqual({});
});
