// A journal in a SQLite database: one transaction per batch, one sync of the write-ahead file per
// transaction.

import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Changes } from "../changes.ts";
import { type Journal, JournalError, type LoadProgress, type Restoration } from "../journal.ts";
import { RecentFailure } from "../recent-failure.ts";
import type { StoredEvent } from "../stored-event.ts";
import { BackupCopy } from "./backup-copy.ts";
import { Chores } from "./chores.ts";
import { openDatabase, syncFolder } from "./database-file.ts";
import { damagedText, explained } from "./explained.ts";
import { Garbage } from "./garbage.ts";
import { JournalRows } from "./journal-rows.ts";
import { loadEvents } from "./load-events.ts";
import { MarkedCheckpoints } from "./marked-checkpoints.ts";
import { PushGate } from "./push-gate.ts";
import { realFile } from "./real-file.ts";
import { Reserve } from "./reserve.ts";
import { pragma } from "./schema.ts";
import { Statements } from "./statements.ts";
import { type Fsync, WalFile } from "./wal-file.ts";

export interface SqliteJournalOptions {
  file: string;
  fsync: Fsync;
  /** The size of the reserve: see reserve.ts. */
  reserveBytes?: number;
  /** The size that the write-ahead log has at least: see wal-file.ts. */
  walBytes?: number;
  /** Called when pushes begin to be refused, with the reason, and when that ends (null). */
  onRefusal?: (reason: string | null) => void;
  /** Called when a chore failed. It is tried again. */
  onFailure?: (error: Error) => void;
  /** Called when a batch or a read failed; once a minute at most for the same message. */
  onError?: (error: Error) => void;
}

/** The file belongs to this process alone until it is closed. */
export class SqliteJournal implements Journal {
  readonly name = "sqlite";
  readonly isDurable = true;
  readonly #file: string;
  readonly #db: Database;
  readonly #fsync: Fsync;
  readonly #walBytes: number | undefined;
  /** null until everything is loaded: before that nothing is written. */
  #wal: WalFile | null = null;
  readonly #gate: PushGate;
  readonly #reserve: Reserve;
  readonly #statements: Statements;
  readonly #rows: JournalRows;
  readonly #checkpoints: MarkedCheckpoints;
  readonly #garbage: Garbage;
  readonly #chores: Chores;
  readonly #onError: (error: Error) => void;
  readonly #failure = new RecentFailure();
  #copy: BackupCopy | null = null;

  /** Creates the file and its folder if needed. Throws a JournalError of one line. */
  constructor(options: SqliteJournalOptions) {
    const { file, fsync, reserveBytes, walBytes, onRefusal, onFailure, onError } = options;
    this.#file = realFile(file);
    this.#walBytes = walBytes;
    this.#fsync = fsync;
    this.#onError = onError ?? (() => {});
    this.#reserve = new Reserve(this.#file, reserveBytes);
    this.#db = this.#reserve.withReserve(() => openDatabase(this.#file));
    try {
      this.#statements = new Statements(this.#db);
      const damaged = (message: string) =>
        new JournalError("failed", damagedText(this.#file, message));
      this.#rows = new JournalRows(this.#db, this.#statements, damaged);
      this.#checkpoints = new MarkedCheckpoints(this.#db);
    } catch (error) {
      this.#db.close();
      throw explained(error, this.#file);
    }
    this.#gate = new PushGate(this.#file, this.#reserve, (refusal) => {
      if (this.#gate.findsWalMissing()) this.#saveWal();
      onRefusal?.(refusal);
    });
    this.#garbage = new Garbage(this.#db, this.#rows.events);
    const onChoreFailure = (error: Error) => onFailure?.(this.#noted(error));
    this.#chores = new Chores(this.#db, this.#garbage, this.#checkpoints, onChoreFailure);
  }

  get clockMs(): number {
    return this.#rows.clockMs;
  }

  async load(restoration: Restoration, onProgress: LoadProgress): Promise<void> {
    try {
      this.#garbage.add(await loadEvents(this.#db, restoration, onProgress));
      this.#reserve.withReserve(() => this.#startWriting());
      this.#reserve.create();
      this.#chores.collect();
    } catch (error) {
      throw explained(error, this.#file);
    }
  }

  commit(changes: Changes, nowMs: number): void | Promise<void> {
    const hasRoom = changes.turns.length === 0 || this.#gate.check() === null;
    let hasNew: boolean;
    try {
      hasNew = this.#rows.write(changes, hasRoom);
      this.#rows.writeClock(changes, nowMs);
      this.#rows.commit();
    } catch (error) {
      throw this.#rolledBack(error);
    }
    this.#copy?.mirror(changes);
    this.#garbage.addOf(changes);
    this.#chores.committed();
    const changed = changes.touched.length + changes.sets.length;
    return this.#sync(changed + Number(changes.isDemanded), hasNew);
  }

  pushRefusal(): string | null {
    return this.#gate.check();
  }

  recentFailure(): string | null {
    return this.#failure.message;
  }

  read(key: number): StoredEvent {
    return this.#reading(() => this.#rows.read(key));
  }

  readRange(from: number, to: number): StoredEvent[] {
    return this.#reading(() => this.#rows.readRange(from, to));
  }

  readThen(counter: number): string | Buffer {
    return this.#reading(() => this.#rows.readThen(counter));
  }

  async backup(file: string): Promise<void> {
    if (this.#copy) throw new JournalError("failed", "another backup is under way");
    const isThere = new JournalError("failed", `${file} is there already`);
    try {
      if (existsSync(file)) throw isThere;
      this.#copy = new BackupCopy(this.#db, file);
      await this.#copy.done;
    } catch (error) {
      // A link that leads nowhere counts too, and a file that was created in the meantime.
      const { code } = error as NodeJS.ErrnoException;
      throw code === "EEXIST" ? isThere : explained(error, file);
    } finally {
      this.#copy = null;
    }
  }

  describe(): [string, string | number][] {
    const pageBytes = pragma(this.#db, "page_size");
    return [
      ["fsync", this.#fsync],
      ["file", this.#file],
      ["file_bytes", pragma(this.#db, "page_count") * pageBytes],
      ["file_free_bytes", pragma(this.#db, "freelist_count") * pageBytes],
      ["pushes_refused", this.pushRefusal() ?? "no"],
    ];
  }

  close(): void {
    this.#copy?.abort(new JournalError("failed", "okq ended before the backup was complete"));
    this.#chores.stop();
    this.#gate.close();
    this.#statements.finalize();
    this.#wal?.close();
    this.#db.close();
  }

  /** Fails here, not at the first push, when the file cannot be written. */
  #startWriting(): void {
    try {
      this.#checkpoints.mark.renew();
      this.#rows.rewriteClock();
      // From here on an earlier copy of the database does not match the -wal.
      this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      this.#checkpoints.mark.renew();
      syncFolder(dirname(this.#file));
      const wal = new WalFile(this.#file, this.#fsync, this.#walBytes);
      this.#wal = wal;
      this.#gate.watchWal(wal.watched, () => wal.failure);
    } catch (error) {
      throw explained(error, this.#file);
    }
  }

  #sync(changeCount: number, hasNew: boolean): void | Promise<void> {
    let syncing: void | Promise<void>;
    try {
      syncing = this.#wal!.makeDurable(changeCount);
    } catch (error) {
      this.#unknown(`${this.#file}: ${(error as Error).message}`);
    }
    if (!syncing) return this.#synced(hasNew);
    return syncing.then(
      () => this.#synced(hasNew),
      (error: Error) => this.#unknown(`${this.#file}: ${error.message}`),
    );
  }

  /** Without the files, pushes would be lost, but pops and acks only undone. */
  #synced(hasNew: boolean): void {
    if (hasNew && !this.#gate.checkFiles()) this.#unknown(this.#gate.check() ?? "");
  }

  #unknown(reason: string): never {
    throw new JournalError("unknown", reason);
  }

  /** The -wal was removed: a kill would lose changes that only the open file has. */
  #saveWal(): void {
    try {
      this.#chores.checkpoint();
    } catch (error) {
      this.#failed(explained(error, this.#file));
    }
  }

  #rolledBack(error: unknown): JournalError {
    this.#rows.rollBack();
    return this.#failed(this.#noted(error));
  }

  /** Notes a failure, except for a full disk, which the push gate handles. */
  #failed(failure: JournalError): JournalError {
    if (failure.reason === "full") return failure;
    if (this.#failure.note(failure.message)) this.#onError(failure);
    return failure;
  }

  #noted(error: unknown): JournalError {
    const failure = explained(error, this.#file);
    if (failure.reason === "full") {
      this.#reserve.release();
      this.#gate.noteFull();
    }
    return failure;
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#failed(explained(error, this.#file));
    }
  }
}
