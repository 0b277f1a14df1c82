// A histogram of durations: steps of 5 µs up to 100 ms, of 1 ms up to 60 s.
// Adding a value is a division and an increment, so that measuring costs almost no time.

const FINE_MS = 0.005;
const FINE_MAX_MS = 100;
const FINE_BUCKETS = FINE_MAX_MS / FINE_MS;
const COARSE_BUCKETS = 60_000;

export interface Quantiles {
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
  count: number;
}

export class Latencies {
  readonly #buckets = new Uint32Array(FINE_BUCKETS + COARSE_BUCKETS);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const bucket =
      ms < FINE_MAX_MS
        ? (ms / FINE_MS) | 0
        : Math.min(FINE_BUCKETS + ((ms - FINE_MAX_MS) | 0), FINE_BUCKETS + COARSE_BUCKETS - 1);
    this.#buckets[bucket]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  static sum(parts: Latencies[]): Latencies {
    const sum = new Latencies();
    for (const part of parts) {
      for (let n = 0; n < sum.#buckets.length; n++) sum.#buckets[n]! += part.#buckets[n]!;
      sum.#count += part.#count;
      sum.#maxMs = Math.max(sum.#maxMs, part.#maxMs);
    }
    return sum;
  }

  quantiles(): Quantiles {
    return {
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
      p999Ms: this.#quantile(0.999),
      maxMs: this.#maxMs,
      count: this.#count,
    };
  }

  /** The upper edge of the bucket that contains the quantile; 0 if nothing was added. */
  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket]!;
      if (left > 0) continue;
      const edge =
        bucket < FINE_BUCKETS ? (bucket + 1) * FINE_MS : FINE_MAX_MS + (bucket - FINE_BUCKETS) + 1;
      return Math.min(edge, this.#maxMs);
    }
    return this.#maxMs;
  }
}

/** The median: for an even number of values the mean of the middle two; NaN without values. */
export function median(values: number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}
