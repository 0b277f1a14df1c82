// Room on the disk that is held for bad times: a file of zeros beside the database. When the disk
// is full it is given up, so that checkpoints, and with them pops and acks, go on.

import { rmSync, writeFileSync } from "node:fs";

/** More than all that a write-ahead file holds when its checkpoint is due. */
const reservedBytes = 8 * 1024 * 1024;

export class Reserve {
  readonly #file: string;
  #isHeld = false;

  constructor(databaseFile: string) {
    this.#file = `${databaseFile}-reserve`;
  }

  /** Without room for it there is none. */
  hold(): void {
    if (this.#isHeld) return;
    try {
      writeFileSync(this.#file, Buffer.alloc(reservedBytes), { mode: 0o600 });
      this.#isHeld = true;
    } catch {
      this.release();
    }
  }

  release(): void {
    rmSync(this.#file, { force: true });
    this.#isHeld = false;
  }
}
