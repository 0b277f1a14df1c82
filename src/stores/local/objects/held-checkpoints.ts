// Checkpoints of a scratch database, which can be held back: then the database file stays as it is,
// and can be read while commits go into the write-ahead file.

import { Checkpoints } from "../sqlite/checkpoints.ts";

export interface Hold {
  /** False once it was ended, also by others: then the file may have changed. */
  lasts(): boolean;
  end(): void;
}

export class HeldCheckpoints extends Checkpoints {
  #hold: Hold | null = null;
  readonly #waiting: (() => void)[] = [];

  get isHeld(): boolean {
    return this.#hold !== null;
  }

  override isDue(): boolean {
    return !this.isHeld && super.isDue();
  }

  override run(): void {
    if (!this.isHeld) super.run();
  }

  /**
   * The file has everything that was committed, and stays like that while the hold lasts. Throws if
   * something is still read, so that the checkpoint cannot be complete.
   */
  hold(): Hold {
    this.run();
    if (this.framesLeft() > 0) throw new Error("a checkpoint of the scratch database is not over");
    const hold: Hold = {
      lasts: () => this.#hold === hold,
      end: () => {
        if (this.#hold === hold) this.release();
      },
    };
    this.#hold = hold;
    return hold;
  }

  /** Ends the hold of anybody, because a checkpoint is needed. */
  release(): void {
    this.#hold = null;
    for (const run of this.#waiting.splice(0)) run();
  }

  /** Resolves when they are not held. Something else may hold them then. */
  async released(): Promise<void> {
    if (this.isHeld) await new Promise<void>((done) => void this.#waiting.push(done));
  }
}
