// The database of a journal in an object store, which may be lost at any time: a file that nobody
// else sees, because it has no name any more once it is open.

import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  read as readFile,
  readdirSync,
  rmSync,
  statSync,
  write as writeFile,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { JournalError } from "../journal.ts";
import { explained } from "../sqlite/explained.ts";
import { checkSchema, createSchema, migrations } from "../sqlite/schema.ts";
import { ALLOCATED_BYTES, allocate, walBytesKept } from "../sqlite/wal-file.ts";

const readAt = promisify(readFile);
const writeAt = promisify(writeFile);
const cacheKiB = 64 * 1024;
const RANDOM_BYTES = 8;
const NAME = /^okq-scratch-[0-9a-f]{16}(-wal)?$/;
/** A file has a name only while it is filled, and then it is written all the time. */
const ABANDONED_MS = 600_000;

export class Scratch {
  readonly folder: string;
  readonly #path: string;
  readonly #descriptor: number;
  #db: Database | null = null;
  #isClosed = false;

  /** Creates an empty file. Throws a JournalError. */
  constructor(folder: string) {
    this.folder = folder;
    this.#path = join(folder, `okq-scratch-${randomBytes(RANDOM_BYTES).toString("hex")}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      removeAbandoned(folder);
      this.#descriptor = openSync(this.#path, "wx+", 0o600);
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** The size of the file. */
  get bytes(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** Writes a part of the database before it is opened. Rejects with a JournalError. */
  async write(bytes: Uint8Array, at: number): Promise<void> {
    try {
      let done = 0;
      while (done < bytes.length) {
        const left = bytes.length - done;
        done += (await writeAt(this.#descriptor, bytes, done, left, at + done)).bytesWritten;
      }
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Reads a part of the file; less at its end. Rejects with a JournalError once it is closed. */
  async read(at: number, count: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(count);
    let done = 0;
    while (done < count) {
      this.#checkOpen();
      const { bytesRead } = await readAt(this.#descriptor, bytes, done, count - done, at + done);
      // The number may belong to another file by now.
      this.#checkOpen();
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  /**
   * Opens what was written, or makes the tables of that version if nothing was. Throws a
   * JournalError. A failed write may leave it damaged until protect(). `url` is for messages.
   */
  open(schemaVersion: number, url: string): Database {
    try {
      const isNew = this.bytes === 0;
      const db = new Database(this.#path, { readwrite: true, create: false });
      this.#db = db;
      db.run("PRAGMA temp_store = MEMORY");
      db.run("PRAGMA locking_mode = EXCLUSIVE");
      db.run("PRAGMA trusted_schema = OFF");
      db.run("PRAGMA synchronous = OFF");
      db.run(`PRAGMA cache_size = ${-cacheKiB}`);
      db.run("PRAGMA journal_mode = OFF");
      if (isNew) createSchema(db, migrations.slice(0, schemaVersion));
      checkSchema(db, url);
      return db;
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** From now on a failed transaction changes nothing. Throws a JournalError. */
  protect(db: Database, walBytes?: number): void {
    try {
      db.run("PRAGMA wal_autocheckpoint = 0");
      db.run(`PRAGMA journal_size_limit = ${walBytesKept}`);
      db.run("PRAGMA journal_mode = WAL");
      // The first write creates the write-ahead file.
      db.run("UPDATE clock SET ms = ms");
      this.#allocateWal(walBytes);
      this.#unlink();
    } catch (error) {
      throw this.explained(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#db?.close();
    closeSync(this.#descriptor);
    this.#unlink();
  }

  /** Any failure of it as one line that says what to do about it. */
  explained(error: unknown): JournalError {
    if (error instanceof JournalError) return error;
    const { reason } = explained(error, this.#path);
    const what = `the scratch database in ${this.folder} (--s3-scratch)`;
    if (reason === "full") return new JournalError("full", `no room on the disk of ${what}`);
    return new JournalError("failed", `${what}: ${(error as Error).message}`);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw this.explained(new Error("it is closed"));
  }

  /** On a full disk pops and acks go on: they need no more than this. */
  #allocateWal(bytes = ALLOCATED_BYTES): void {
    const descriptor = openSync(`${this.#path}-wal`, "r+");
    allocate(descriptor, bytes);
    closeSync(descriptor);
  }

  /** Where the system does not allow it yet, the file stays until it is closed. */
  #unlink(): void {
    try {
      for (const end of ["", "-wal"]) rmSync(this.#path + end, { force: true });
    } catch {
      // Closing tries again.
    }
  }
}

/** What okq processes left that were killed while they filled it. */
function removeAbandoned(folder: string): void {
  try {
    const names = readdirSync(folder).filter((name) => NAME.test(name));
    for (const name of names) removeIfAbandoned(join(folder, name));
  } catch {
    // They belong to another user, who removes them.
  }
}

function removeIfAbandoned(path: string): void {
  const written = statSync(path, { throwIfNoEntry: false });
  if (written && Date.now() - written.mtimeMs > ABANDONED_MS) rmSync(path, { force: true });
}
