// The account of numbers that are appended to a log in an object store by several writers: what
// each append said, and what the log may have in the end.

interface Entry {
  issuedAt: number;
  /** Infinity if it was not answered with success. */
  ackedAt: number;
  /** It was answered that it is not in the log and never will be. */
  isRefused: boolean;
}

export class LogLedger {
  readonly #entries = new Map<number, Entry>();
  readonly #acked: number[] = [];
  /** Grows with every event, so that all have an order. */
  #time = 0;
  /** What no log in an object store may do. */
  readonly problems: string[] = [];

  /** A number that was never used. */
  issue(): number {
    const number = this.#entries.size + 1;
    const entry = { issuedAt: this.#time++, ackedAt: Infinity, isRefused: false };
    this.#entries.set(number, entry);
    return number;
  }

  acked(number: number): void {
    this.#entries.get(number)!.ackedAt = this.#time++;
    this.#acked.push(number);
  }

  refused(number: number): void {
    this.#entries.get(number)!.isRefused = true;
  }

  /** The acknowledged ones until now, as a length: see checkHas(). */
  get ackedCount(): number {
    return this.#acked.length;
  }

  get figures() {
    const all = [...this.#entries.values()];
    return {
      issued: all.length,
      acked: this.#acked.length,
      refused: all.filter(({ isRefused }) => isRefused).length,
    };
  }

  /** All that were acknowledged when ackedCount was this must be there. */
  checkHas(numbers: ReadonlySet<number>, ackedCount: number, what: string): void {
    const missing = this.#acked.slice(0, ackedCount).filter((number) => !numbers.has(number));
    if (missing.length > 0) this.problems.push(`${what} lacks ${missing.slice(0, 5).join(" ")}`);
  }

  /** The log in the end. */
  checkLog(numbers: readonly number[]): void {
    const unique = new Set(numbers);
    if (unique.size < numbers.length) this.problems.push("a number is twice in the log");
    this.checkHas(unique, this.ackedCount, "the log");
    let ackedMin = Infinity;
    for (const number of numbers.toReversed()) {
      const { issuedAt, ackedAt, isRefused } = this.#entries.get(number)!;
      if (isRefused) this.problems.push(`${number} was refused and is in the log`);
      if (ackedMin < issuedAt) this.problems.push(`${number} is in front of older ones in the log`);
      ackedMin = Math.min(ackedMin, ackedAt);
    }
  }
}
