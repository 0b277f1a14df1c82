// What another okq loads from a bucket has the same rows as the scratch database of the okq that
// serves, whether it comes from the log, from segments or from a snapshot.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { loadScratch } from "../../src/stores/local/objects/load-scratch.ts";
import { ObjectReader } from "../../src/stores/local/objects/object-reader.ts";
import { readAll } from "../../src/stores/local/objects/read-all.ts";
import { Scratch } from "../../src/stores/local/objects/scratch.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { count } from "./contract/history.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { compareLives } from "./life-comparison.ts";
import { openObjects, type ObjectsOptions, type ObjectsUnderTest } from "./open-objects.ts";
import { openReference } from "./open-reference.ts";

setDefaultTimeout(60_000);

const small = { segmentObjects: 5, segmentBytes: 4096, replayedBytes: 16_384, keptBytes: 8192 };
const never = { segmentObjects: 1e9, segmentBytes: 1e9, replayedBytes: 1e9, keptBytes: 1e9 };

/** Rows that are not garbage, which a process deletes little by little without recording it. */
const tables: Record<string, string> = {
  queues: "1",
  events: "queue IN (SELECT number FROM queues)",
  windows: "queue IN (SELECT number FROM queues)",
  groups: "queue IN (SELECT number FROM queues)",
  turns: "1",
  counters: "1",
  thens: "1",
  members: "counter IN (SELECT number FROM counters)",
  crons: "1",
  sets: "1",
  hours: "1",
  days: "1",
  clock: "1",
};

function rowsOf(db: Database, nowMs: number): Record<string, unknown[][]> {
  const rows = Object.entries(tables).map(([table, isKept]) => {
    const ended = table === "windows" ? ` AND ends >= ${nowMs}` : "";
    const statement = db.prepare(`SELECT * FROM ${table} WHERE ${isKept}${ended} ORDER BY 1, 2`);
    const values = statement.values() as unknown[][];
    statement.finalize();
    return [table, values];
  });
  return Object.fromEntries(rows);
}

async function liveRows({ journal, clock }: ObjectsUnderTest) {
  const file = join(newFolder(), "copy.db");
  await journal.backup(file);
  const db = closeAfterTest(new Database(file));
  return rowsOf(db, clock.nowMs());
}

async function loadedRows({ bucket, clock }: ObjectsUnderTest) {
  const scratch = closeAfterTest(new Scratch(newFolder()));
  const reader = new ObjectReader(bucket, clock);
  const db = await readAll(bucket, (source) => loadScratch({ scratch, reader, source }));
  return rowsOf(db, clock.nowMs());
}

async function expectSameRows(under: ObjectsUnderTest): Promise<Record<string, unknown[][]>> {
  const live = await liveRows(under);
  expect(await loadedRows(under)).toEqual(live);
  return live;
}

async function opened(options: ObjectsOptions): Promise<[LifeCaller, ObjectsUnderTest]> {
  const under = closeAfterTest(await openObjects(options));
  return [new LifeCaller(under), under];
}

const factsOf = (under: ObjectsUnderTest) => Object.fromEntries(under.journal.describe());

/** Compares the rows before each restart. Returns the tables that had some. */
async function compareAtRestarts(limits: ObjectsOptions["limits"], seed: number) {
  const reference = closeAfterTest(await openReference());
  const [, under] = await opened(limits ? { limits } : {});
  const seen = new Set<string>();
  const compare = async () => {
    const rows = await expectSameRows(under);
    for (const [table, found] of Object.entries(rows)) if (found.length > 0) seen.add(table);
  };
  const { reopen, crash } = under;
  under.reopen = () => compare().then(reopen);
  under.crash = () => compare().then(crash);
  await compareLives(reference, under, { seed, rounds: 60 });
  await compare();
  return { seen, facts: factsOf(under) };
}

test("every table has the same rows at all restarts among random operations", async () => {
  const all = new Set<string>();
  for (const seed of [21, 22, 23]) {
    const { seen, facts } = await compareAtRestarts(never, seed);
    expect(facts).toMatchObject({ snapshot_seq: 0, segments: 0 });
    for (const table of seen) all.add(table);
  }
  const [store, under] = await opened({ limits: never });
  for (let minute = 0; minute < 25; minute++) {
    await store.push("q", `${minute}`);
    await count(store, "q", { pushed: 1 });
    store.advance(60_000);
  }
  const rows = await expectSameRows(under);
  for (const table of ["hours", "days"]) if (rows[table]!.length > 0) all.add(table);
  for (const seed of [25, 26, 27]) {
    const { facts } = await compareAtRestarts(small, seed);
    expect(Number(facts["snapshot_seq"])).toBeGreaterThan(0);
  }
  // Else the comparison proves little.
  expect([...all].toSorted()).toEqual(Object.keys(tables).toSorted());
});

test("a flush is found whether its garbage was deleted before the end or not", async () => {
  const [store, under] = await opened({ limits: never });
  await store.configure("q", { "keep-completed": "5" });
  await store.pushBatch("q", Array(3000).fill(null));
  await store.flush("q");
  await store.push("q", "1");
  const loaded = await loadedRows(under);
  expect(loaded).toEqual(await liveRows(under));
  const left = async () => {
    const file = join(newFolder(), "copy.db");
    await under.journal.backup(file);
    const db = new Database(file);
    const [row] = db.query("SELECT count(*) FROM events").values() as [number][];
    db.close();
    return row![0];
  };
  await eventually(async () => (await left()) === 1);
  expect(await loadedRows(under)).toEqual(await liveRows(under));
  await under.crash();
  // What the process before deleted is there again, and deleted again.
  await eventually(async () => (await left()) === 1);
  expect(await store.counts("q")).toEqual({ ready: 1 });
});

test("fences of many restarts become segments, too", async () => {
  const [store, under] = await opened({ limits: { ...never, segmentObjects: 10 } });
  await store.push("q", "1");
  for (let start = 0; start < 25; start++) {
    await under.reopen();
    const { log_objects: objects } = factsOf(under);
    if (Number(objects) >= 10) await eventually(() => Number(factsOf(under)["log_objects"]) < 10);
  }
  expect(factsOf(under)).toMatchObject({ segments: 2 });
  await expectSameRows(under);
  expect(await store.counts("q")).toEqual({ ready: 1 });
});

test("many small segments become a snapshot", async () => {
  const [store, under] = await opened({ limits: { ...never, segmentObjects: 2, segments: 5 } });
  let most = 0;
  for (let at = 0; Number(factsOf(under)["snapshot_seq"]) === 0; at++) {
    expect(at).toBeLessThan(1000);
    await store.push("q", `${at}`);
    most = Math.max(most, Number(factsOf(under)["segments"]));
  }
  expect(most).toBe(5);
  await expectSameRows(under);
});

test("a snapshot has what came before it, and the log goes on behind it", async () => {
  const [store, under] = await opened({ limits: { ...never, replayedBytes: 50_000 } });
  for (let at = 0; at < 60; at++) await store.push("q", `${at}`, "left", "x".repeat(1000));
  await eventually(() => Number(factsOf(under)["snapshot_seq"]) > 1);
  await store.push("q", "last", "left", "y".repeat(100_000));
  await expectSameRows(under);
  await under.reopen();
  expect(await store.counts("q")).toEqual({ ready: 61 });
  expect(await store.popEvent("q")).toEqual(["0", "x".repeat(1000)]);
  await expectSameRows(under);
});
