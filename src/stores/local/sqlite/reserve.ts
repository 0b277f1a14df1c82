// Room on the disk that is held for bad times: a file beside the database. When the disk is full it
// is given up, so that a start, checkpoints, and with them pops and acks go on. It stays there when
// okq ends: the next start may need it.

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
