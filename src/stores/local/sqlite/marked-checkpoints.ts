// Checkpoints that keep the mark of a database, which ties its write-ahead file to it.

import type { Database } from "bun:sqlite";
import { Checkpoints } from "./checkpoints.ts";
import { WalMark } from "./wal-mark.ts";

export class MarkedCheckpoints extends Checkpoints {
  readonly mark: WalMark;
  #hasFailed = false;

  constructor(db: Database) {
    super(db);
    this.mark = new WalMark(db);
  }

  override run(): void {
    if (!this.#hasFailed) this.#markEnd();
    this.#hasFailed = true;
    super.run();
    this.mark.renew();
    this.#hasFailed = false;
  }

  override finalize(): void {
    this.mark.finalize();
    super.finalize();
  }

  /** So that an older copy of the write-ahead file is recognised: see wal-mark.ts. */
  #markEnd(): void {
    try {
      this.mark.renew();
    } catch {
      // On a full disk the checkpoint makes room.
    }
  }
}
