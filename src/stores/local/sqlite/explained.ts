// Explains failures of a database and its files in one line, with advice.

import { SQLiteError } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { JournalError } from "../journal.ts";

/** The files that belong to a database, for advice that has to name all of them. */
export function belongingFiles(file: string): string {
  return `${file}-wal, ${file}-shm, ${file}-journal and ${file}-reserve`;
}

/** Any failure of a database as one line that says what to do about it. */
export function explained(error: unknown, file: string): JournalError {
  if (error instanceof JournalError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  const kind = error instanceof SQLiteError ? (/^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code) : code;
  const isMaybeFull = ["ENOSPC", "SQLITE_FULL", "SQLITE_CANTOPEN"].includes(kind);
  if (isMaybeFull && hasNoInodes(file)) return new JournalError("full", noInodesText(file));
  const explain = explanations[kind];
  const text = explain ? explain(file, message) : `${file}: ${message}`;
  const withCode = error instanceof SQLiteError && !explain ? `${text} (${code})` : text;
  const isFull = kind === "SQLITE_FULL" || kind === "ENOSPC";
  return new JournalError(isFull ? "full" : "failed", withCode);
}

const explanations: Record<string, (file: string, message: string) => string> = {
  SQLITE_BUSY: (file) =>
    `${file} is in use by another process: stop that one first. A database belongs to one okq ` +
    "at a time; several okq processes with the same queues need Redis (--redis-addr)",
  SQLITE_FULL: noRoomText,
  SQLITE_READONLY: cannotWriteText,
  SQLITE_CANTOPEN: (file, message) => `${file} cannot be opened: ${message}`,
  SQLITE_CORRUPT: damagedText,
  SQLITE_NOTADB: damagedText,
  ENOSPC: noRoomText,
  EROFS: cannotWriteText,
  EACCES: cannotWriteText,
};

function noRoomText(file: string): string {
  return `no room on the disk of ${file}`;
}

function noInodesText(file: string): string {
  return (
    `the disk of ${file} takes no more files, even if it has room: it has no inodes left. ` +
    "Remove some files there (df -i shows how many it can have)"
  );
}

function hasNoInodes(file: string): boolean {
  try {
    const { files, ffree } = statfsSync(dirname(file));
    // Some file systems do not count inodes and report 0 of 0.
    return files > 0 && ffree === 0;
  } catch {
    return false;
  }
}

function cannotWriteText(file: string): string {
  return `${file} cannot be written: check its owner and mode, and whether its disk is read-only`;
}

/** okq never repairs or empties a database by itself. */
export function damagedText(file: string, message: string): string {
  return (
    `${file} is damaged (${message}) and was left as it is: restore a copy that okq backup made, ` +
    `or start with empty queues, in both cases after moving it away with ${belongingFiles(file)}`
  );
}

/** The database may be fine: only the -wal must not be used with it. */
export function foreignWalText(file: string): string {
  return (
    `${file}-wal does not belong to ${file}, perhaps a backup was copied beside an old -wal: ` +
    "to start with the database as it is now, make sure that no okq uses it and remove " +
    belongingFiles(file)
  );
}
