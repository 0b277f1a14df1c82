// Durations counted in buckets. A bucket ends at 2^(1/4) times the end of the one before, so a
// quantile is right within 20 percent.

/** How many durations are in each bucket that has any. */
export type Histogram = Map<number, number>;

const BUCKETS_PER_DOUBLING = 4;
/** About 272 years. */
const BUCKET_MAX = 43 * BUCKETS_PER_DOUBLING;

/** Durations of less than 1 ms are in bucket 0. */
export function bucketOf(ms: number): number {
  if (!(ms >= 1)) return 0;
  return Math.min(BUCKET_MAX, 1 + Math.floor(Math.log2(ms) * BUCKETS_PER_DOUBLING));
}

export function count(histogram: Histogram, bucket: number, times = 1): void {
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + times);
}

/** The duration in ms that this part (0 to 1) of them does not exceed; null if there are none. */
export function quantile(histogram: Histogram, part: number): number | null {
  const total = [...histogram.values()].reduce((sum, times) => sum + times, 0);
  if (total === 0) return null;
  let left = Math.max(1, Math.ceil(part * total));
  const buckets = [...histogram].toSorted(([a], [b]) => a - b);
  const [bucket] = buckets.find(([, times]) => (left -= times) <= 0)!;
  return 2 ** (bucket / BUCKETS_PER_DOUBLING);
}
