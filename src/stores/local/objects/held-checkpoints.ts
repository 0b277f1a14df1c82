// Checkpoints of a scratch database, which can be held back: then the database file stays as it is,
// and can be read while commits go into the write-ahead file.

import { Checkpoints } from "../sqlite/checkpoints.ts";

export class HeldCheckpoints extends Checkpoints {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  get isHeld(): boolean {
    return this.#isHeld;
  }

  override isDue(): boolean {
    return !this.#isHeld && super.isDue();
  }

  override run(): void {
    if (!this.#isHeld) super.run();
  }

  /**
   * The file has everything that was committed, and stays like that until release(). Throws if
   * something is still read, so that the checkpoint cannot be complete.
   */
  hold(): void {
    this.run();
    if (this.framesLeft() > 0) throw new Error("a checkpoint of the scratch database is not over");
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const run of this.#waiting.splice(0)) run();
  }

  /** Resolves when they are not held. Something else may hold them then. */
  async released(): Promise<void> {
    if (this.#isHeld) await new Promise<void>((done) => void this.#waiting.push(done));
  }
}
