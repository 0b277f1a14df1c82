// Whole numbers, such as durations in microseconds, counted in buckets whose upper bounds are
// powers of two: adding one costs a few instructions.

/** Larger numbers count as this one, but not in the sum. */
const COUNTED_MAX = 2 ** 31;

export interface Buckets {
  /** The bounds are 2^first, 2^(first + step), and so on up to 2^last. */
  first: number;
  last: number;
  step: 1 | 2;
}

export class DoublingHistogram {
  sum = 0;
  /** How many are in each bucket; those in the last one exceed all bounds. */
  readonly counts: number[];
  readonly #first: number;
  readonly #step: number;
  readonly #most: number;

  constructor({ first, last, step }: Buckets) {
    this.#first = first;
    this.#step = step;
    this.#most = Math.floor((last - first) / step) + 1;
    this.counts = Array.from({ length: this.#most + 1 }, () => 0);
  }

  /** So many times. `number` must not be negative. A fraction counts as the next whole number. */
  add(number: number, times = 1): void {
    const whole = Math.ceil(Math.min(number, COUNTED_MAX));
    // The exponent of the smallest power of two that is not less.
    const exponent = whole > 1 ? 32 - Math.clz32(whole - 1) : 0;
    const over = exponent - this.#first;
    const bucket = over > 0 ? (over + this.#step - 1) >> (this.#step - 1) : 0;
    this.counts[Math.min(bucket, this.#most)]! += times;
    this.sum += number * times;
  }

  /** The upper bounds of all buckets but the last, each with how many do not exceed it. */
  *upTo(): Generator<[bound: number, count: number]> {
    let count = 0;
    for (let at = 0; at < this.#most; at++) {
      count += this.counts[at]!;
      yield [2 ** (this.#first + at * this.#step), count];
    }
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}
