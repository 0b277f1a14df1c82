// The file of a journal: it appears only when it is complete, and only one process can open it.
//
// No other descriptor of the file itself may ever be opened in this process: closing one would
// take away SQLite's locks (POSIX fcntl). Its -wal file carries no locks.

import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { JournalError } from "../journal.ts";
import { belongingFiles, damagedText, explained } from "./explained.ts";
import { checkSchema, createSchema, updateSchema } from "./schema.ts";
import { walBytesKept } from "./wal-file.ts";
import { checkWalOrigin } from "./wal-mark.ts";

/** How long a start waits for a lock: its owner may only be reading, or about to end. */
const busyMsMax = 500;
const busyPauseMs = 20;

/** Opens the database; creates it and its folder if needed. Throws a JournalError. */
export function openDatabase(file: string): Database {
  try {
    if (!isThere(file)) create(file);
    const db = openExisting(file);
    // The database is there, so drafts that other processes are still making are of no use.
    removeDrafts(file);
    return db;
  } catch (error) {
    throw explained(error, file);
  }
}

/** Throws a JournalError when it is not there, foreign, newer, damaged or in use. */
export function openExisting(file: string): Database {
  const endsAtMs = performance.now() + busyMsMax;
  for (;;) {
    try {
      accessSync(file, constants.R_OK | constants.W_OK);
      checkIsFile(file);
      checkWalOrigin(file);
      return openLocked(file);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      // If two processes start at the same moment, SQLite may refuse both: one must try again.
      const isBusy = /^SQLITE_(BUSY|IOERR_DELETE_NOENT)/.test(code);
      if (!isBusy || performance.now() >= endsAtMs) throw explained(error, file);
      Bun.sleepSync(Math.random() * busyPauseMs);
    }
  }
}

/** Throws a JournalError. */
function checkIsFile(file: string): void {
  const found = statSync(file);
  if (found.isDirectory()) {
    const example = join(file, "okq.db");
    throw new JournalError("failed", `${file} is a folder: name a file in it, such as ${example}`);
  }
  if (found.size === 0) throw new JournalError("failed", damagedText(file, "it is empty"));
}

function openLocked(file: string): Database {
  const db = connect(file);
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    // With NORMAL a COMMIT does not sync the -wal: wal-file.ts does that, as --fsync demands.
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
    db.close();
    throw error;
  }
}

/** Keeps SQLite's temporary data in memory: a folder for it may be missing, full or read-only. */
function connect(file: string): Database {
  const db = new Database(file, { readwrite: true, create: false });
  db.run("PRAGMA temp_store = MEMORY");
  return db;
}

/** Throws a JournalError when only its -wal is there. */
function isThere(file: string): boolean {
  // In this order: another okq that starts makes the -wal last.
  const hasWal = existsSync(`${file}-wal`);
  if (existsSync(file)) return true;
  if (!hasWal) return false;
  throw new JournalError(
    "failed",
    `${file} is missing, but its ${file}-wal is there: put the database back, or, if nothing in ` +
      `it is needed, remove ${belongingFiles(file)}`,
  );
}

/** Creates it under another name, so that no process opens it before it is complete. */
function create(file: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let draft: string | undefined;
  try {
    draft = makeDraft(file);
    publish(draft, file);
  } catch (error) {
    // Another okq was faster, and has removed this draft.
    if (!existsSync(file)) throw error;
  } finally {
    if (draft) removeDraft(draft);
  }
  syncFolder(folder);
}

/**
 * A new database under a name of its own beside that file, until it is published or removed.
 * Throws a JournalError.
 */
export function makeDraft(file: string): string {
  const draft = draftName(file);
  try {
    closeSync(openSync(draft, "wx", 0o600));
    const db = connect(draft);
    try {
      createSchema(db);
      // Without it SQLite would make a journal of another kind, which two starts could both see.
      db.run("PRAGMA journal_mode = WAL");
    } finally {
      db.close();
    }
    return draft;
  } catch (error) {
    // Explained first: without the draft there may be room again.
    const failure = explained(error, file);
    removeDraft(draft);
    throw failure;
  }
}

/** A name of its own beside that file. */
export function draftName(file: string): string {
  return `${file}.new-${randomBytes(8).toString("hex")}`;
}

export function removeDraft(draft: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(draft + end, { force: true });
}

/**
 * Drafts of that file: those that killed processes left, and those of live processes. Of all
 * processes that make the same file only one can succeed; the others fail when they publish it.
 */
export function removeDrafts(file: string): void {
  const folder = dirname(file);
  const start = `${basename(file)}.new-`;
  for (const name of readdirSync(folder)) {
    const isDraft = name.startsWith(start) && draftEnd.test(name.slice(start.length));
    if (isDraft) rmSync(join(folder, name), { force: true });
  }
}

const draftEnd = /^[0-9a-f]{16}(-journal|-wal|-shm)?$/;

/** Gives a whole draft its name; throws EEXIST when something has that name already. */
export function publish(draft: string, file: string): void {
  try {
    // A rename would replace the new database of another process.
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
