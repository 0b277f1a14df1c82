// Numbers in arguments: seconds, points in time and integers, as drivers write them.
import {
  LEASE_SECONDS_MAX,
  secondsToMs,
  SECONDS_MAX,
  WAIT_SECONDS_MAX,
} from "../queue/durations.ts";
import { commandError } from "./errors.ts";
import { wordOf } from "./words.ts";

/** Of the options of classic commands: about 68 years. */
const CLASSIC_SECONDS_MAX = 2 ** 31 - 1;

/** By the names of options and arguments; else SECONDS_MAX. */
const MOST_SECONDS: Record<string, number> = {
  EX: CLASSIC_SECONDS_MAX,
  timeout: CLASSIC_SECONDS_MAX,
  LEASE: LEASE_SECONDS_MAX,
  WAIT: WAIT_SECONDS_MAX,
  seconds: WAIT_SECONDS_MAX,
};
const DIGITS_MAX = 15;
const MINUS = 45;
const ZERO = 48;
/** The end of the year 2200. */
const TIME_MAX = 7_289_654_400;

/**
 * Reads seconds in whole milliseconds, rounded up. It throws unless they are from `min`, which is 0
 * or 0.001, to the most that makes sense for that option.
 */
export function secondsReader(min: 0 | 0.001): (name: string, bytes: Buffer) => number {
  return (name, bytes) => {
    const ms = secondsToMs(wordOf(bytes));
    const max = MOST_SECONDS[name] ?? SECONDS_MAX;
    if (ms !== null && ms >= min * 1000 && ms <= max * 1000) return ms;
    throw commandError("notSeconds", { name, min, max, given: bytes });
  };
}

/** In ms since 1970, rounded up. A time in the past is 0 or more. */
export function readTime(name: string, bytes: Buffer): number {
  const ms = secondsToMs(wordOf(bytes));
  if (ms !== null && ms <= TIME_MAX * 1000) return Math.max(0, ms);
  throw commandError("notTime", { name, given: bytes });
}

export function integerReader(min: number, max: number): (name: string, bytes: Buffer) => number {
  return (name, bytes) => {
    const value = parseInteger(bytes);
    if (value !== null && value >= min && value <= max) return value;
    throw commandError("notInteger", { name, min, max, given: bytes });
  };
}

/** An integer of at most 15 digits, or null. */
export function parseInteger(bytes: Buffer): number | null {
  const first = bytes[0] === MINUS ? 1 : 0;
  const digits = bytes.length - first;
  if (digits < 1 || digits > DIGITS_MAX) return null;
  let value = 0;
  for (let at = first; at < bytes.length; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return first === 0 ? value : -value;
}
