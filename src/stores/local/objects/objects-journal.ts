// A journal in a bucket: each commit is one object of the log, which has the statements that
// changed the rows of a scratch database. A transaction of the scratch stays open until its object
// is there.

import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import type { Clock } from "../../../queue/clock.ts";
import type { Bucket } from "../../../s3/bucket.ts";
import type { Changes } from "../changes.ts";
import {
  type Awaited,
  type Journal,
  JournalError,
  type LoadProgress,
  type Restoration,
} from "../journal.ts";
import { RecentFailure } from "../recent-failure.ts";
import type { StoredEvent } from "../stored-event.ts";
import { Chores } from "../sqlite/chores.ts";
import { DiskRoom } from "../sqlite/disk-room.ts";
import { explained } from "../sqlite/explained.ts";
import { Garbage } from "../sqlite/garbage.ts";
import { loadEvents } from "../sqlite/load-events.ts";
import { migrations, pragma, updateSchema } from "../sqlite/schema.ts";
import { AppendError } from "./append-error.ts";
import { copyInto } from "./backup-file.ts";
import { Collecting } from "./collecting.ts";
import { Compaction, type CompactionLimits, defaultLimits } from "./compaction.ts";
import { HeldCheckpoints, type Hold } from "./held-checkpoints.ts";
import { KeptRecordings } from "./kept-recordings.ts";
import { loadScratch } from "./load-scratch.ts";
import { ObjectReader } from "./object-reader.ts";
import { RecordedRows } from "./recorded-rows.ts";
import { Scratch } from "./scratch.ts";
import type { Logged } from "./segments.ts";
import type { Tenure } from "./tenure.ts";

export interface ObjectsJournalOptions {
  tenure: Tenure;
  bucket: Bucket;
  clock: Clock;
  /** For the scratch database. */
  scratchFolder: string;
  /** The size that the write-ahead file of the scratch database has at least. */
  walBytes?: number;
  /** From the start of one append to the start of the next. */
  minIntervalMs?: number;
  limits?: Partial<CompactionLimits>;
  /** Called when pushes begin to be refused, with the reason, and when that ends (null). */
  onRefusal?: (reason: string | null) => void;
  /** Called when work in the background failed. It is tried again. */
  onFailure?: (error: Error) => void;
  /** Called when a batch or a read failed; once a minute at most for the same message. */
  onError?: (error: Error) => void;
  /** Called when a write to the log succeeds, and the last one had failed. */
  onRecovery?: () => void;
}

interface Opened {
  scratch: Scratch;
  db: Database;
  kept: KeptRecordings;
  limits: CompactionLimits;
}

const repeatMs = 100;
/** The room that is kept on the disk is enough for a recording of that size. */
const smallBytesMax = 4 * 1024 * 1024;

/** Serves as long as its tenure lasts. The caller releases the tenure after close(). */
export class ObjectsJournal implements Journal {
  readonly name = "objects";
  readonly isDurable = true;
  readonly #options: ObjectsJournalOptions;
  readonly #scratch: Scratch;
  readonly #db: Database;
  readonly #recorded: RecordedRows;
  readonly #checkpoints: HeldCheckpoints;
  readonly #garbage: Garbage;
  readonly #chores: Chores;
  readonly #compaction: Compaction;
  readonly #room: DiskRoom;
  readonly #collecting: Collecting;
  /** Of the scratch database. */
  readonly #failure = new RecentFailure();
  /** Of a write to the log. */
  readonly #appendFailure = new RecentFailure();
  #refusal: string | null = null;
  #isAppending = false;
  /** The last append may be there, or come still. */
  #isUnsettled = false;
  #isFenced = false;
  #isClosed = false;
  /** To be done when no transaction is open. */
  readonly #waiting: (() => void)[] = [];
  #puts = 0;
  #putBytes = 0;

  /**
   * Downloads everything. Rejects with a JournalError or AppendError, a BucketError, or a
   * DamageError; each has a message of one line.
   */
  static async open(options: ObjectsJournalOptions): Promise<ObjectsJournal> {
    const { bucket, clock, tenure: source, scratchFolder } = options;
    const scratch = new Scratch(scratchFolder);
    try {
      const limits = { ...defaultLimits, ...options.limits };
      const kept = new KeptRecordings(limits.keptBytes);
      const reader = new ObjectReader(bucket, clock);
      const onTail = (logged: Logged) => kept.add(logged);
      const db = await loadScratch({ scratch, reader, source, onTail });
      const isOld = pragma(db, "user_version") < migrations.length;
      updateSchema(db);
      scratch.useWal(options.walBytes);
      const journal = new ObjectsJournal(options, { scratch, db, kept, limits });
      // What is recorded from now on is for the new tables.
      if (isOld) await journal.#compaction.snapshotNow();
      return journal;
    } catch (error) {
      scratch.close();
      throw error;
    }
  }

  private constructor(options: ObjectsJournalOptions, { scratch, db, kept, limits }: Opened) {
    const { tenure, bucket, clock, minIntervalMs = 0 } = options;
    this.#options = options;
    this.#scratch = scratch;
    this.#db = db;
    this.#room = new DiskRoom(scratch.folder, `${scratch.folder} (--s3-scratch)`);
    this.#collecting = new Collecting(clock, minIntervalMs);
    this.#recorded = new RecordedRows(db, (message) => scratch.explained(new Error(message)));
    this.#checkpoints = new HeldCheckpoints(db);
    this.#garbage = new Garbage(db, this.#recorded.rows.events);
    const onFailure = (error: Error) => options.onFailure?.(this.#noted(error));
    this.#chores = new Chores(db, this.#garbage, this.#checkpoints, onFailure);
    this.#compaction = new Compaction({
      tenure,
      bucket,
      clock,
      scratch,
      checkpoints: this.#checkpoints,
      kept,
      limits,
      hasRoom: () => this.#refusal === null,
      onFailure: (error) => options.onFailure?.(error),
    });
    void tenure.fenced.then(() => (this.#isFenced = true));
  }

  get clockMs(): number {
    return this.#recorded.rows.clockMs;
  }

  async load(restoration: Restoration, onProgress: LoadProgress): Promise<void> {
    try {
      this.#garbage.add(await loadEvents(this.#db, restoration, onProgress));
    } catch (error) {
      throw this.#scratch.explained(error);
    }
    this.#chores.collect();
    this.#compaction.run();
  }

  commitDelayMs(awaited: Awaited): number {
    return this.#collecting.delayMs(awaited);
  }

  confirm(): void | Promise<void> {
    try {
      return this.#options.tenure.confirm()?.catch((error: Error) => this.#unavailable(error));
    } catch (error) {
      this.#unavailable(error as Error);
    }
  }

  commit(changes: Changes, nowMs: number): void | Promise<void> {
    let recording: Buffer | null;
    try {
      const hasRoom = changes.turns.length === 0 || this.pushRefusal() === null;
      recording = this.#recorded.record(changes, nowMs, hasRoom);
      if (recording === null) this.#recorded.commit();
    } catch (error) {
      this.#recorded.undo();
      throw this.#failed(this.#noted(error));
    }
    if (recording !== null) {
      this.#checkRoomFor(recording);
      return this.#append(recording, changes);
    }
    // Only garbage came, which needs no object. If this okq may not serve, it is undone.
    const confirming = this.confirm();
    if (confirming) return confirming.then(() => this.#committed(changes));
    this.#committed(changes);
  }

  pushRefusal(): string | null {
    const refusal = this.#room.refusal();
    if (refusal !== null && this.#refusal === null) this.#useLastRoom();
    return this.#refuse(refusal);
  }

  recentFailure(): string | null {
    return this.#appendFailure.message ?? this.#failure.message;
  }

  read(key: number): StoredEvent {
    return this.#reading(() => this.#recorded.rows.read(key));
  }

  readRange(from: number, to: number): StoredEvent[] {
    return this.#reading(() => this.#recorded.rows.readRange(from, to));
  }

  readThen(counter: number): string | Buffer {
    return this.#reading(() => this.#recorded.rows.readThen(counter));
  }

  /** The copy has everything that was committed when it begins. */
  async backup(file: string): Promise<void> {
    const isThere = new JournalError("failed", `${file} is there already`);
    if (existsSync(file)) throw isThere;
    while (this.#isAppending || this.#checkpoints.isHeld) {
      await this.#checkpoints.released();
      if (this.#isAppending) await new Promise<void>((done) => void this.#waiting.push(done));
    }
    let hold: Hold | null = null;
    try {
      hold = this.#checkpoints.hold();
      await copyInto(this.#scratch, hold, file);
    } catch (error) {
      if (this.#isClosed) {
        throw new JournalError("failed", "okq stopped serving before the backup was complete");
      }
      const { code } = error as NodeJS.ErrnoException;
      throw code === "EEXIST" ? isThere : explained(error, file);
    } finally {
      hold?.end();
    }
  }

  describe(): [string, string | number][] {
    const { tenure, bucket } = this.#options;
    return [
      ["bucket", bucket.url],
      ["log_seq", tenure.next - 1],
      ["puts", this.#puts],
      ["put_bytes", this.#putBytes],
      ["last_put_ms", Math.round(this.#collecting.lastMs)],
      ...this.#compaction.describe(),
      ["scratch_folder", this.#scratch.folder],
      ["scratch_bytes", this.#scratch.bytes],
      ["pushes_refused", this.#refusal ?? "no"],
      ["write_failure", this.recentFailure() ?? "no"],
    ];
  }

  close(): void {
    this.#isClosed = true;
    this.#compaction.stop();
    this.#chores.stop();
    this.#recorded.finalize();
    this.#scratch.close();
  }

  /** Once the log has a recording, okq does nothing else until the scratch has its changes. */
  #checkRoomFor({ length }: Buffer): void {
    // First in the write-ahead file, and then in the database.
    if (length <= smallBytesMax || this.#room.hasRoomFor(2 * length)) return;
    this.#recorded.undo();
    const place = `the disk of ${this.#scratch.folder} (--s3-scratch)`;
    throw new JournalError("full", `no room on ${place} for a write of ${length} bytes`);
  }

  async #append(body: Buffer, changes: Changes): Promise<void> {
    const { tenure } = this.#options;
    this.#isAppending = true;
    this.#chores.pause();
    this.#collecting.started();
    try {
      const seq = await tenure.append(body);
      this.#collecting.ended();
      this.#isUnsettled = false;
      if (this.#appendFailure.end()) this.#options.onRecovery?.();
      this.#puts++;
      this.#putBytes += body.length;
      await this.#keep({ seq, body }, changes);
    } catch (error) {
      throw await this.#notAppended(error as AppendError, body, changes);
    } finally {
      this.#isAppending = false;
      this.#chores.resume();
      for (const run of this.#waiting.splice(0)) run();
      if (!this.#isUnsettled) this.#compaction.run();
    }
  }

  /** The log has the changes: now the scratch gets them, whatever it takes. */
  async #keep(logged: Logged, changes: Changes): Promise<void> {
    try {
      this.#recorded.commit();
    } catch (error) {
      this.#failed(this.#noted(error));
      await this.#repeat(logged.body);
    }
    this.#compaction.note(logged);
    this.#committed(changes);
  }

  /** Writes the changes again until there is room for them, or nobody reads them any more. */
  async #repeat(body: Uint8Array): Promise<void> {
    for (;;) {
      this.#recorded.undo();
      this.#checkpoints.release();
      try {
        this.#checkpoints.run();
        return this.#recorded.repeat(body);
      } catch (error) {
        this.#failed(this.#noted(error));
        if (this.#isFenced) return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#options.clock.after(repeatMs, resolve);
      await promise;
    }
  }

  #committed(changes: Changes): void {
    this.#garbage.addOf(changes);
    this.#chores.committed();
  }

  async #notAppended(error: AppendError, body: Buffer, changes: Changes): Promise<JournalError> {
    const { message, outcome } = error;
    if (outcome === "unknown") {
      this.#isUnsettled = true;
      await this.#keep({ seq: this.#options.tenure.next, body }, changes);
      return this.#failed(new JournalError("unknown", message), this.#appendFailure);
    }
    this.#recorded.undo();
    const reason = outcome === "none" ? "failed" : "unavailable";
    return this.#failed(new JournalError(reason, message), this.#appendFailure);
  }

  #unavailable({ message }: Error): never {
    throw new JournalError("unavailable", message);
  }

  /**
   * The database file grows while there is some room. From now on pops and acks change pages that
   * it has, and the write-ahead file can be written from its start.
   */
  #useLastRoom(): void {
    this.#checkpoints.release();
    try {
      this.#checkpoints.run();
    } catch (error) {
      this.#failed(this.#scratch.explained(error));
    }
  }

  #refuse(refusal: string | null): string | null {
    const isNew = refusal !== this.#refusal;
    this.#refusal = refusal;
    if (isNew) this.#options.onRefusal?.(refusal);
    return refusal;
  }

  /** Notes a failure, except for a full disk, which pushRefusal() tells. */
  #failed(failure: JournalError, noted = this.#failure): JournalError {
    if (failure.reason === "full") return failure;
    if (noted.note(failure.message)) this.#options.onError?.(failure);
    return failure;
  }

  #noted(error: unknown): JournalError {
    const failure = this.#scratch.explained(error);
    if (failure.reason === "full") {
      this.#refuse(this.#room.noteFull());
      // A checkpoint can make room.
      this.#checkpoints.release();
    }
    return failure;
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#failed(this.#scratch.explained(error));
    }
  }
}
