// The history of a queue in the reference store: all that was ever counted, in its order.
import {
  type QueueHistory,
  type Series,
  STEP_COUNTS,
  STEP_LEVELS,
} from "../../../src/queue/history.ts";
import { COUNTED, type Counted, type QueueStatus } from "../../../src/queue/queue-status.ts";

interface Noted {
  minute: number;
  counts: number[];
  levels: number[];
}

const MINUTES_IN_DAY = 1440;
const BACK_MAX = 10;

export class ReferenceHistory {
  #noted: Noted[] = [];
  /** What the store itself has counted in this batch. */
  #tallied: number[] | null = null;

  tally(what: Counted): void {
    if (!STEP_COUNTS.some((each) => each === what)) return;
    (this.#tallied ??= COUNTED.map(() => 0))[COUNTED.indexOf(what)]! += 1;
  }

  /** To be called at the end of a batch. */
  settle(status: QueueStatus, nowMs: number): void {
    if (this.#tallied !== null) this.add(this.#tallied, status, nowMs);
    this.#tallied = null;
  }

  /** totals: by the places of COUNTED. */
  add(totals: number[], status: QueueStatus, nowMs: number): void {
    const counts = STEP_COUNTS.map((what) => totals[COUNTED.indexOf(what)]!);
    const levels = STEP_LEVELS.map((state) => status[state]);
    const minute = this.#minuteAt(nowMs);
    if (minute === null) this.#noted = [];
    this.#noted.push({ minute: minute ?? minuteOf(nowMs), counts, levels });
  }

  shown(status: QueueStatus, nowMs: number): QueueHistory {
    const minute = this.#minuteAt(nowMs);
    const noted = minute === null ? [] : this.#noted;
    const levels = STEP_LEVELS.map((state) => status[state]);
    const last = minute ?? minuteOf(nowMs);
    return {
      hour: seriesOf(noted, { unit: 1, size: 60, last, levels }),
      day: seriesOf(noted, { unit: 10, size: 144, last, levels }),
    };
  }

  /** The minute that counts belong to now; null: the history begins anew. */
  #minuteAt(nowMs: number): number | null {
    const minute = minuteOf(nowMs);
    const latest = this.#noted.at(-1)?.minute ?? minute;
    if (minute - latest > MINUTES_IN_DAY || latest - minute > BACK_MAX) return null;
    return Math.max(minute, latest);
  }
}

interface Shown {
  unit: number;
  size: number;
  /** The latest minute. */
  last: number;
  levels: number[];
}

function seriesOf(noted: Noted[], { unit, size, last, levels }: Shown): Series {
  const stepOf = ({ minute }: Noted) => Math.floor(minute / unit);
  const end = Math.floor(last / unit);
  const steps = Array.from({ length: size }, (_, at) => end - size + 1 + at);
  const first = noted[0] ? stepOf(noted[0]) : Infinity;
  const countIn = (step: number, place: number) => {
    const own = noted.filter((each) => stepOf(each) === step);
    return Math.max(
      0,
      own.reduce((sum, { counts }) => sum + counts[place]!, 0),
    );
  };
  const levelIn = (step: number, place: number) =>
    noted.findLast((each) => stepOf(each) <= step)?.levels[place] ?? null;
  return {
    stepMs: unit * 60_000,
    startsAtMs: steps[0]! * unit * 60_000,
    counts: STEP_COUNTS.map((_, place) =>
      steps.map((step) => (step < first ? null : countIn(step, place))),
    ),
    levels: STEP_LEVELS.map((_, place) =>
      steps.map((step) => (step === end ? levels[place]! : levelIn(step, place))),
    ),
  };
}

function minuteOf(ms: number): number {
  return Math.floor(ms / 60_000);
}
