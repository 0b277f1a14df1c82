// A file beside the database that keeps room on the disk. When the disk is full, okq gives this
// room up, so that a start, checkpoints, pops and acks still work. The file stays when okq ends:
// the next start may need it.

import { randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { JournalError } from "../journal.ts";

/** More than all that a write-ahead file holds when its checkpoint is due. */
export const reservedBytes = 8 * 1024 * 1024;

export class Reserve {
  readonly #file: string;

  constructor(databaseFile: string) {
    this.#file = `${databaseFile}-reserve`;
  }

  /** Without room for it there is none. */
  hold(): void {
    try {
      if (statSync(this.#file, { throwIfNoEntry: false })?.size === reservedBytes) return;
      // Zeros would take no room where files are compressed or copied sparsely.
      writeFileSync(this.#file, randomBytes(reservedBytes), { mode: 0o600 });
    } catch {
      this.release();
    }
  }

  release(): void {
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // On a disk that is read-only meanwhile it stays.
    }
  }

  /** Does it once more with the reserved room when there is too little without. */
  lend<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof JournalError) || error.reason !== "full") throw error;
      this.release();
      return work();
    }
  }
}
