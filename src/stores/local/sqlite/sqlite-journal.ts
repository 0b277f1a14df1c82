// A journal in a SQLite database: one transaction per batch, one sync of the write-ahead file per
// transaction.

import type { Database, Statement } from "bun:sqlite";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Changes } from "../changes.ts";
import { type Journal, JournalError, type LoadProgress, type Restoration } from "../journal.ts";
import type { StoredEvent } from "../stored-event.ts";
import { BackupCopy } from "./backup-copy.ts";
import { Chores } from "./chores.ts";
import { openDatabase, syncFolder } from "./database-file.ts";
import { CronRows } from "./cron-rows.ts";
import { EventRows } from "./event-rows.ts";
import { damagedText, explained } from "./explained.ts";
import { loadEvents } from "./load-events.ts";
import { PushGate } from "./push-gate.ts";
import { realFile } from "./real-file.ts";
import { Reserve } from "./reserve.ts";
import { pragma, valuesOf } from "./schema.ts";
import { encodeSettings } from "../queue-facts.ts";
import { SetRows } from "./set-rows.ts";
import { TurnRows } from "./turn-rows.ts";
import { type Fsync, WalFile } from "./wal-file.ts";
import { WalMark } from "./wal-mark.ts";

const clockEveryMs = 1000;
/** The time of tokens and made ids is written so far ahead, so that few batches write it. */
const countedAheadMs = 1000;
/** How long the journal counts as unhealthy after a failure, even if it works again. */
const failureMs = 60_000;

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
  readonly #rows: EventRows;
  readonly #crons: CronRows;
  readonly #sets: SetRows;
  readonly #turns: TurnRows;
  readonly #mark: WalMark;
  readonly #onError: (error: Error) => void;
  readonly #chores: Chores;
  readonly #setClock: Statement;
  readonly #setCounted: Statement;
  readonly #setDefaults: Statement;
  readonly #begin: Statement;
  readonly #commit: Statement;
  #clockMs: number;
  #countedMs: number;
  #copy: BackupCopy | null = null;
  #failure: { message: string; atMs: number } | null = null;

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
      this.#mark = new WalMark(this.#db);
      this.#rows = new EventRows(this.#db, "main");
      this.#crons = new CronRows(this.#db);
      this.#sets = new SetRows(this.#db, "main");
      this.#turns = new TurnRows(this.#db);
      const [clock] = valuesOf(this.#db, "SELECT ms, counted FROM clock") as [number, number][];
      [this.#clockMs, this.#countedMs] = clock!;
      this.#setClock = this.#db.prepare("UPDATE clock SET ms = ?");
      this.#setCounted = this.#db.prepare("UPDATE clock SET counted = ?");
      this.#setDefaults = this.#db.prepare("UPDATE clock SET defaults = ?");
      this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
      this.#commit = this.#db.prepare("COMMIT");
    } catch (error) {
      this.#db.close();
      throw explained(error, this.#file);
    }
    this.#gate = new PushGate(this.#file, this.#reserve, (refusal) => {
      if (this.#gate.findsWalMissing()) this.#saveWal();
      onRefusal?.(refusal);
    });
    const onChoreFailure = (error: Error) => onFailure?.(this.#noted(error));
    this.#chores = new Chores(this.#db, this.#rows, this.#mark, onChoreFailure);
  }

  get clockMs(): number {
    return this.#clockMs;
  }

  async load(restoration: Restoration, onProgress: LoadProgress): Promise<void> {
    try {
      const gone = await loadEvents(this.#db, restoration, onProgress);
      this.#reserve.withReserve(() => this.#startWriting());
      this.#reserve.create();
      this.#chores.discard(gone.flushed);
      for (const number of gone.goneCounters) this.#chores.discardMembers(number);
      for (const number of gone.flushedQueues) this.#chores.discardWindows(number, Infinity);
    } catch (error) {
      throw explained(error, this.#file);
    }
  }

  commit(changes: Changes, nowMs: number): void | Promise<void> {
    const clockMs = Math.floor(nowMs);
    const isClockDue = changes.isDemanded || clockMs >= this.#clockMs + clockEveryMs;
    const countedMs = changes.countedMs > this.#countedMs ? changes.countedMs + countedAheadMs : 0;
    const hasRoom = changes.turns.length === 0 || this.#gate.check() === null;
    let hasNew: boolean;
    try {
      this.#begin.run();
      hasNew = this.#rows.write(changes, true);
      hasNew = this.#sets.write(changes) || hasNew;
      this.#crons.write(changes);
      this.#turns.write(changes, hasRoom);
      if (isClockDue) this.#setClock.run(clockMs);
      if (countedMs > 0) this.#setCounted.run(countedMs);
      if (changes.defaults) this.#setDefaults.run(encodeSettings(changes.defaults));
      this.#commit.run();
    } catch (error) {
      throw this.#rolledBack(error);
    }
    if (isClockDue) this.#clockMs = clockMs;
    if (countedMs > 0) this.#countedMs = countedMs;
    this.#copy?.mirror(changes);
    for (const { number, keys } of changes.retired.values()) {
      this.#chores.discard(keys);
      this.#chores.discardWindows(number, Infinity);
    }
    for (const [number, beforeMs] of changes.windowsEnded) {
      this.#chores.discardWindows(number, beforeMs);
    }
    for (const { kind, counter } of changes.counters) {
      if (kind === "drop") this.#chores.discardMembers(counter.number);
    }
    this.#chores.committed();
    const changed = changes.touched.length + changes.sets.length;
    return this.#sync(changed + Number(changes.isDemanded), hasNew);
  }

  pushRefusal(): string | null {
    return this.#gate.check();
  }

  recentFailure(): string | null {
    if (this.#failure && performance.now() - this.#failure.atMs > failureMs) this.#failure = null;
    return this.#failure?.message ?? null;
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

  readThen(counter: number): string | Buffer {
    return this.#reading(() => {
      const contents = this.#rows.readThen(counter);
      if (contents !== undefined) return contents;
      const what = `the event of counter ${counter} is missing`;
      throw new JournalError("failed", damagedText(this.#file, what));
    });
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
    this.#rows.finalize();
    this.#crons.finalize();
    this.#sets.finalize();
    this.#turns.finalize();
    this.#mark.finalize();
    for (const statement of [this.#setClock, this.#setCounted, this.#setDefaults]) {
      statement.finalize();
    }
    for (const statement of [this.#begin, this.#commit]) statement.finalize();
    this.#wal?.close();
    this.#db.close();
  }

  /** Fails here, not at the first push, when the file cannot be written. */
  #startWriting(): void {
    try {
      this.#mark.renew();
      this.#setClock.run(this.#clockMs);
      // From here on an earlier copy of the database does not match the -wal.
      this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      this.#mark.renew();
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
    // Some errors end the transaction by themselves.
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    return this.#failed(this.#noted(error));
  }

  /** Notes a failure, except for a full disk, which the push gate handles. */
  #failed(failure: JournalError): JournalError {
    if (failure.reason === "full") return failure;
    if (this.recentFailure() !== failure.message) this.#onError(failure);
    this.#failure = { message: failure.message, atMs: performance.now() };
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
