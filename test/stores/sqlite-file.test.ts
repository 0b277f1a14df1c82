// The file of a SQLite store: its permissions, files that are refused and not changed, updates of
// older files, and freeing space.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { SqliteJournal } from "../../src/stores/local/sqlite/sqlite-journal.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { Caller } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

/** The deadline of a ready event until schema 3. */
const READY = 2 ** 46;

function newFile(): string {
  return join(newFolder(), "okq.db");
}

async function open(file: string, options: SqliteOptions = {}): Promise<Caller> {
  return new Caller(await openSqlite({ file, ...options }));
}

/** A closed database with that number of events in the queue q. */
async function fileWith(count: number): Promise<string> {
  const file = newFile();
  const store = await open(file);
  await store.pushAll(
    "q",
    Array.from({ length: count }, (_, i) => `event-${i}`),
  );
  await store.under.close();
  return file;
}

const refusalOf = (file: string) =>
  open(file).then(
    async (store) => {
      await store.under.close();
      return "it was opened";
    },
    (error: Error) => error.message,
  );

/** Checks that the file is refused twice with this message and does not change. */
async function expectRefused(file: string, words: RegExp): Promise<void> {
  const before = readFileSync(file);
  for (let i = 0; i < 2; i++) expect(await refusalOf(file)).toMatch(words);
  expect(() => checkDatabase(file)).toThrow(words);
  expect(readFileSync(file).equals(before)).toBe(true);
}

describe("refuses a damaged file with advice, and does not change it", () => {
  const advice =
    /is damaged \(.*\) and was left as it is: restore .*-wal, .*-shm, .*-journal and .*-reserve$/;

  test("when it is empty", async () => {
    const file = newFile();
    writeFileSync(file, "");
    await expectRefused(file, advice);
  });

  test("when it is not a database", async () => {
    const file = newFile();
    writeFileSync(file, Buffer.alloc(20_000, "no database "));
    await expectRefused(file, advice);
  });

  test("when it was cut short", async () => {
    const file = await fileWith(5000);
    truncateSync(file, statSync(file).size >> 1);
    await expectRefused(file, advice);
  });

  test.each([0, 1, 2, 3])("when page %d from the middle was overwritten", async (page) => {
    const file = await fileWith(5000);
    const bytes = readFileSync(file);
    const at = ((bytes.length >> 13) + page) << 12;
    bytes.fill(0xff, at, at + 4096);
    writeFileSync(file, bytes);
    await expectRefused(file, advice);
  });

  test("when it has an event twice", async () => {
    const file = await fileWith(3);
    const db = new Database(file);
    db.run("CREATE TABLE copies AS SELECT * FROM events");
    db.run("UPDATE copies SET key = key + 10");
    db.run("INSERT INTO events SELECT * FROM copies");
    db.close();
    expect(() => checkDatabase(file)).toThrow(/3 events with an id that another one .* has/);
  });
});

test("refuses the database of another program", async () => {
  const file = newFile();
  const db = new Database(file);
  db.run("CREATE TABLE events (key INTEGER)");
  db.close();
  await expectRefused(file, /is a database, but not one of okq: name another file/);
});

test("refuses the database of a newer okq", async () => {
  const file = newFile();
  const db = new Database(file);
  createSchema(db, [...migrations, "CREATE TABLE invention (x)"]);
  db.close();
  const known = migrations.length;
  await expectRefused(file, new RegExp(`schema ${known + 1}, this okq knows up to ${known}`));
});

test("upgrades the database of an older okq and keeps all its events", async () => {
  const file = newFile();
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 1));
  db.run("INSERT INTO queues VALUES (1, 'q')");
  db.run(
    `INSERT INTO events VALUES (2, 1, NULL, ${READY}, 'a', 'first'), (3, 1, NULL, 1, 'b', '')`,
  );
  db.close();
  const store = await open(file);
  // The lease of b expired long ago, so it comes first.
  expect(await store.popEvent("q")).toEqual(["b", ""]);
  expect(await store.popEvent("q")).toEqual(["a", "first"]);
  await store.under.close();
  const updated = new Database(file);
  expect(updated.query("PRAGMA user_version").get()).toEqual({ user_version: migrations.length });
  updated.close();
});

test("upgrades a database of version 0.1 with its claims, order, contents and clock", async () => {
  const file = newFile();
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 3));
  db.run("INSERT INTO queues VALUES (1, 'q'), (9, 'r')");
  const [nowMs, leaseMs] = [1_700_000_000_000, 5000];
  db.run("UPDATE clock SET ms = ?", [nowMs]);
  const bytes = Buffer.alloc(5000, "\xff\x00", "latin1");
  const rows: [key: number, queue: number, place: number | null, at: number, id: string][] = [
    [2, 1, null, READY, "old"],
    [3, 1, null, READY, "new"],
    [4, 1, 4, READY, "pushed at the right end"],
    [5, 1, -7, nowMs + leaseMs, "claimed second"],
    [6, 1, -6, nowMs + leaseMs, "claimed first"],
    [7, 1, 20, READY, "redone"],
    [8, 1, -5, READY, "requeued"],
    [10, 9, null, READY, "other"],
    [11, 77, null, READY, "flushed"],
  ];
  const insert = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)");
  for (const row of rows) insert.run(...row, bytes);
  insert.finalize();
  db.close();
  for (const _ of "12") {
    expect(checkDatabase(file)).toMatchObject({ queues: 2, ready: 6, claimed: 2 });
    const store = new LifeCaller(await openSqlite({ file, nowMs: nowMs - 1 }));
    expect(await store.counts("q")).toEqual({ ready: 5, claimed: 2 });
    expect(await store.mustGet("q", "old")).toMatchObject({ pushedAtMs: nowMs, contents: bytes });
    expect(await store.dueInMs("q", "claimed first")).toBeWithin(leaseMs, leaseMs + 2);
    await store.under.close();
  }
  const store = await open(file, { nowMs });
  expect(await store.push("q", "old")).toBe("duplicate");
  store.advance(leaseMs);
  expect(await store.reclaim()).toBe(2);
  const right = ["redone", "pushed at the right end"];
  const claims = ["requeued", "claimed first", "claimed second"];
  expect(await store.drain("q")).toEqual([...right, ...claims, "old", "new"]);
  expect(await store.drain("r")).toEqual(["other"]);
  await store.under.close();
});

test("requeues claims of an older okq by deadline, then by id", async () => {
  const file = newFile();
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 3));
  db.run("INSERT INTO queues VALUES (1, 'q')");
  const soon = 1_700_000_000_000 + 1000;
  // Redone events and pushes at the right end have a rank.
  const rows = [
    [2, null, soon + 5, "last"],
    [3, null, soon, "b"],
    [4, 9, soon, "c"],
    [5, 5, soon, "a"],
    [6, null, READY, "never popped"],
    [7, 10, READY, "redone"],
    [8, 8, READY, "pushed at the right end"],
  ];
  const insert = db.prepare("INSERT INTO events VALUES (?, 1, ?, ?, ?, 'x')");
  for (const row of rows) {
    insert.run(...row);
  }
  insert.finalize();
  db.close();
  const store = await open(file);
  await store.push("q", "new", "right");
  expect(await store.pop("q", 500)).toBe("new");
  store.advance(2000);
  expect(await store.reclaim()).toBe(5);
  const returned = ["a", "b", "c", "last", "new"];
  const order = ["redone", "pushed at the right end", ...returned, "never popped"];
  expect(await store.drain("q")).toEqual(order);
  await store.under.close();
});

test("refuses a -wal without its database", async () => {
  const file = newFile();
  writeFileSync(`${file}-wal`, "committed events");
  expect(await refusalOf(file)).toMatch(
    /is missing, but its .*-wal is there: put the database back/,
  );
  expect(readFileSync(`${file}-wal`, "utf8")).toBe("committed events");
});

test("refuses a folder instead of a file, and suggests a file in it", () => {
  const folder = dirname(newFile());
  const expected = `${folder} is a folder: name a file in it, such as ${join(folder, "okq.db")}`;
  expect(() => new SqliteJournal({ file: folder, fsync: "no" })).toThrow(expected);
});

test("reports a folder that cannot be created in one line", async () => {
  expect(await refusalOf("/proc/no/okq.db")).toMatch(/^\/proc\/no\/okq\.db: [^\n]+$/);
});

test("refuses a second store on the same file, and the first store keeps working", async () => {
  const file = newFile();
  const store = await open(file);
  await store.push("q", "1");
  expect(await refusalOf(file)).toContain(`${file} is in use by another process`);
  expect(await refusalOf(file)).toContain("need Redis (--redis-addr)");
  expect(await store.pop("q")).toBe("1");
  await store.under.close();
});

test("only the owner can read the folder and the files", async () => {
  const file = join(dirname(newFile()), "new", "folder", "okq.db");
  const store = await open(file);
  for (const path of [dirname(file), dirname(dirname(file)), file, `${file}-wal`]) {
    expect(statSync(path).mode & 0o077).toBe(0);
  }
  await store.under.close();
});

test("frees the space of a drained backlog while it serves", async () => {
  const file = newFile();
  const store = await open(file);
  const contents = "x".repeat(4000);
  for (let i = 0; i < 40; i++) {
    await Promise.all(
      Array.from({ length: 250 }, (_, k) => store.push("q", `${i}.${k}`, "left", contents)),
    );
  }
  const fullBytes = statSync(file).size;
  expect(fullBytes).toBeGreaterThan(30_000_000);
  await store.drain("q");
  await store.push("q", "last");
  const isSmall = () => statSync(file).size < fullBytes / 2;
  await eventually(isSmall, { timeoutMs: 60_000, message: "the file gets smaller" });
  expect(await store.drain("q")).toEqual(["last"]);
  await store.under.close();
});

test("removes the rows of flushed events, also if okq is killed meanwhile", async () => {
  const under = await openSqlite();
  const store = new Caller(under);
  const ids = Array.from({ length: 5000 }, (_, i) => `${i}`);
  await store.pushAll("q", ids);
  await store.pushAll("r", ["kept"]);
  await store.flush("q");
  await store.pushAll("q", ["1", "2"]);
  await under.crash();
  expect(await store.status("q", "r")).toEqual([
    ["q", 2, 0, 0],
    ["r", 1, 0, 0],
  ]);
  await under.crash();
  const free = () => Number(new Map(under.store.describe()).get("file_free_bytes"));
  await eventually(() => free() > 100_000, { message: "the rows are deleted" });
  expect(await store.drain("q")).toEqual(["1", "2"]);
  await under.close();
});

test("limits the size of the -wal", async () => {
  const file = newFile();
  const store = await open(file);
  let largest = 0;
  for (let i = 0; i < 60; i++) {
    const ids = Array.from({ length: 200 }, (_, k) => `${i}.${k}`);
    await Promise.all(ids.map((id) => store.push("q", id, "left", "x".repeat(5000))));
    await Promise.all(ids.map(() => store.pop("q", 0)));
    largest = Math.max(largest, statSync(`${file}-wal`).size);
  }
  expect(largest).toBeLessThan(24 * 1024 * 1024);
  await store.under.close();
});

describe("the clock", () => {
  const startMs = 1_700_000_000_000;

  function openAt(file: string, nowMs: number): Promise<Caller> {
    return open(file, { nowMs });
  }

  test("leases expire while okq is down", async () => {
    const file = newFile();
    const store = await openAt(file, startMs);
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q", 2000);
    await store.pop("q", 1000);
    await store.under.close();
    const later = await openAt(file, startMs + 5000);
    expect(await later.status("q")).toEqual([["q", 3, 0, 0]]);
    // By deadline: the event that expires last comes out first.
    expect(await later.drain("q")).toEqual(["1", "2", "3"]);
    await later.under.close();
  });

  test("events stay claimed over a restart until their leases expire", async () => {
    const file = newFile();
    const store = await openAt(file, startMs);
    await store.pushAll("q", ["1"]);
    await store.pop("q", 2000);
    await store.under.close();
    const later = await openAt(file, startMs + 1999);
    expect(await later.status("q")).toEqual([["q", 1, 1, 0]]);
    later.advance(1);
    expect(await later.reclaim()).toBe(1);
    await later.under.close();
  });

  test("a clock that is set back by an hour does not make leases an hour longer", async () => {
    const file = newFile();
    const store = await openAt(file, startMs);
    await store.pushAll("q", ["1"]);
    await store.pop("q", 2000);
    await store.under.close();
    const later = await openAt(file, startMs - 3_600_000);
    later.advance(1999);
    expect(await later.reclaim()).toBe(0);
    later.advance(1);
    expect(await later.reclaim()).toBe(1);
    await later.under.close();
    // A clock that is set forward again loses no event.
    const last = await openAt(file, startMs + 3_600_000);
    expect(await last.drain("q")).toEqual(["1"]);
    await last.under.close();
  });
});

test("close releases the file", async () => {
  const file = newFile();
  for (let i = 0; i < 3; i++) new SqliteJournal({ file, fsync: "always" }).close();
  expect(checkDatabase(file)).toMatchObject({ queues: 0, ready: 0, claimed: 0 });
});
