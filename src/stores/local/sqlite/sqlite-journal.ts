// A journal in a SQLite database: one transaction per batch, one sync of the write-ahead file per
// transaction. It knows rows, files and chores as its parts, and nothing of operations.

import type { Database, Statement } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Changes } from "../changes.ts";
import {
  type Journal,
  JournalError,
  type LoadProgress,
  type Restoration,
  type StoredEvent,
} from "../journal.ts";
import { BackupCopy } from "./backup-copy.ts";
import { Chores } from "./chores.ts";
import { damagedText, explained, openDatabase, syncFolder } from "./database-file.ts";
import { EventRows } from "./event-rows.ts";
import { loadEvents } from "./load-events.ts";
import { PushGate } from "./push-gate.ts";
import { Reserve } from "./reserve.ts";
import { pragma, valuesOf } from "./schema.ts";
import { type Fsync, WalFile } from "./wal-file.ts";

const clockEveryMs = 1000;

export interface SqliteJournalOptions {
  file: string;
  fsync: Fsync;
  /** Told what a person should know: pushes refused and why, or accepted again (null). */
  onRefusal?: (reason: string | null) => void;
  /** A chore failed; it is tried again. */
  onFailure?: (error: Error) => void;
}

/** The file belongs to this process alone until it is closed. */
export class SqliteJournal implements Journal {
  readonly name = "sqlite";
  readonly isDurable = true;
  readonly #file: string;
  readonly #db: Database;
  readonly #fsync: Fsync;
  /** From when everything has been loaded: before that nothing is written. */
  #wal: WalFile | null = null;
  readonly #gate: PushGate;
  readonly #reserve: Reserve;
  readonly #rows: EventRows;
  readonly #chores: Chores;
  readonly #setClock: Statement;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #clockMs: number;
  #copy: BackupCopy | null = null;

  /** Makes the file and its folder if need be. Throws a JournalError with a line for a person. */
  constructor({ file, fsync, onRefusal, onFailure }: SqliteJournalOptions) {
    this.#file = resolve(file);
    this.#fsync = fsync;
    this.#db = openDatabase(this.#file);
    try {
      this.#rows = new EventRows(this.#db, "main");
      this.#clockMs = valuesOf(this.#db, "SELECT ms FROM clock")[0]![0] as number;
      this.#setClock = this.#db.prepare("UPDATE clock SET ms = ?");
      this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
      this.#commit = this.#db.prepare("COMMIT");
    } catch (error) {
      this.#db.close();
      throw explained(error, this.#file);
    }
    this.#reserve = new Reserve(this.#file);
    this.#gate = new PushGate(this.#file, (refusal) => {
      if (refusal === null) this.#reserve.hold();
      onRefusal?.(refusal);
    });
    this.#chores = new Chores(this.#db, this.#rows, (error) => onFailure?.(this.#noted(error)));
  }

  get clockMs(): number {
    return this.#clockMs;
  }

  async load(restoration: Restoration, onProgress: LoadProgress): Promise<void> {
    try {
      const flushed = await loadEvents(this.#db, restoration, onProgress);
      this.#startWriting();
      this.#chores.discard(flushed);
    } catch (error) {
      throw explained(error, this.#file);
    }
  }

  commit(changes: Changes, nowMs: number): void | Promise<void> {
    const clockMs = Math.floor(nowMs);
    const isClockDue = changes.isDemanded || clockMs >= this.#clockMs + clockEveryMs;
    let hasNew: boolean;
    try {
      this.#begin.run();
      hasNew = this.#rows.write(changes, true);
      if (isClockDue) this.#setClock.run(clockMs);
      this.#commit.run();
    } catch (error) {
      throw this.#rolledBack(error);
    }
    if (isClockDue) this.#clockMs = clockMs;
    this.#copy?.mirror(changes);
    for (const { keys } of changes.retired.values()) this.#chores.discard(keys);
    this.#chores.committed();
    return this.#sync(changes.touched.length + Number(changes.isDemanded), hasNew);
  }

  pushRefusal(): string | null {
    return this.#gate.refusal(this.#wal?.failure ?? null);
  }

  read(key: number): StoredEvent {
    return this.#reading(() => {
      const stored = this.#rows.read(key);
      if (stored) return stored;
      throw new JournalError("failed", damagedText(this.#file, `event ${key} is missing`));
    });
  }

  readRange(from: number, to: number): StoredEvent[] {
    return this.#reading(() => this.#rows.readRange(from, to));
  }

  async backup(file: string): Promise<void> {
    if (this.#copy) throw new JournalError("failed", "another backup is under way");
    try {
      if (existsSync(file)) throw new JournalError("failed", `${file} is there already`);
      this.#copy = new BackupCopy(this.#db, file);
      await this.#copy.done;
    } catch (error) {
      throw explained(error, file);
    } finally {
      this.#copy = null;
    }
  }

  describe(): [string, string | number][] {
    const pageBytes = pragma(this.#db, "page_size");
    return [
      ["file", this.#file],
      ["file_bytes", pragma(this.#db, "page_count") * pageBytes],
      ["file_free_bytes", pragma(this.#db, "freelist_count") * pageBytes],
      ["pushes_refused", this.pushRefusal() ?? "no"],
    ];
  }

  close(): void {
    this.#copy?.abort(new JournalError("failed", "okq ended before the backup was complete"));
    this.#chores.stop();
    this.#rows.finalize();
    for (const statement of [this.#setClock, this.#begin, this.#commit]) statement.finalize();
    this.#wal?.close();
    this.#reserve.release();
    this.#db.close();
  }

  /** Fails here, not at the first push, when the file cannot be written. */
  #startWriting(): void {
    this.#begin.run();
    this.#setClock.run(this.#clockMs);
    this.#commit.run();
    this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#wal = new WalFile(this.#file, this.#fsync);
    this.#reserve.hold();
    syncFolder(dirname(this.#file));
  }

  #sync(changeCount: number, hasNew: boolean): void | Promise<void> {
    let syncing: void | Promise<void>;
    try {
      syncing = this.#wal!.written(changeCount);
    } catch (error) {
      this.#unknown((error as Error).message);
    }
    if (!syncing) return this.#synced(hasNew);
    return syncing.then(
      () => this.#synced(hasNew),
      (error: Error) => this.#unknown(error.message),
    );
  }

  /** What came in would be gone with the file; what goes out may come again, no worse. */
  #synced(hasNew: boolean): void {
    if (hasNew && !this.#gate.isInPlace) this.#unknown("it was removed or replaced while in use");
  }

  #unknown(reason: string): never {
    throw new JournalError("unknown", `${this.#file}: ${reason}`);
  }

  #rolledBack(error: unknown): JournalError {
    // Some errors have ended the transaction already.
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    return this.#noted(error);
  }

  #noted(error: unknown): JournalError {
    const failure = explained(error, this.#file);
    if (failure.reason === "full") {
      this.#reserve.release();
      this.#gate.full();
    }
    return failure;
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw explained(error, this.#file);
    }
  }
}
