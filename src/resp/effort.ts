// Limits the work of one call of the parser. The parser returns after a short time for any input,
// so that other clients have their turn.

/** An argument or a blank line is one step, and so are this many bytes copied or searched. */
const BYTES_PER_STEP = 64;
const STEPS_PER_CALL = 1024;

export class Effort {
  #stepsLeft = 0;

  get isSpent(): boolean {
    return this.#stepsLeft <= 0;
  }

  /** At least one: a step that has begun is finished. */
  get stepsLeft(): number {
    return Math.max(1, this.#stepsLeft);
  }

  /** Bytes that may still be copied or searched. */
  get bytesLeft(): number {
    return this.stepsLeft * BYTES_PER_STEP;
  }

  renew(): void {
    this.#stepsLeft = STEPS_PER_CALL;
  }

  spend(steps: number): void {
    this.#stepsLeft -= steps;
  }

  spendBytes(bytes: number): void {
    this.#stepsLeft -= Math.ceil(bytes / BYTES_PER_STEP);
  }
}
