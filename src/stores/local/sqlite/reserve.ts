// A file beside the database that reserves room on the disk. When the disk is full, okq removes the
// file, so that a start, checkpoints, pops and acks still work. The file stays when okq ends: the
// next start may need it.

import { randomBytes } from "node:crypto";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { JournalError } from "../journal.ts";

/** More than a write-ahead file has when its checkpoint is due. */
export const reservedBytes = 8 * 1024 * 1024;

export class Reserve {
  readonly #file: string;
  readonly #bytes: number;

  constructor(databaseFile: string, bytes = reservedBytes) {
    this.#file = `${databaseFile}-reserve`;
    this.#bytes = bytes;
  }

  /** Creates the file, unless there is no room for it. */
  create(): void {
    try {
      if (statSync(this.#file, { throwIfNoEntry: false })?.size === this.#bytes) return;
      // Zeros would take no room on a file system that compresses.
      writeFileSync(this.#file, randomBytes(this.#bytes), { mode: 0o600 });
    } catch {
      this.release();
    }
  }

  release(): void {
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // The disk may be read-only by now: the file stays.
    }
  }

  /** Does the work; if there is too little room, does it again without the reserve. */
  withReserve<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof JournalError) || error.reason !== "full") throw error;
      this.release();
      return work();
    }
  }
}
