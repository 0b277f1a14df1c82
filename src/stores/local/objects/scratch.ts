// The database of a journal in an object store, which may be lost at any time: a file that nobody
// else sees, because it has no name.

import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  read as readFile,
  rmSync,
  write as writeFile,
  writeFileSync,
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

export class Scratch {
  readonly folder: string;
  readonly #path: string;
  readonly #descriptor: number;
  /** SQLite reads nothing of the file before open(). */
  readonly #db: Database;
  #isClosed = false;

  /** Creates an empty file, which loses its name at once. Throws a JournalError. */
  constructor(folder: string) {
    this.folder = folder;
    this.#path = join(folder, `okq-scratch-${randomBytes(8).toString("hex")}`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#descriptor = openSync(this.#path, "wx+", 0o600);
      this.#db = new Database(this.#path, { readwrite: true, create: false });
      this.#unlink();
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
      const reading = readAt(this.#descriptor, bytes, done, count - done, at + done);
      // The number may belong to another file by now, or to none.
      const { bytesRead } = await reading.finally(() => this.#checkOpen());
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  /**
   * Opens what was written, or makes the tables of that version if nothing was. Throws a
   * JournalError. `url` is for messages.
   */
  open(schemaVersion: number, url: string): Database {
    const db = this.#db;
    this.#named(() => {
      const isNew = this.bytes === 0;
      db.run("PRAGMA temp_store = MEMORY");
      db.run("PRAGMA locking_mode = EXCLUSIVE");
      db.run("PRAGMA trusted_schema = OFF");
      db.run("PRAGMA synchronous = OFF");
      db.run(`PRAGMA cache_size = ${-cacheKiB}`);
      db.run("PRAGMA journal_mode = MEMORY");
      if (isNew) createSchema(db, migrations.slice(0, schemaVersion));
      checkSchema(db, url);
    });
    return db;
  }

  /** From now on checkpoints write the file, and nothing else does. Throws a JournalError. */
  useWal(walBytes = ALLOCATED_BYTES): void {
    const db = this.#db;
    this.#named(() => {
      db.run("PRAGMA wal_autocheckpoint = 0");
      db.run(`PRAGMA journal_size_limit = ${walBytesKept}`);
      db.run("PRAGMA journal_mode = WAL");
      // The first write creates the write-ahead file.
      db.run("UPDATE clock SET ms = ms");
      // On a full disk pops and acks go on: they need no more than this.
      const descriptor = openSync(`${this.#path}-wal`, "r+");
      allocate(descriptor, walBytes);
      closeSync(descriptor);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#db.close();
    closeSync(this.#descriptor);
    this.#unlink();
  }

  /** Any failure of it as one line that says what to do about it. */
  explained(error: unknown): JournalError {
    if (error instanceof JournalError) return error;
    const { reason } = explained(error, this.#path);
    const what = `the scratch database in ${this.folder} (--s3-scratch)`;
    if (reason === "full") return new JournalError("full", `no room on the disk of ${what}`);
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return new JournalError("failed", `${what}: it is not a folder`);
    return new JournalError("failed", `${what}: ${(error as Error).message}`);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw this.explained(new Error("it is closed"));
  }

  /** SQLite creates the write-ahead file only while there is a file of the database's name. */
  #named(work: () => void): void {
    try {
      writeFileSync(this.#path, "", { mode: 0o600, flag: "a" });
      work();
      this.#unlink();
    } catch (error) {
      throw this.explained(error);
    }
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
