// A pause that a connection takes so that others go first: while it rests it starts nothing.

/** After something large the rest is that many times as long as that took. */
const LARGE_FACTOR = 4;
const MS_MAX = 1000;

export class Rest {
  readonly #onEnd: () => void;
  #isResting = false;
  #untilMs = 0;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get isResting(): boolean {
    return this.#isResting;
  }

  /** For so long from now, if not for longer already. */
  take(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, performance.now() + ms);
    if (!this.#isResting) this.#sleep(ms);
  }

  /** Something large has taken since then, of which others had nothing. */
  after(startedAtMs: number): void {
    this.take(Math.min(LARGE_FACTOR * (performance.now() - startedAtMs), MS_MAX));
  }

  #sleep(ms: number): void {
    this.#isResting = true;
    setTimeout(() => {
      const leftMs = this.#untilMs - performance.now();
      if (leftMs >= 1) return this.#sleep(leftMs);
      this.#isResting = false;
      this.#onEnd();
    }, ms);
  }
}
