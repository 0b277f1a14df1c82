// Sets on disk: a database of an earlier schema, a backup under load, a full disk, a failed commit.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { JournalError } from "../../src/stores/local/journal.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { Caller } from "./contract/caller.ts";
import { membersOf, setAdd, setDrop, setRemove, setsOf } from "./contract/set-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

async function openFailing() {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ onJournal: (made) => (journal = made) });
  return { under, store: new Caller(under), journal: journal as FailingJournal };
}

test("a database of schema 7 gets sets", async () => {
  const file = join(newFolder(), "okq.db");
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 7));
  db.run("INSERT INTO queues VALUES (1, 'q', NULL)");
  db.close();
  for (const members of [["a"], ["a", "b"]]) {
    const under = await openSqlite({ file });
    const store = new Caller(under);
    expect(await store.submit(setAdd("s", ...members))).toBe(1);
    expect(await membersOf(store, "s")).toEqual(members);
    await under.close();
  }
});

test("sets are there after a kill -9", async () => {
  const store = newDatabase();
  const okq = await startOkqProcess(["--store", store]);
  const client = closeAfterTest(await okq.connect());
  client.pipeline(["SADD", "s", "a", "b"], ["SADD", "t", "x"], ["SREM", "s", "a"]);
  expect(await client.take(3)).toEqual([2, 1, 1]);
  await okq.crash();
  const again = closeAfterTest(await (await startOkqProcess(["--store", store])).connect());
  expect(await ask(again, "SMEMBERS", "s")).toEqual(["b"]);
  expect(await ask(again, "SMEMBERS", "t")).toEqual(["x"]);
});

test("a full disk refuses additions, and no removals", async () => {
  const { under, store, journal } = await openFailing();
  await store.submit(setAdd("s", "a", "b"));
  await store.submit(setAdd("t", "a"));
  let commits = 0;
  journal.nextFailure = () => (commits++ === 0 ? new JournalError("full", "no room") : null);
  const add = failureOf(store.submit(setAdd("s", "c")));
  const [remove, drop] = [
    store.another().submit(setRemove("s", "a")),
    store.another().submit(setDrop("t")),
  ];
  expect(await add).toBe("refused: no room");
  expect([await remove, await drop]).toEqual([1, true]);
  for (const restart of [async () => {}, under.reopen]) {
    await restart();
    expect([await setsOf(store), await membersOf(store, "s")]).toEqual([["s"], ["b"]]);
  }
  await under.close();
});

test("a commit that fails leaves all sets as they were", async () => {
  const { under, store, journal } = await openFailing();
  await store.submit(setAdd("s", "a", "b"));
  await store.submit(setAdd("t", "x"));
  const memory = () => Object.fromEntries(under.store.describe())["memory_bytes"];
  const before = memory();
  journal.nextFailure = () => new JournalError("failed", "not now");
  const changes = [
    setAdd("s", "c"),
    setRemove("s", "a"),
    setDrop("s"),
    setAdd("s", "a", "d"),
    setDrop("t"),
    setAdd("u", "1"),
    setRemove("u", "1"),
  ];
  const outcomes = changes.map((change) => failureOf(store.another().submit(change)));
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["refused: not now"]));
  expect(memory()).toBe(before!);
  journal.nextFailure = () => null;
  for (const restart of [async () => {}, under.reopen]) {
    await restart();
    expect(await setsOf(store)).toEqual(["s", "t"]);
    expect([await membersOf(store, "s"), await membersOf(store, "t")]).toEqual([["a", "b"], ["x"]]);
  }
  await under.close();
});

test("a backup under load has the sets at the moment when it ends", async () => {
  const file = join(newFolder(), "copy.db");
  const under = await openSqlite();
  const [store, random] = [new Caller(under), new Random(1)];
  const sets = ["", "a", "b", "c", "d", "e", "f", "z"];
  const members = Array.from({ length: 10_000 }, (_, at) => (at === 0 ? "" : `m${at}`));
  for (const set of sets) await store.submit(setAdd(set, ...members));
  const progress = { isDone: false };
  const copied = under.store.backup!(file).then(() => (progress.isDone = true));
  let batches = 0;
  while (!progress.isDone) {
    const set = random.of(sets);
    const some = Array.from({ length: 20 }, () => random.of(members));
    const change = random.weighted({ add: 9, remove: 9, drop: 1 });
    if (change === "drop") await store.submit(setDrop(set));
    else await store.submit((change === "add" ? setAdd : setRemove)(set, ...some));
    // Not in the copy only if it is the last one: it changes no set.
    await store.push("q", `${batches++}`);
    await new Promise<void>((turn) => void setImmediate(turn));
  }
  await copied;
  expect(batches).toBeGreaterThan(5);
  const copy = new Caller(await openSqlite({ file, nowMs: 0 }));
  const differing = [];
  for (const set of sets) {
    const [here, there] = [await membersOf(store, set), await membersOf(copy, set)];
    if (here.toString() !== there.toString()) differing.push(set);
  }
  // The last change may be missing in the copy.
  expect(differing.length).toBeLessThanOrEqual(1);
  await copy.under.close();
  await under.close();
});

test("the memory of sets counts, and is free when they are gone", async () => {
  const under = await openSqlite();
  const store = new Caller(under);
  const memory = () => Number(Object.fromEntries(under.store.describe())["memory_bytes"]);
  const before = memory();
  const members = Array.from({ length: 1000 }, (_, at) => `${at}`.padEnd(1000));
  await store.submit(setAdd("s", ...members));
  expect(memory() - before).toBeWithin(1_000_000, 1_200_000);
  await under.reopen();
  expect(memory() - before).toBeWithin(1_000_000, 1_200_000);
  await store.submit(setRemove("s", ...members.slice(1)));
  expect(memory() - before).toBeWithin(1_000, 3_000);
  await store.submit(setDrop("s"));
  expect(memory()).toBe(before);
  await under.close();
});
