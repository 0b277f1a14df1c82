// Tells whether a -wal file belongs to its database. SQLite cannot: it would write an old -wal over
// a backup that was copied into the database's place.
//
// The table mark has one row with two random ids. The first write into each -wal renews it, and so
// does the last one before a checkpoint: the id becomes the previous one. A checkpoint brings the
// last id into the database:
//
//   database         b              d              d
//   first in -wal    c, after b     c, after b     e, after d
//   last in -wal     d, after c     d, after c
//                          checkpoint     next write
//
// So the id in the database is always one of the ids in its -wal, or the one before the first. An
// older copy of that -wal has none of these.

import { constants, Database, type Statement } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { JournalError } from "../journal.ts";
import { foreignWalText } from "./explained.ts";

/** Has a fixed length and ends its page, because its row is the only one in the table. */
const form = /okq-wal:([0-9a-f]{16}):([0-9a-f]{16})$/;
const markBytes = 41;
const walHeaderBytes = 32;
const frameHeaderBytes = 24;
const pageBytesMax = 65_536;
/** Attempts, because another okq may be writing both files at this moment. */
const looks = 3;

interface Mark {
  id: string;
  previous: string;
}

/** Renews the mark of an open database. */
export class WalMark {
  readonly #renew: Statement;

  constructor(db: Database) {
    this.#renew = db.prepare(
      "UPDATE mark SET text = 'okq-wal:' || ? || ':' || substr(text, 9, 16)",
    );
  }

  /**
   * Call it right before a checkpoint, and right after it, before anything else is written.
   */
  renew(): void {
    this.#renew.run(randomBytes(8).toString("hex"));
  }

  finalize(): void {
    this.#renew.finalize();
  }
}

/**
 * Throws a JournalError when the database and its -wal are of different origin. Changes nothing,
 * takes no lock, and lets databases pass that an okq without marks has written.
 */
export function checkWalOrigin(file: string): void {
  for (let look = 1; !isOfOneOrigin(file); look++) {
    if (look === looks) throw new JournalError("failed", foreignWalText(file));
  }
}

function isOfOneOrigin(file: string): boolean {
  const [first, ...rest] = marksInWal(`${file}-wal`);
  if (!first) return true;
  const known = [first.previous, first.id, ...rest.map(({ id }) => id)];
  const id = idInDatabase(file);
  return id === "unreadable" || known.includes(id);
}

/** Without its -wal, and without a lock. */
function idInDatabase(file: string): string {
  const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
  let db: Database | undefined;
  try {
    db = new Database(`${pathToFileURL(file)}?immutable=1`, flags);
    const [row] = db.query("SELECT text FROM mark").values() as [string][];
    return form.exec(row?.[0] ?? "")?.[1] ?? "none";
  } catch (error) {
    // Opening it reports the damage.
    return /no such table/.test((error as Error).message) ? "none" : "unreadable";
  } finally {
    db?.close();
  }
}

/** In the order in which they were written; none when the -wal does not begin with one. */
function marksInWal(wal: string): Mark[] {
  const marks: Mark[] = [];
  let descriptor: number | undefined;
  try {
    descriptor = openSync(wal, "r");
    const header = bytesAt(descriptor, 0, walHeaderBytes);
    const pageBytes = header.readUInt32BE(8);
    if (pageBytes < markBytes || pageBytes > pageBytesMax) return marks;
    const salts = header.subarray(16, 24);
    let markPage: number | null = null;
    for (let at = walHeaderBytes; ; at += frameHeaderBytes + pageBytes) {
      const frame = bytesAt(descriptor, at, frameHeaderBytes);
      if (!frame.subarray(8, 16).equals(salts)) return marks;
      const page = frame.readUInt32BE(0);
      markPage ??= page;
      if (page !== markPage) continue;
      const mark = markIn(bytesAt(descriptor, at + frameHeaderBytes, pageBytes));
      if (!mark) return marks;
      marks.push(mark);
    }
  } catch (error) {
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code === "ENOENT") {
      return marks;
    }
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function markIn(page: Buffer): Mark | null {
  const [, id, previous] = form.exec(page.toString("latin1", page.length - markBytes)) ?? [];
  return id && previous ? { id, previous } : null;
}

/** Throws a RangeError after the end of the file. */
function bytesAt(descriptor: number, at: number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const read = readSync(descriptor, bytes, 0, count, at);
  if (read < count) throw new RangeError("the file ends here");
  return bytes;
}
