// okq refuses a database and a -wal that do not belong together, for example after a backup was
// copied, and does not change them. It always accepts the files that a kill leaves.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { SqliteJournal } from "../../src/stores/local/sqlite/sqlite-journal.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { Caller } from "./contract/caller.ts";
import { openSqlite } from "./open-sqlite.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

const open = async (file: string) => new Caller(await openSqlite({ file }));

const idsOf = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `${from + at}`);

/** Copies the files to another folder in the state that a kill -9 would leave now. */
function killed(file: string): string {
  const copy = join(newFolder(), "okq.db");
  for (const end of ["", "-wal", "-reserve"]) {
    if (existsSync(file + end)) copyFileSync(file + end, copy + end);
  }
  return copy;
}

async function eventsIn(file: string): Promise<string[]> {
  const store = await open(file);
  const ids = await store.drain("q");
  await store.under.close();
  return ids;
}

interface Incident {
  /** The database of a killed okq, with its -wal. */
  file: string;
  /** An earlier backup, with the first `count` events. */
  backup: string;
  count: number;
}

const origins: Record<string, () => Promise<Incident>> = {
  async "made by okq backup"() {
    const [file, backup] = [join(newFolder(), "okq.db"), join(newFolder(), "backup.db")];
    const store = await open(file);
    await store.pushAll("q", idsOf(0, 100));
    await store.under.store.backup!(backup);
    return later(store, file, backup);
  },
  async "copied while okq was stopped"() {
    const [file, backup] = [join(newFolder(), "okq.db"), join(newFolder(), "backup.db")];
    const store = await open(file);
    await store.pushAll("q", idsOf(0, 100));
    await store.under.close();
    copyFileSync(file, backup);
    return later(await open(file), file, backup);
  },
  async "restored once before"() {
    const { backup } = await origins["made by okq backup"]!();
    const file = join(newFolder(), "okq.db");
    copyFileSync(backup, file);
    return later(await open(file), file, backup);
  },
  async "from before a kill and a start"() {
    const first = await origins["copied while okq was stopped"]!();
    return later(await open(first.file), first.file, first.backup);
  },
};

/** The next id of events that are pushed after the backup. */
let laterIds = 100;

/** Continues after the backup until a kill, with two checkpoints in between. */
async function later(store: Caller, file: string, backup: string): Promise<Incident> {
  for (let round = 0; round < 2; round++) {
    await pushOverCheckpoint(store, file);
  }
  await store.pushAll("q", idsOf(laterIds, (laterIds += 100)));
  const copy = killed(file);
  await store.under.close();
  return { file: copy, backup, count: 100 };
}

/** Pushes until a checkpoint, after which the -wal begins with new marks. */
async function pushOverCheckpoint(store: Caller, file: string): Promise<void> {
  const salts = () => readFileSync(`${file}-wal`).toString("latin1", 16, 24);
  const before = salts();
  const contents = "x".repeat(30_000);
  const ids = idsOf(laterIds, (laterIds += 200));
  const pushes = ids.map((id) => store.push("large", id, "left", contents));
  expect(new Set(await Promise.all(pushes))).toEqual(new Set(["ok"]));
  await eventually(() => salts() !== before, { message: "a checkpoint is complete" });
}

describe.each(Object.keys(origins))("a backup %s", (name) => {
  test("is refused beside the -wal of a killed okq, and no file changes", async () => {
    const { file, backup, count } = await origins[name]!();
    copyFileSync(backup, file);
    const before = [readFileSync(file), readFileSync(`${file}-wal`)];
    const advice =
      `${file}-wal does not belong to ${file}, perhaps a backup was copied beside an old -wal: ` +
      "to start with the database as it is now, make sure that no okq uses it and remove " +
      `${file}-wal, ${file}-shm, ${file}-journal and ${file}-reserve`;
    for (let start = 0; start < 2; start++) await expect(open(file)).rejects.toThrow(advice);
    expect(() => checkDatabase(file)).toThrow(advice);
    expect([readFileSync(file), readFileSync(`${file}-wal`)]).toEqual(before);
    for (const end of ["-wal", "-shm", "-journal", "-reserve"]) rmSync(file + end, { force: true });
    expect(await eventsIn(file)).toEqual(idsOf(0, count));
  });

  test("is accepted without the -wal, even beside other files of that okq", async () => {
    const { file, backup, count } = await origins[name]!();
    copyFileSync(backup, file);
    rmSync(`${file}-wal`);
    expect(existsSync(`${file}-reserve`)).toBe(true);
    expect(await eventsIn(file)).toEqual(idsOf(0, count));
  });
});

test("refuses a database beside a -wal from before its last checkpoint", async () => {
  const [file, copy] = [join(newFolder(), "okq.db"), join(newFolder(), "copy.db")];
  const store = await open(file);
  for (const ids of [idsOf(0, 100), idsOf(100, 200)]) {
    await store.pushAll("q", ids);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    // This checkpoint contains the pushes after the copy.
    await store.drain("q");
    await pushOverCheckpoint(store, file);
    copyFileSync(file, copy);
    await expect(open(copy)).rejects.toThrow("does not belong to");
  }
  await store.under.close();
});

test("refuses the database of another program beside a -wal, and does not change it", async () => {
  const { file } = await origins["made by okq backup"]!();
  const foreign = new Database(`${file}-foreign`);
  foreign.run("CREATE TABLE precious (x)");
  foreign.close();
  copyFileSync(`${file}-foreign`, file);
  const before = readFileSync(file);
  await expect(open(file)).rejects.toThrow("does not belong to");
  expect(readFileSync(file)).toEqual(before);
});

describe("okq accepts the files that a kill leaves", () => {
  /** The number of events after two incidents. */
  const count = 100 + 2 * (2 * 200 + 100);

  /** The database of a killed okq, and its bytes directly after a checkpoint. */
  async function aroundCheckpoint(): Promise<{ file: string; after: Buffer }> {
    const { file } = await origins["from before a kill and a start"]!();
    const copy = killed(file);
    const db = new Database(copy);
    db.run("PRAGMA wal_checkpoint(PASSIVE)");
    const after = readFileSync(copy);
    db.close();
    return { file, after };
  }

  test.each([1, 2, 3])("in the middle of a checkpoint, seed %d", async (seed) => {
    const { file, after } = await aroundCheckpoint();
    const random = new Random(seed);
    const before = readFileSync(file);
    expect(before.equals(after)).toBe(false);
    for (let round = 0; round < 5; round++) {
      const copy = killed(file);
      const mixed = Buffer.alloc(Math.max(before.length, after.length));
      before.copy(mixed);
      for (let at = 0; at < after.length; at += 8192) {
        const isWritten = at >= before.length || random.below(2) === 1;
        if (isWritten) after.copy(mixed, at, at, at + 8192);
      }
      writeFileSync(copy, mixed);
      expect(checkDatabase(copy).ready).toBe(count);
    }
  });

  test("before and after each write of a start", async () => {
    const { file } = await origins["from before a kill and a start"]!();
    for (let start = 0; start < 3; start++) {
      // The journal is open but not loaded, so the -wal is still the one from the kill.
      const journal = new SqliteJournal({ file, fsync: "no" });
      const early = killed(file);
      expect(checkDatabase(early).ready).toBe(count);
      journal.close();
      const store = await open(file);
      const late = killed(file);
      expect(statSync(`${late}-wal`).size).toBeGreaterThan(0);
      expect(checkDatabase(late).ready).toBe(count);
      await store.under.close();
    }
  });

  test("by an okq that set no marks", async () => {
    const folder = newFolder();
    const file = join(folder, "old.db");
    const db = new Database(file);
    createSchema(db, migrations.slice(0, 2));
    db.run("PRAGMA journal_mode = WAL");
    db.run("INSERT INTO queues VALUES (1, 'q')");
    db.run(`INSERT INTO events VALUES (2, 1, NULL, ${2 ** 46}, 'a', 'first')`);
    const copy = killed(file);
    db.close();
    expect(await eventsIn(copy)).toEqual(["a"]);
  });

  test("with a broken -wal", async () => {
    const { file, backup } = await origins["made by okq backup"]!();
    const wal = readFileSync(`${file}-wal`);
    const broken = [Buffer.alloc(0), wal.subarray(0, 40), Buffer.alloc(100_000, 0xff)];
    for (const bytes of broken) {
      copyFileSync(backup, file);
      writeFileSync(`${file}-wal`, bytes);
      expect(checkDatabase(file).ready).toBe(100);
    }
  });
});
