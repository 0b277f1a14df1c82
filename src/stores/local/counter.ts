// Makes claim tokens and ids: "<ms>-<n>", ascending and each once, whatever the clock does.

export class Counter {
  #ms = 0;
  #n = -1;

  /** Those made so far had at most that time. */
  startAfter(ms: number): void {
    if (ms > 0) this.#ms = ms + 1;
  }

  /** The time of the latest one. */
  get ms(): number {
    return this.#ms;
  }

  next(nowMs: number): string {
    if (nowMs > this.#ms) {
      this.#ms = nowMs;
      this.#n = -1;
    }
    return `${this.#ms}-${++this.#n}`;
  }
}
