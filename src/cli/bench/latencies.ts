// How long commands took, counted in buckets so that millions of them need no memory. A bucket ends
// 2 % above its beginning, and a quantile is the end of its bucket: so it is never too short, and
// at most 2 % too long.

const BUCKETS_PER_DOUBLING = 35;
/** About 71 minutes, in microseconds. Longer ones count as this, but not for `maxMs`. */
const DOUBLINGS = 32;

export class Latencies {
  readonly #counts = new Float64Array(DOUBLINGS * BUCKETS_PER_DOUBLING + 1);
  count = 0;
  maxMs = 0;

  add(ms: number): void {
    const us = Math.max(1, ms * 1000);
    const bucket = Math.ceil(Math.log2(us) * BUCKETS_PER_DOUBLING);
    this.#counts[Math.min(bucket, this.#counts.length - 1)]! += 1;
    this.count += 1;
    this.maxMs = Math.max(this.maxMs, ms);
  }

  /** The milliseconds that this part (0 to 1) of all did not exceed; null if there are none. */
  quantileMs(part: number): number | null {
    if (this.count === 0) return null;
    let left = Math.max(1, Math.ceil(part * this.count));
    const bucket = this.#counts.findIndex((times) => (left -= times) <= 0);
    return Math.min(this.maxMs, 2 ** (bucket / BUCKETS_PER_DOUBLING) / 1000);
  }
}
