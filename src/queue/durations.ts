// Times in seconds, as commands and settings take them, and the longest of each kind: a client that
// asks for more has mostly given milliseconds.

/** Ten years: delays, TTLs, pauses, windows, and how long events are kept. */
export const SECONDS_MAX = 10 * 365 * 86_400;

/** A week. A consumer that needs longer touches its claim. */
export const LEASE_SECONDS_MAX = 7 * 86_400;

/** A day. A client that waits longer waits again. */
export const WAIT_SECONDS_MAX = 86_400;

const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i;
/** Digits of a time in ms that a double keeps, down to 10 microseconds. */
const DIGITS = 15;

/**
 * Seconds in whole milliseconds, rounded away from 0; null if they are no finite number. They may
 * be written as 1.7327380005e+09, as some drivers write large numbers.
 */
export function msOf(seconds: string): number | null {
  const ms = NUMBER.test(seconds) ? Number(seconds) * 1000 : NaN;
  if (!Number.isFinite(ms)) return null;
  // + 0 makes -0 to 0.
  if (Number.isInteger(ms)) return ms + 0;
  // 0.07 seconds are 70 ms, although 0.07 * 1000 is a little more than 70.
  const rounded = Number(ms.toPrecision(DIGITS));
  return rounded < 0 ? Math.floor(rounded) : Math.ceil(rounded);
}

/** Seconds with up to three decimals, as okq writes them. */
export function secondsText(ms: number): string {
  return String(Math.round(ms) / 1000);
}

/** The same seconds as okq writes them; null if they are not from `min` to `max`. */
export function readSeconds(seconds: string, min: number, max: number): string | null {
  const ms = msOf(seconds);
  return ms !== null && ms >= min * 1000 && ms <= max * 1000 ? secondsText(ms) : null;
}
