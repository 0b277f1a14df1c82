// A map of at most so many entries: a new one takes the place of the entry seen longest ago.

export class RecentlySeen<T> {
  readonly #max: number;
  readonly #forgotten: (value: T) => void;
  /** The entry seen last is at the end. */
  readonly #entries = new Map<string, T>();

  /** `forgotten` is called with each value that makes room. */
  constructor(max: number, forgotten: (value: T) => void = () => {}) {
    this.#max = max;
    this.#forgotten = forgotten;
  }

  /** The value of that key, which is made if there is none. */
  of(key: string, make: () => T): T {
    const value = this.#entries.get(key) ?? make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#max) this.#forgetFirst();
    return value;
  }

  #forgetFirst(): void {
    for (const [key, value] of this.#entries) {
      this.#entries.delete(key);
      return this.#forgotten(value);
    }
  }
}
