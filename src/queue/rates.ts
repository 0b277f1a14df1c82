// Rates: how many events are handed out in a time. Everything that is handed out counts, until that
// is undone. A rate that was changed counts from the change on. A queue stays there while its rate
// counts something.
import { readSeconds, SECONDS_MAX } from "./durations.ts";

export interface Rate {
  /** As it was read: two rates with the same text are the same. */
  text: string;
  /** So many at most in any window of that length. */
  count: number;
  windowMs: number;
}

const COUNT_MAX = 1_000_000_000;

/** What a rate may be, for errors. */
export const RATES = 'events/seconds, such as 100/60, or "" for no limit';

/**
 * A queue's rate of at most so many is exact. Above, and for groups, tenths of the window are
 * counted, from the first event after a window without any: an event may go if the tenth that it is
 * in and the ten before have fewer than the rate. That is never more than the rate in any window.
 */
export const EXACT_COUNT_MAX = 1000;

/** The text as it is kept; null if it is no rate. */
export function readRate(text: string): string | null {
  if (text === "") return text;
  const [count, seconds, ...rest] = text.split("/");
  if (seconds === undefined || rest.length > 0 || !/^\d{1,10}$/.test(count!)) return null;
  const per = readSeconds(seconds, 0.001, SECONDS_MAX);
  const isCount = Number(count) >= 1 && Number(count) <= COUNT_MAX;
  return per === null || !isCount ? null : `${Number(count)}/${per}`;
}

/** null: no limit. The text must be one that was read. */
export function rateOf(text: string): Rate | null {
  if (text === "") return null;
  const [count, seconds] = text.split("/").map(Number);
  return { text, count: count!, windowMs: Math.round(seconds! * 1000) };
}
