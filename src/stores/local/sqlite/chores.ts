// Work on a database that no client waits for, in steps of a few milliseconds between batches:
// checkpoints, deleting flushed events and ended windows, and returning room to the disk.

import type { Database, Statement } from "bun:sqlite";
import type { EventRows } from "./event-rows.ts";
import { pragma, valuesOf } from "./schema.ts";
import type { WalMark } from "./wal-mark.ts";

/** A checkpoint is due with this many pages of 8 KiB in the write-ahead file. */
const checkpointFrames = 512;
const deletedPerStep = 1000;
const freedPagesPerStep = 100;
/** Free pages kept for the next events: this many, or this share of the file if that is more. */
const freePagesKept = 1024;
const freePartKept = 0.25;
const stepEveryMs = 10;
const lookEveryMs = 1000;
/** Pause after a failure, such as a full disk. */
const retryAfterMs = 100;

export class Chores {
  readonly #db: Database;
  readonly #rows: EventRows;
  readonly #mark: WalMark;
  readonly #frames: Statement;
  readonly #onFailure: (error: Error) => void;
  #garbage: Iterator<number>[] = [];
  /** Windows that ended before that time are to be deleted, by the number of their queue. */
  readonly #endedWindows = new Map<number, number>();
  /** The numbers of counters whose members are to be deleted. */
  readonly #goneCounters = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #looksForFreePages = true;
  #hasFreed = false;
  #hasCommitted = false;
  readonly #lookTimer = setInterval(() => this.#look(), lookEveryMs);
  #isRetry = false;

  constructor(db: Database, rows: EventRows, mark: WalMark, onFailure: (error: Error) => void) {
    this.#db = db;
    this.#rows = rows;
    this.#mark = mark;
    this.#frames = db.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#onFailure = onFailure;
  }

  /** Deletes the rows with these keys, little by little: their events were flushed. */
  discard(keys: Iterable<number>): void {
    this.#garbage.push(keys[Symbol.iterator]());
    this.#schedule(stepEveryMs);
  }

  /**
   * Deletes the windows of that queue that ended before that time, little by little; with Infinity
   * its groups, too.
   */
  discardWindows(queue: number, beforeMs: number): void {
    this.#endedWindows.set(queue, Math.max(beforeMs, this.#endedWindows.get(queue) ?? 0));
    this.#schedule(stepEveryMs);
  }

  /** Deletes the members of a counter that is gone, little by little. */
  discardMembers(counter: number): void {
    this.#goneCounters.add(counter);
    this.#schedule(stepEveryMs);
  }

  /** Call it after every commit. It does not throw: a failed chore must not undo the commit. */
  committed(): void {
    this.#hasCommitted = true;
    if (this.#timer === null && this.#isCheckpointDue()) this.#schedule(0);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    clearInterval(this.#lookTimer);
    this.#frames.finalize();
  }

  /** Also true if SQLite cannot tell: the checkpoint then reports why. */
  #isCheckpointDue(): boolean {
    try {
      const [row] = this.#frames.values() as [busy: number, written: number, done: number][];
      // Both counts restart with the first write after a checkpoint.
      return row !== undefined && row[1] - row[2] >= checkpointFrames;
    } catch {
      return true;
    }
  }

  /** Looks for free pages: a drained backlog may cause too few writes for a checkpoint. */
  #look(): void {
    if (!this.#hasCommitted) return;
    this.#hasCommitted = false;
    this.#looksForFreePages = true;
    this.#schedule(stepEveryMs);
  }

  #schedule(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#step();
    }, ms);
  }

  #step(): void {
    try {
      if (this.#isCheckpointDue()) this.checkpoint();
      else if (this.#garbage.length > 0) this.#deleteSome();
      else if (this.#endedWindows.size > 0) this.#deleteWindows();
      else if (this.#goneCounters.size > 0) this.#deleteMembers();
      else if (this.#looksForFreePages) this.#freeSome();
      this.#isRetry = false;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (!this.#isRetry) this.#onFailure(error as Error);
      this.#isRetry = true;
    }
    const others = this.#endedWindows.size + this.#goneCounters.size;
    const hasGarbage = this.#garbage.length > 0 || others > 0;
    const hasMore = hasGarbage || this.#looksForFreePages;
    if (this.#isRetry) this.#schedule(retryAfterMs);
    else if (hasMore || this.#isCheckpointDue()) this.#schedule(stepEveryMs);
  }

  /** Copies the write-ahead file into the database, so that it can be written from its start. */
  checkpoint(): void {
    if (!this.#isRetry) this.#markEnd();
    this.#db.run("PRAGMA wal_checkpoint(PASSIVE)");
    this.#mark.renew();
    this.#looksForFreePages = true;
  }

  /** So that an older copy of the write-ahead file is recognised: see wal-mark.ts. */
  #markEnd(): void {
    try {
      this.#mark.renew();
    } catch {
      // On a full disk the checkpoint makes room.
    }
  }

  #deleteMembers(): void {
    const [counter] = this.#goneCounters;
    if (!this.#rows.deleteMembers(counter!)) this.#goneCounters.delete(counter!);
  }

  #deleteSome(): void {
    const keys: number[] = [];
    while (keys.length < deletedPerStep && this.#garbage.length > 0) {
      const { value, done } = (this.#garbage[0] as Iterator<number>).next();
      if (done) this.#garbage.shift();
      else keys.push(value);
    }
    this.#db.run("BEGIN");
    this.#rows.deleteKeys(keys);
    this.#db.run("COMMIT");
  }

  #deleteWindows(): void {
    const [queue, beforeMs] = this.#endedWindows.entries().next().value!;
    if (this.#rows.deleteWindows(queue, beforeMs)) return;
    // All its windows are to go: it was flushed.
    const hasGroups = beforeMs === Infinity && this.#rows.deleteGroups(queue);
    if (!hasGroups) this.#endedWindows.delete(queue);
  }

  #freeSome(): void {
    const free = pragma(this.#db, "freelist_count");
    const kept = Math.max(freePagesKept, pragma(this.#db, "page_count") * freePartKept);
    this.#looksForFreePages = free > kept;
    if (!this.#looksForFreePages) {
      // Only a checkpoint makes the file shorter.
      if (this.#hasFreed) this.checkpoint();
      this.#hasFreed = false;
      return;
    }
    this.#hasFreed = true;
    const count = Math.min(freedPagesPerStep, free - freePagesKept);
    // It frees one page for every row that is read.
    valuesOf(this.#db, `PRAGMA incremental_vacuum(${Math.ceil(count)})`);
  }
}
