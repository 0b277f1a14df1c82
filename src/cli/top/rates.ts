// Events per second of each queue in the last seconds, from totals that are read again and again.
import { type Counted, numbersOf } from "../looks/queue-rows.ts";

/** Totals of several okq processes come about a second late, so a shorter time would show jumps. */
const WINDOW_MS = 8_000;

interface Sample {
  atMs: number;
  totals: Record<Counted, number>;
}

export class Rates {
  #samples = new Map<string, Sample[]>();

  /** The rates since the oldest totals of the last seconds; null if these are the first ones. */
  note(key: string, totals: Record<Counted, number>, atMs: number): Record<Counted, number> | null {
    const samples = this.#samples.get(key) ?? [];
    // The queue was gone in the meantime, and its totals began again.
    if (samples.some((sample) => totals.pushed < sample.totals.pushed)) samples.length = 0;
    samples.push({ atMs, totals });
    while (samples.length > 2 && samples[1]!.atMs <= atMs - WINDOW_MS) samples.shift();
    this.#samples.set(key, samples);
    const first = samples[0]!;
    const seconds = (atMs - first.atMs) / 1000;
    if (seconds <= 0) return null;
    return numbersOf((name) => Math.max(0, totals[name] - first.totals[name]) / seconds);
  }

  /** Forgets all others, so that queues that are gone need no memory. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#samples.keys()) if (!keys.has(key)) this.#samples.delete(key);
  }
}
