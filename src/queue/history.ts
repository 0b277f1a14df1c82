// What happened in a queue in the last hour, minute by minute, and in the last day, in steps of ten
// minutes. It changes with each Count. A store keeps only the steps in which something was counted.
// The history of a queue ends with it, and begins anew when a day has passed without counts.
import type { Counted } from "./queue-status.ts";

/** Counted in each step. */
export const STEP_COUNTS = [
  "pushed",
  "popped",
  "acked",
  "failures",
  "failed",
] as const satisfies Counted[];
/** How many events of each state there are at the end of a step. */
export const STEP_LEVELS = ["ready", "claimed", "delayed", "failed"] as const;

const MINUTE_MS = 60_000;
/** Minutes in a step of the day. */
export const TEN = 10;
/** How many steps are shown. */
export const HOUR_STEPS = 60;
export const DAY_STEPS = 144;

/** A clock that was set back by so many minutes only goes on with the latest step. */
export const BACK_MAX = 10;
/** After so many minutes without counts a history begins anew. */
export const IDLE_MAX = DAY_STEPS * TEN;

/** What is known of a minute, or of ten. */
export interface Step {
  /** How many minutes, or ten minutes, since 1970. */
  at: number;
  /** As many as STEP_COUNTS has names. */
  counts: number[];
  /** As many as STEP_LEVELS has names, as they were at the latest Count. */
  levels: number[];
}

/** What a store keeps of a queue. The steps that are over ascend. */
export interface Kept {
  /** The minute of the first counts. */
  since: number;
  /** Minutes that are over. */
  hour: Step[];
  /** Ten minutes that are over. */
  day: Step[];
  /** The latest minute. */
  latest: Step;
}

/** Steps of the same length, the oldest first. The last one is not over yet. */
export interface Series {
  stepMs: number;
  /** When the first step starts. */
  startsAtMs: number;
  /** By the places of STEP_COUNTS, for each step; null: unknown. */
  counts: (number | null)[][];
  /** By the places of STEP_LEVELS. In the last step, how many there are now. */
  levels: (number | null)[][];
}

export interface QueueHistory {
  hour: Series;
  day: Series;
}

export interface History {
  kind: "history";
  queue: Buffer;
}

export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS);
}

export function tenOf(minute: number): number {
  return Math.floor(minute / TEN);
}

/** Whether a history whose latest minute is that one goes on in this minute. */
export function goesOn(latest: number, minute: number): boolean {
  return minute - latest <= IDLE_MAX && latest - minute <= BACK_MAX;
}

/** The ten minutes in which the latest of these minutes is. It is among them, and they ascend. */
export function tenIn(minutes: Step[]): Step {
  const latest = minutes.at(-1)!;
  const at = tenOf(latest.at);
  const own = minutes.filter((step) => tenOf(step.at) === at);
  const counts = STEP_COUNTS.map((_, place) =>
    own.reduce((sum, step) => sum + step.counts[place]!, 0),
  );
  return { at, counts, levels: latest.levels };
}

/** levels: how many events there are now. */
export function historyOf(kept: Kept | null, levels: number[], nowMs: number): QueueHistory {
  let minute = minuteOf(nowMs);
  const known = kept !== null && goesOn(kept.latest.at, minute) ? kept : null;
  if (known) minute = Math.max(minute, known.latest.at);
  const minutes = known ? [...known.hour, known.latest] : [];
  const tens = known ? [...known.day, tenIn(minutes)] : [];
  const since = known ? known.since : Infinity;
  return {
    hour: seriesOf({ unit: 1, size: HOUR_STEPS, last: minute, steps: minutes, since, levels }),
    day: seriesOf({
      unit: TEN,
      size: DAY_STEPS,
      last: tenOf(minute),
      steps: tens,
      since: tenOf(since),
      levels,
    }),
  };
}

interface Range {
  /** The length of a step, in minutes. */
  unit: number;
  size: number;
  last: number;
  steps: Step[];
  /** The first step of which the counts are known. */
  since: number;
  levels: number[];
}

function seriesOf({ unit, size, last, steps, since, levels }: Range): Series {
  const first = last - size + 1;
  const series: Series = {
    stepMs: unit * MINUTE_MS,
    startsAtMs: first * unit * MINUTE_MS,
    counts: STEP_COUNTS.map(() => []),
    levels: STEP_LEVELS.map(() => []),
  };
  let next = 0;
  for (let at = first; at <= last; at++) {
    while (next < steps.length && steps[next]!.at <= at) next++;
    const latest = steps[next - 1];
    const own = latest?.at === at ? latest : undefined;
    for (const [place, counts] of series.counts.entries()) {
      // An undone pop is taken off in the step in which it is undone.
      counts.push(at < since ? null : Math.max(0, own?.counts[place] ?? 0));
    }
    const shown = at === last ? levels : latest?.levels;
    for (const [place, known] of series.levels.entries()) known.push(shown?.[place] ?? null);
  }
  return series;
}
