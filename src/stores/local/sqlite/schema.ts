// The tables of a journal, and the migrations from every earlier version of them.

import type { Database } from "bun:sqlite";
import { JournalError } from "../journal.ts";
import type { StoredState } from "../states.ts";

/** "okqj" in the header of the file. Other SQLite databases are refused. */
const applicationId = 0x6f6b716a;

/**
 * The page size of a new database. With short events, batches of 50 operations take two thirds of
 * the time that they take with SQLite's 4096 bytes; large batches take the same.
 */
const pageBytes = 8192;

/** The time of a ready event. SQLite stores it in as many bytes as any time of our days. */
export const NO_TIME = 2 ** 46;

/** The columns of an event that change with its state. */
export type StateColumns = [
  state: StoredState,
  at: number,
  lease: number,
  pushed: number,
  place: number,
  token: number | null,
  expires: number | null,
  claimant: string | null,
  ukey: string | null,
  priority: number | null,
  grp: string | null,
];

/** Added to a lease (see LocalEvent), so that all leases take the same number of bytes. */
export const LEASE_BASE = 2 ** 46;

/** Added to a place, so that all places take the same number of bytes. */
export const PLACE_BASE = 2 ** 52;

/**
 * Each takes a database from the version of its index to the next. Once released, a migration
 * is never changed: a later version gets one more.
 */
export const migrations: readonly string[] = [
  // id and short contents are text with one character a byte; longer contents are blobs.
  // place ascends from left to right; null for an event pushed on the left and not popped since.
  // A claimed event has the place that it gets if its lease expires (older versions: its last one).
  // An event whose queue is missing was flushed and is not deleted yet.
  `CREATE TABLE queues (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
   CREATE TABLE events (
     key INTEGER PRIMARY KEY,
     queue INTEGER NOT NULL,
     place INTEGER,
     deadline INTEGER NOT NULL,
     id TEXT NOT NULL,
     contents NOT NULL
   );`,
  // The latest time of the store that was written: its time must never be earlier.
  `CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), ms INTEGER NOT NULL);
   INSERT INTO clock VALUES (1, 0);`,
  // Ties a -wal to its database: see wal-mark.ts.
  `CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT NOT NULL);
   INSERT INTO mark VALUES
     (1, 'okq-wal:' || lower(hex(randomblob(8))) || ':' || lower(hex(randomblob(8))));`,
  // The states of an event. The columns from state to place have the same width in every row, and
  // stand before id and contents: a claim or a requeue changes these bytes only. state is that of
  // local-event.ts; at: when it is due, when its lease ends, or since when it is in its state;
  // expires: when its TTL ends, if it has one; more: its rare facts, as more.ts encodes them.
  // facts of a queue: as queue-facts.ts encodes them. counted: tokens and made ids so far have at
  // most that time. Older events were pushed at the latest time that is known.
  `CREATE TABLE moved (
     key INTEGER PRIMARY KEY,
     queue INTEGER NOT NULL,
     state INTEGER NOT NULL,
     at INTEGER NOT NULL,
     lease INTEGER NOT NULL,
     pushed INTEGER NOT NULL,
     place INTEGER NOT NULL,
     expires INTEGER,
     id TEXT NOT NULL,
     more TEXT,
     contents NOT NULL
   );
   INSERT INTO moved
     SELECT key, queue, CASE deadline WHEN 70368744177664 THEN 2 ELSE 4 END, deadline,
       CASE deadline WHEN 70368744177664 THEN 70368744177664 ELSE 70368744207664 END,
       (SELECT ms FROM clock),
       4503599627370496 + coalesce(place, -1125899906842624 - key), NULL, id, NULL, contents
     FROM events;
   DROP TABLE events;
   ALTER TABLE moved RENAME TO events;
   ALTER TABLE queues ADD COLUMN facts TEXT;
   ALTER TABLE clock ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE clock ADD COLUMN defaults TEXT;`,
  // token, claimant: of an event's claim, if it has them; they were in more. A token as counter.ts
  // numbers it; one that cannot be numbered there is lost, and the event comes back.
  // Dedupe windows: see window-rows.ts. queue is the number of one.
  `CREATE TABLE moved (
     key INTEGER PRIMARY KEY,
     queue INTEGER NOT NULL,
     state INTEGER NOT NULL,
     at INTEGER NOT NULL,
     lease INTEGER NOT NULL,
     pushed INTEGER NOT NULL,
     place INTEGER NOT NULL,
     token INTEGER,
     expires INTEGER,
     claimant TEXT,
     id TEXT NOT NULL,
     more TEXT,
     contents NOT NULL
   );
   INSERT INTO moved
     SELECT key, queue, state, at, lease, pushed, place,
       CASE WHEN number < 1024 THEN 1024 * ms + number END, expires,
       CASE WHEN number < 1024 THEN more ->> 'claimant' END, id,
       nullif(json_remove(more, '$.token', '$.claimant'), '{}'), contents
     FROM (SELECT *, CAST(more ->> 'token' AS INTEGER) AS ms,
       CAST(substr(more ->> 'token', 1 + instr(more ->> 'token', '-')) AS INTEGER) AS number
       FROM events);
   DROP TABLE events;
   ALTER TABLE moved RENAME TO events;
   CREATE TABLE windows (
     queue INTEGER NOT NULL,
     ends INTEGER NOT NULL,
     id TEXT NOT NULL,
     PRIMARY KEY (queue, ends, id)
   ) WITHOUT ROWID;`,
  // ukey: the unique key of an event, as its rare facts have it; priority: if it is not 0; grp: its
  // group. groups: what groups have beside their events, as group.ts encodes it. kind of a window:
  // 0 for that of an id, 1 for that of a unique key, which the event of the id in owner has taken.
  // Counters and cron entries have the names of their queues: a flush gives a queue another number.
  // event: what a counter pushes, without the contents, which are in thens; member: the only one to
  // be counted yet; members: those that were counted.
  `CREATE TABLE moved (
     key INTEGER PRIMARY KEY,
     queue INTEGER NOT NULL,
     state INTEGER NOT NULL,
     at INTEGER NOT NULL,
     lease INTEGER NOT NULL,
     pushed INTEGER NOT NULL,
     place INTEGER NOT NULL,
     token INTEGER,
     expires INTEGER,
     claimant TEXT,
     ukey TEXT,
     priority INTEGER,
     grp TEXT,
     id TEXT NOT NULL,
     more TEXT,
     contents NOT NULL
   );
   INSERT INTO moved
     SELECT key, queue, state, at, lease, pushed, place, token, expires, claimant, NULL,
       NULL, NULL, id, more, contents
     FROM events;
   DROP TABLE events;
   ALTER TABLE moved RENAME TO events;
   CREATE TABLE kept (
     queue INTEGER NOT NULL,
     ends INTEGER NOT NULL,
     kind INTEGER NOT NULL,
     id TEXT NOT NULL,
     owner TEXT NOT NULL,
     PRIMARY KEY (queue, ends, kind, id)
   ) WITHOUT ROWID;
   INSERT INTO kept SELECT queue, ends, 0, id, '' FROM windows;
   DROP TABLE windows;
   ALTER TABLE kept RENAME TO windows;
   CREATE TABLE groups (
     queue INTEGER NOT NULL,
     name TEXT NOT NULL,
     facts TEXT NOT NULL,
     PRIMARY KEY (queue, name)
   ) WITHOUT ROWID;
   CREATE TABLE counters (
     number INTEGER PRIMARY KEY,
     queue TEXT NOT NULL,
     key TEXT NOT NULL,
     count INTEGER NOT NULL,
     remaining INTEGER NOT NULL,
     since INTEGER NOT NULL,
     ends INTEGER,
     member TEXT,
     event TEXT
   );
   CREATE TABLE thens (number INTEGER PRIMARY KEY, contents NOT NULL);
   CREATE TABLE members (
     counter INTEGER NOT NULL,
     member TEXT NOT NULL,
     PRIMARY KEY (counter, member)
   ) WITHOUT ROWID;
   CREATE TABLE crons (
     queue TEXT NOT NULL,
     name TEXT NOT NULL,
     version TEXT NOT NULL,
     set_at INTEGER NOT NULL,
     last_at INTEGER,
     next_at INTEGER,
     definition BLOB NOT NULL,
     PRIMARY KEY (queue, name)
   ) WITHOUT ROWID;`,
  // turns: see turn-rows.ts. is_back, members: as LocalCounter has them; before, a counter that
  // came back had only one member that it could count.
  `CREATE TABLE turns (
     queue INTEGER NOT NULL,
     row INTEGER NOT NULL,
     names TEXT NOT NULL,
     PRIMARY KEY (queue, row)
   ) WITHOUT ROWID;
   CREATE TABLE moved (
     number INTEGER PRIMARY KEY,
     queue TEXT NOT NULL,
     key TEXT NOT NULL,
     count INTEGER NOT NULL,
     remaining INTEGER NOT NULL,
     since INTEGER NOT NULL,
     ends INTEGER,
     is_back INTEGER NOT NULL,
     event TEXT
   );
   INSERT INTO moved
     SELECT number, queue, key, count, remaining, since, ends, member IS NOT NULL, event
     FROM counters;
   INSERT OR IGNORE INTO members
     SELECT number, member FROM counters WHERE member IS NOT NULL;
   DROP TABLE counters;
   ALTER TABLE moved RENAME TO counters;`,
  // The members of sets: see set-rows.ts.
  `CREATE TABLE sets (
     name TEXT NOT NULL,
     member TEXT NOT NULL,
     PRIMARY KEY (name, member)
   ) WITHOUT ROWID;`,
  // The minutes and the ten minutes that are over in the histories of queues: see history-rows.ts.
  `CREATE TABLE hours (queue INTEGER PRIMARY KEY, steps BLOB NOT NULL);
   CREATE TABLE days (queue INTEGER PRIMARY KEY, steps BLOB NOT NULL);`,
];

/** Makes the tables in an empty database. */
export function createSchema(db: Database, steps = migrations): void {
  db.run(`PRAGMA page_size = ${pageBytes}`);
  db.run("PRAGMA auto_vacuum = INCREMENTAL");
  db.run(`PRAGMA application_id = ${applicationId}`);
  migrate(db, 0, steps);
}

/** Throws a JournalError unless it is a database of okq that this one understands. */
export function checkSchema(db: Database, file: string, steps = migrations): void {
  if (pragma(db, "application_id") !== applicationId) {
    throw new JournalError(
      "failed",
      `${file} is a database, but not one of okq: name another file`,
    );
  }
  const version = pragma(db, "user_version");
  if (version <= steps.length) return;
  const versions = `schema ${version}, this okq knows up to ${steps.length}`;
  const advice = "start a newer okq, or restore a backup that this version made";
  throw new JournalError("failed", `${file} was written by a newer okq (${versions}): ${advice}`);
}

/** Brings the tables up to date, all steps or none. */
export function updateSchema(db: Database, steps = migrations): void {
  const version = pragma(db, "user_version");
  if (version < steps.length) migrate(db, version, steps);
}

function migrate(db: Database, from: number, steps: readonly string[]): void {
  db.run("BEGIN IMMEDIATE");
  try {
    for (const step of steps.slice(from)) db.run(step);
    db.run(`PRAGMA user_version = ${steps.length}`);
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

/** All rows of a rare query. An open statement would keep the file open. */
export function valuesOf(db: Database, sql: string): unknown[][] {
  const statement = db.prepare(sql);
  try {
    return statement.values() as unknown[][];
  } finally {
    statement.finalize();
  }
}

/** The value of a pragma that is a number. */
export function pragma(db: Database, name: string): number {
  return (valuesOf(db, `PRAGMA ${name}`)[0]?.[0] as number | undefined) ?? 0;
}
