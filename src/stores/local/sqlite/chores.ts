// Work on a database that no client waits for, in steps of a few milliseconds between batches:
// checkpoints, deleting flushed events and ended windows, and returning room to the disk.

import type { Database } from "bun:sqlite";
import type { Checkpoints } from "./checkpoints.ts";
import type { Garbage } from "./garbage.ts";
import { pragma, valuesOf } from "./schema.ts";

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
  readonly #garbage: Garbage;
  readonly #checkpoints: Checkpoints;
  readonly #onFailure: (error: Error) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #immediate: ReturnType<typeof setImmediate> | null = null;
  #looksForFreePages = true;
  #hasFreed = false;
  #hasCommitted = false;
  readonly #lookTimer = setInterval(() => this.#look(), lookEveryMs);
  #isRetry = false;
  #isPaused = false;
  /** A step was due while it was paused. */
  #isLate = false;

  constructor(
    db: Database,
    garbage: Garbage,
    checkpoints: Checkpoints,
    onFailure: (error: Error) => void,
  ) {
    this.#db = db;
    this.#garbage = garbage;
    this.#checkpoints = checkpoints;
    this.#onFailure = onFailure;
  }

  /** Call it after every commit. It does not throw: a failed chore must not undo the commit. */
  committed(): void {
    this.#hasCommitted = true;
    if (this.#timer !== null || this.#isLate) return;
    if (this.#checkpoints.isDue()) this.#schedule(0);
    else this.collect();
  }

  /** Deletes the garbage, little by little. */
  collect(): void {
    if (!this.#garbage.isEmpty) this.#schedule(stepEveryMs);
  }

  /** Until resume() a transaction is open, and nothing can be done. */
  pause(): void {
    this.#isPaused = true;
  }

  /** It first lets the present turn answer clients, and then does the step that is due. */
  resume(): void {
    this.#isPaused = false;
    if (!this.#isLate || this.#immediate !== null) return;
    this.#immediate = setImmediate(() => {
      this.#immediate = null;
      this.#step();
    });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    clearInterval(this.#lookTimer);
    this.#checkpoints.finalize();
  }

  /** Looks for free pages: a drained backlog may cause too few writes for a checkpoint. */
  #look(): void {
    if (!this.#hasCommitted) return;
    this.#hasCommitted = false;
    this.#looksForFreePages = true;
    this.#schedule(stepEveryMs);
  }

  #schedule(ms: number): void {
    if (this.#timer !== null || this.#isLate) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#step();
    }, ms);
  }

  #step(): void {
    this.#isLate = this.#isPaused;
    if (this.#isPaused) return;
    try {
      if (this.#checkpoints.isDue()) this.checkpoint();
      else if (!this.#garbage.isEmpty) this.#garbage.deleteSome();
      else if (this.#looksForFreePages) this.#freeSome();
      this.#isRetry = false;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
      if (!this.#isRetry) this.#onFailure(error as Error);
      this.#isRetry = true;
    }
    const hasMore = !this.#garbage.isEmpty || this.#looksForFreePages;
    if (this.#isRetry) this.#schedule(retryAfterMs);
    else if (hasMore || this.#checkpoints.isDue()) this.#schedule(stepEveryMs);
  }

  checkpoint(): void {
    this.#checkpoints.run();
    this.#looksForFreePages = true;
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
