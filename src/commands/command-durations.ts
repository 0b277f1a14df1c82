// For how long commands took, by command. A command has a number, by which its histogram is found
// without a comparison of names.
import { DoublingHistogram } from "../queue/doubling-histogram.ts";

/** In microseconds: from 64 to 67 s. */
const BUCKETS = { first: 6, last: 26, step: 2 } as const;
const US_PER_MS = 1000;

/** The number of what is no command, and of commands before a login. */
export const NO_COMMAND = 0;

export class CommandDurations {
  readonly #histograms: (DoublingHistogram | undefined)[] = [];

  /** So many calls took so long. `number`: NO_COMMAND, or that of an Entry. */
  add(number: number, ms: number, calls = 1): void {
    const histogram = (this.#histograms[number] ??= new DoublingHistogram(BUCKETS));
    histogram.add(ms * US_PER_MS, calls);
  }

  /** Of the commands that were called, ascending by number. */
  *called(): Generator<[number: number, durations: DoublingHistogram]> {
    for (const [number, histogram] of this.#histograms.entries()) {
      if (histogram) yield [number, histogram];
    }
  }
}
