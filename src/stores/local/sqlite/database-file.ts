// A journal's file: made without ever being half there, opened by one process alone, and its
// troubles in words for a person. It knows no tables.
//
// No other descriptor of the file itself may ever be opened in this process: closing one would
// take away SQLite's locks (POSIX fcntl). Its -wal file carries no locks.

import { Database, SQLiteError } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { JournalError } from "../journal.ts";
import { checkSchema, createSchema, updateSchema } from "./schema.ts";

/** At the most, between its checkpoints; a single batch may exceed it for a moment. */
export const walBytesKept = 16 * 1024 * 1024;

/** The database in that file, made with its folder if it is not there. Throws a JournalError. */
export function openDatabase(file: string): Database {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found) create(file);
    else if (found.size === 0) throw new JournalError("failed", damagedText(file, "it is empty"));
    return openExisting(file);
  } catch (error) {
    throw explained(error, file);
  }
}

/** Throws a JournalError when it is not there, foreign, newer, damaged or in use. */
export function openExisting(file: string): Database {
  let db: Database | undefined;
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    db = new Database(file, { readwrite: true, create: false });
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA wal_autocheckpoint = 0");
    db.run(`PRAGMA journal_size_limit = ${walBytesKept}`);
    db.run("PRAGMA cache_size = -16384");
    // Nothing is written into a file that is not ours. The first access takes the lock, and
    // recovers what a killed process left.
    checkSchema(db, file);
    db.run("PRAGMA journal_mode = WAL");
    updateSchema(db);
    return db;
  } catch (error) {
    db?.close();
    throw explained(error, file);
  }
}

/** Under another name until it is whole, so that a half-made file is never taken for a database. */
function create(file: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(`${file}-wal`)) {
    const advice = "put the database back, or remove that file if nothing in it is needed";
    throw new JournalError("failed", `${file} is missing, but its ${file}-wal is there: ${advice}`);
  }
  const draft = `${file}.new-${process.pid}`;
  rmSync(draft, { force: true });
  try {
    closeSync(openSync(draft, "wx", 0o600));
    const db = new Database(draft, { readwrite: true, create: false });
    try {
      createSchema(db);
    } finally {
      db.close();
    }
    publish(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    for (const end of ["", "-journal", "-wal"]) rmSync(draft + end, { force: true });
  }
  syncFolder(folder);
}

/** Gives a whole draft its name; throws EEXIST when something has that name already. */
export function publish(draft: string, file: string): void {
  try {
    // A rename would put another process's new database out of the way.
    linkSync(draft, file);
    rmSync(draft);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const hasNoLinks = ["EPERM", "ENOTSUP", "ENOSYS", "EMLINK"].includes(code);
    if (!hasNoLinks || existsSync(file)) throw error;
    renameSync(draft, file);
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Whatever went wrong with a database, as one line that says what to do. */
export function explained(error: unknown, file: string): JournalError {
  if (error instanceof JournalError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (!(error instanceof SQLiteError)) {
    if (code === "EROFS" || code === "EACCES") {
      return new JournalError("failed", cannotWriteText(file));
    }
    return new JournalError(code === "ENOSPC" ? "full" : "failed", `${file}: ${message}`);
  }
  const kind = /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;
  const explain = explanations[kind];
  const text = explain ? explain(file, message) : `${file}: ${message} (${code})`;
  return new JournalError(kind === "SQLITE_FULL" ? "full" : "failed", text);
}

const explanations: Record<string, (file: string, message: string) => string> = {
  SQLITE_BUSY: (file) =>
    `${file} is in use by another process: a database belongs to one okq at a time, ` +
    "several okq on the same queues need Redis (--redis-addr)",
  SQLITE_FULL: (file) => `no room on the disk of ${file}`,
  SQLITE_READONLY: cannotWriteText,
  SQLITE_CANTOPEN: (file, message) => `${file} cannot be opened: ${message}`,
  SQLITE_CORRUPT: damagedText,
  SQLITE_NOTADB: damagedText,
};

function cannotWriteText(file: string): string {
  return `${file} cannot be written: check its owner and mode, and whether its disk is read-only`;
}

/** Nothing is ever repaired or emptied unasked. */
export function damagedText(file: string, message: string): string {
  return (
    `${file} is damaged (${message}) and was left as it is: restore a copy that okq backup made, ` +
    "or move it away to start with empty queues"
  );
}
