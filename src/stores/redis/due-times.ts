// When a tick is due under each hash tag, as far as this process knows from answers of Redis and
// from messages of other processes.
import type { Clock } from "../../queue/clock.ts";
import type { DueListener } from "../../queue/store.ts";

interface Due {
  atMs: number;
  heardAtMs: number;
}

export class DueTimes {
  readonly #clock: Clock;
  readonly #dues = new Map<string, Due>();
  readonly #onEarlier: DueListener;

  /** onEarlier: called when inMs() became less than before. */
  constructor(clock: Clock, onEarlier: DueListener) {
    this.#clock = clock;
    this.#onEarlier = onEarlier;
  }

  /**
   * Redis' own answer for that tag, to a batch sent at that time: due in so many ms, or never (-1).
   * Answers on several connections and messages may overtake each other: a time that became known
   * after the batch was sent stays if it is earlier.
   */
  set(tag: string, inMs: number, askedAtMs: number): void {
    const known = this.#dues.get(tag);
    const isNewer = known === undefined || known.heardAtMs < askedAtMs;
    this.#note(tag, inMs < 0 ? Infinity : inMs, isNewer ? Infinity : known.atMs);
  }

  /** The message of another process: a known time stays if it is earlier. */
  hear(tag: string, inMs: number): void {
    this.#note(tag, inMs, this.#dues.get(tag)?.atMs ?? Infinity);
  }

  isDue(tag: string): boolean {
    return this.#clock.nowMs() >= (this.#dues.get(tag)?.atMs ?? Infinity);
  }

  /** In how many ms the earliest of them is due; 0 for now, Infinity for never. */
  inMs(): number {
    return Math.max(0, this.#earliestMs() - this.#clock.nowMs());
  }

  #earliestMs(): number {
    let earliestMs = Infinity;
    for (const { atMs } of this.#dues.values()) earliestMs = Math.min(earliestMs, atMs);
    return earliestMs;
  }

  #note(tag: string, inMs: number, otherAtMs: number): void {
    const heardAtMs = this.#clock.nowMs();
    const atMs = Math.min(heardAtMs + inMs, otherAtMs);
    const isEarlier = atMs < this.#earliestMs();
    this.#dues.set(tag, { atMs, heardAtMs });
    if (isEarlier) this.#onEarlier();
  }
}
