// For how long commands took, by command. A command has a number, by which its histogram is found
// without a comparison of names. Commands that end in the same turn of the event loop end at the
// same time: there is one look at the clock for all of them.
import type { Clock } from "../queue/clock.ts";
import { DoublingHistogram } from "../queue/doubling-histogram.ts";

/** In microseconds: from 64 to 67 s. */
const BUCKETS = { first: 6, last: 26, step: 2 } as const;
const US_PER_MS = 1000;

/** Unknown commands, and commands before a login, have this number. */
export const NO_COMMAND = 0;

export class CommandDurations {
  readonly #clock: Clock;
  readonly #histograms: (DoublingHistogram | undefined)[] = [];
  /** Of this turn; 0: no command has ended. */
  #nowMs = 0;
  /** The latest calls: of one command, begun at the same time. They are not counted yet. */
  #number = NO_COMMAND;
  #beganAtMs = 0;
  #calls = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A command ended that began then. `number`: NO_COMMAND, or that of an Entry. */
  ended(number: number, beganAtMs: number): void {
    if (number !== this.#number || beganAtMs !== this.#beganAtMs) {
      this.#count();
      this.#number = number;
      this.#beganAtMs = beganAtMs;
    }
    this.#calls += 1;
  }

  /** Counts them. */
  turnEnded(): void {
    this.#count();
    this.#nowMs = 0;
  }

  /** Of the commands that were called, ascending by number. */
  *called(): Generator<[number: number, durations: DoublingHistogram]> {
    this.turnEnded();
    for (const [number, histogram] of this.#histograms.entries()) {
      if (histogram) yield [number, histogram];
    }
  }

  #count(): void {
    if (this.#calls === 0) return;
    this.#nowMs ||= this.#clock.nowMs();
    const histogram = (this.#histograms[this.#number] ??= new DoublingHistogram(BUCKETS));
    histogram.add(Math.max(0, this.#nowMs - this.#beganAtMs) * US_PER_MS, this.#calls);
    this.#calls = 0;
  }
}
