// Histories on disk: a database of an earlier schema, a kill -9, a failed commit, a backup under
// load, memory, and rows that nobody needs any more.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { JournalError } from "../../src/stores/local/journal.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { count, historyOf } from "./contract/history.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { failureOf, openSqlite, type SqliteOptions } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

async function open(options: SqliteOptions = {}) {
  const under = await openSqlite(options);
  return { under, store: new LifeCaller(under) };
}

/** Of the latest minutes. */
async function pushed(store: LifeCaller, steps: number, queue = "q"): Promise<unknown[]> {
  return (await historyOf(store, queue)).hour.counts[0]!.slice(-steps);
}

/** What a query finds in a copy of the files: a store has them for itself. */
function valuesIn(file: string, sql: string): unknown[] {
  const copy = join(newFolder(), "copy.db");
  for (const end of ["", "-wal"]) copyFileSync(file + end, copy + end);
  const db = new Database(copy);
  const [row] = db.query(sql).values();
  db.close();
  return row!;
}

const rowsIn = (file: string) =>
  valuesIn(file, "SELECT (SELECT count(*) FROM hours), (SELECT count(*) FROM days)");

test("a database of schema 8 gets histories, and keeps its totals", async () => {
  const file = join(newFolder(), "okq.db");
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 8));
  const facts = {
    given: { "keep-failed": "5" },
    totals: [7, 0, 0, 0, 0, 0, 0, 0],
    waits: [],
    runs: [],
  };
  db.run("INSERT INTO queues VALUES (1, 'q', ?)", [JSON.stringify(facts)]);
  db.close();
  const { under, store } = await open({ file });
  expect(await pushed(store, 2)).toEqual([null, null]);
  await count(store, "q", { pushed: 2 });
  store.advance(MINUTE_MS);
  await count(store, "q", { pushed: 3 });
  await under.reopen();
  expect(await pushed(store, 3)).toEqual([null, 2, 3]);
  const stats = await store.submit({ kind: "stats", queue: Buffer.from("q"), isWhole: false });
  expect(stats.counts.totals[0]).toBe(12);
  await under.close();
});

test("a history is there after a kill -9", async () => {
  const store = newDatabase();
  const okq = await startOkqProcess(["--store", store]);
  const client = closeAfterTest(await okq.connect());
  await ask(client, "QPUSH", "q", "x");
  const sumOfHour = async (wire: typeof client) => {
    const [, hour] = (await ask(wire, "QHISTORY", "q")) as [string, Readable[]];
    const numbers = hour[hour.indexOf("pushed") + 1] as (number | null)[];
    return numbers.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  };
  await eventually(async () => (await sumOfHour(client)) === 1);
  await okq.crash();
  const again = closeAfterTest(await (await startOkqProcess(["--store", store])).connect());
  expect(await sumOfHour(again)).toBe(1);
});

test("a commit that fails leaves a history as it was", async () => {
  let journal: FailingJournal | undefined;
  const { under, store } = await open({ onJournal: (made) => (journal = made) });
  const memory = () => Object.fromEntries(under.store.describe())["memory_bytes"];
  await store.configure("q", { "max-attempts": "1" });
  await store.pushAll("q", ["1", "2"]);
  await store.pop("q", 10 * MINUTE_MS);
  for (let minute = 0; minute < 10; minute++) {
    await count(store, "q", { pushed: 1 });
    store.advance(MINUTE_MS);
  }
  const [before, memoryBefore] = [await historyOf(store), memory()];
  journal!.nextFailure = () => new JournalError("failed", "not now");
  expect(await failureOf(count(store, "q", { pushed: 100 }))).toBe("refused: not now");
  // The end of a lease, which the store counts itself.
  expect(await failureOf(store.reclaim())).toBe("refused: not now");
  expect([await historyOf(store), memory()]).toEqual([before, memoryBefore]);
  journal!.nextFailure = () => null;
  await store.reclaim();
  await count(store, "q", { pushed: 5 });
  for (const restart of [async () => {}, under.reopen, under.crash]) {
    await restart();
    const { counts } = (await historyOf(store)).hour;
    expect(counts[0]!.slice(-11)).toEqual([...Array<number>(10).fill(1), 5]);
    expect(counts[4]!.slice(-2)).toEqual([0, 1]);
  }
  await under.close();
});

test("a backup under load has the histories at the moment when it ends", async () => {
  const file = join(newFolder(), "copy.db");
  const { under, store } = await open();
  const queues = Array.from({ length: 6000 }, (_, at) => `q${at}`);
  for (let step = 0; step < 3; step++) {
    if (step === 0) await Promise.all(queues.map((queue) => store.push(queue, "1")));
    await Promise.all(queues.map((queue) => count(store, queue, { pushed: 1 })));
    store.advance(11 * MINUTE_MS);
  }
  const progress = { isDone: false };
  const copied = under.store.backup!(file).then(() => (progress.isDone = true));
  let rounds = 0;
  while (!progress.isDone) {
    const queue = queues[(rounds++ * 7) % 500]!;
    store.advance(MINUTE_MS / 10);
    if (rounds % 5 === 0) await store.flush(queue);
    else await count(store, queue, { pushed: 2 });
    await new Promise<void>((turn) => void setImmediate(turn));
  }
  await copied;
  expect(rounds).toBeGreaterThan(5);
  const copy = await open({ file, nowMs: store.nowMs });
  let differing = 0;
  for (const queue of queues.slice(0, 500)) {
    const [here, there] = [await historyOf(store, queue), await historyOf(copy.store, queue)];
    // What a flushed queue has in memory is forgotten by the next tick.
    const isThere = (await copy.store.counts(queue)).ready === 1;
    if (isThere && JSON.stringify(here) !== JSON.stringify(there)) differing++;
  }
  // The last change may be missing in the copy.
  expect(differing).toBeLessThanOrEqual(1);
  await copy.under.close();
  await under.close();
});

test("rows and memory of a history are gone with its queue", async () => {
  const { under, store } = await open();
  const memory = () => Number(Object.fromEntries(under.store.describe())["memory_bytes"]);
  const empty = memory();
  const fill = async (queue: string) => {
    await store.push(queue, "1");
    const before = memory();
    for (let minute = 0; minute < 100; minute++) {
      await count(store, queue, { pushed: 1000, popped: 1000 });
      store.advance(MINUTE_MS);
    }
    return memory() - before;
  };
  for (const queue of ["drained", "flushed", "kept"]) {
    expect(await fill(queue)).toBeWithin(1000, 2500);
  }
  expect(rowsIn(under.file)).toEqual([3, 3]);
  await store.drain("drained");
  await store.flush("flushed");
  for (let round = 0; round < 2; round++) await store.reclaim();
  expect(rowsIn(under.file)).toEqual([1, 1]);
  await store.register({ kept: 1 });
  await store.flush("kept");
  // It keeps its history, under another number.
  await store.push("kept", "2");
  expect(rowsIn(under.file)).toEqual([1, 1]);
  await under.reopen();
  expect((await pushed(store, 3, "kept")).slice(0, 2)).toEqual([1000, 1000]);
  await store.drain("kept");
  for (let round = 0; round < 2; round++) await store.reclaim();
  expect(rowsIn(under.file)).toEqual([0, 0]);
  expect(memory()).toBe(empty);
  await under.close();
});

test("a queue that is always used takes a few kilobytes, over restarts too", async () => {
  const { under, store } = await open();
  await store.push("q", "1");
  for (let minute = 0; minute < 3000; minute++) {
    await count(store, "q", { pushed: 1000, popped: 1000, acked: 990, failures: 10 });
    store.advance(MINUTE_MS);
    if (minute % 700 === 0) await under.crash();
  }
  const [hour, day] = valuesIn(
    under.file,
    "SELECT length(hours.steps), length(days.steps) FROM hours, days",
  ) as [number, number];
  expect(hour).toBeWithin(500, 1500);
  expect(day).toBeWithin(2000, 4000);
  await under.close();
});

test("a clock far ahead does no harm", async () => {
  const { under, store } = await open();
  await store.push("q", "1");
  for (let jump = 0; jump < 5; jump++) {
    await count(store, "q", { pushed: 1 });
    store.advance(1000 * DAY_MS);
    await count(store, "q", { pushed: 2 });
    expect(await pushed(store, 2)).toEqual([null, 2]);
  }
  await under.close();
});
