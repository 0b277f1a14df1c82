// Checkpoints of a database: they copy the write-ahead file into it, so that the file can be
// written from its start.

import type { Database, Statement } from "bun:sqlite";

/** A checkpoint is due with this many pages of 8 KiB in the write-ahead file. */
const dueFrames = 512;

export class Checkpoints {
  readonly #db: Database;
  readonly #frames: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#frames = db.prepare("PRAGMA wal_checkpoint(NOOP)");
  }

  /** Also true if SQLite cannot tell: the checkpoint then reports why. */
  isDue(): boolean {
    try {
      return this.framesLeft() >= dueFrames;
    } catch {
      return true;
    }
  }

  /** The pages that a checkpoint would copy. */
  protected framesLeft(): number {
    const [row] = this.#frames.values() as [busy: number, written: number, done: number][];
    // Both counts restart with the first write after a checkpoint.
    return row === undefined ? 0 : row[1] - row[2];
  }

  run(): void {
    this.#db.run("PRAGMA wal_checkpoint(PASSIVE)");
  }

  finalize(): void {
    this.#frames.finalize();
  }
}
