// The history of a queue in memory. It is never changed: counts make another one.
import {
  DAY_STEPS,
  goesOn,
  HOUR_STEPS,
  type Kept,
  minuteOf,
  type Step,
  STEP_COUNTS,
  tenIn,
  tenOf,
} from "../../queue/history.ts";
import { NO_STEPS, unpackSteps, withStep } from "../../queue/packed-steps.ts";

/** Bytes of a history besides its steps that are over, measured with 100,000 queues. */
const overheadBytes = 700;

/** As a journal keeps it with the facts of its queue. */
export type WrittenHistory = [since: number, latest: number, ...countsAndLevels: number[]];

export class LocalHistory {
  private constructor(
    readonly since: number,
    readonly latest: Step,
    /** Steps that are over, packed. */
    readonly hour: Uint8Array,
    readonly day: Uint8Array,
  ) {}

  static restored([since, at, ...values]: WrittenHistory): LocalHistory {
    const counts = values.splice(0, STEP_COUNTS.length);
    return LocalHistory.#begun(since, { at, counts, levels: values });
  }

  static #begun(since: number, latest: Step): LocalHistory {
    return new LocalHistory(since, latest, NO_STEPS, NO_STEPS);
  }

  /** With the steps that are over, which a journal keeps elsewhere. */
  withSteps(hour: Uint8Array, day: Uint8Array): LocalHistory {
    return new LocalHistory(this.since, this.latest, hour, day);
  }

  get bytes(): number {
    return overheadBytes + this.hour.length + this.day.length;
  }

  get written(): WrittenHistory {
    const { at, counts, levels } = this.latest;
    return [this.since, at, ...counts, ...levels];
  }

  get kept(): Kept {
    const { since, latest, hour, day } = this;
    return {
      since,
      latest,
      hour: unpackSteps(hour, since),
      day: unpackSteps(day, tenOf(since)),
    };
  }

  /**
   * The history after these counts, by the places of STEP_COUNTS. levels: how many events there are
   * now, by the places of STEP_LEVELS.
   */
  static after(
    before: LocalHistory | null,
    nowMs: number,
    counts: number[],
    levels: number[],
  ): LocalHistory {
    const minute = minuteOf(nowMs);
    const history =
      before !== null && goesOn(before.latest.at, minute)
        ? before.#from(minute)
        : LocalHistory.#begun(minute, newStep(minute, levels));
    const { since, latest, hour, day } = history;
    const sums = latest.counts.map((sum, place) => sum + counts[place]!);
    const step = { at: latest.at, counts: sums, levels };
    return new LocalHistory(since, step, hour, day);
  }

  /** That minute has come. */
  #from(minute: number): LocalHistory {
    const { since, latest, hour, day } = this;
    if (minute <= latest.at) return this;
    const minutes = withStep(hour, latest, { since, oldest: minute - HOUR_STEPS + 1 });
    const ten = tenOf(minute);
    let tens = day;
    if (ten > tenOf(latest.at)) {
      // Before minutes are left out.
      const own = tenIn([...unpackSteps(hour, since), latest]);
      tens = withStep(day, own, { since: tenOf(since), oldest: ten - DAY_STEPS + 1 });
    }
    return new LocalHistory(since, newStep(minute, latest.levels), minutes, tens);
  }
}

function newStep(at: number, levels: number[]): Step {
  return { at, counts: STEP_COUNTS.map(() => 0), levels };
}
