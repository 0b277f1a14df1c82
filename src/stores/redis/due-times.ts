// When something is to be reclaimed under each hash tag, as far as this process heard.

export class DueTimes {
  /** On the even clock of performance.now(). */
  readonly #atMs = new Map<string, number>();

  /** What Redis itself said under that tag: in so many ms, or never (-1). */
  set(tag: string, inMs: number): void {
    if (inMs < 0) this.#atMs.delete(tag);
    else this.#atMs.set(tag, performance.now() + inMs);
  }

  /** Another process said so: a time that is known stays if it is earlier. */
  hear(tag: string, inMs: number): void {
    const atMs = performance.now() + inMs;
    if (atMs < (this.#atMs.get(tag) ?? Infinity)) this.#atMs.set(tag, atMs);
  }

  isDue(tag: string): boolean {
    return performance.now() >= (this.#atMs.get(tag) ?? Infinity);
  }

  isAnyDue(): boolean {
    return [...this.#atMs.keys()].some((tag) => this.isDue(tag));
  }
}
