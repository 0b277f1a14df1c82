// Numbers in arguments: seconds, points in time and integers, as drivers write them.
import { LEASE_SECONDS_MAX, SECONDS_MAX, WAIT_SECONDS_MAX } from "../queue/durations.ts";
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
/** The end of the year 2200. */
const TIME_MAX = 7_289_654_400;
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:E[+-]?\d+)?$/;
/** Digits of a time in ms that a double keeps, down to 10 microseconds. */
const DIGITS = 15;

/**
 * Reads seconds in whole milliseconds, rounded up. It throws unless they are from `min`, which is 0
 * or 0.001, to the most that makes sense for that option.
 */
export function secondsReader(min: 0 | 0.001): (name: string, bytes: Buffer) => number {
  return (name, bytes) => {
    const seconds = numberOf(bytes);
    const ms = toMs(seconds);
    const max = MOST_SECONDS[name] ?? SECONDS_MAX;
    if (seconds >= 0 && ms >= min * 1000 && seconds <= max) return ms;
    throw commandError("notSeconds", { name, min, max, given: bytes });
  };
}

/** In ms since 1970, rounded up. A time in the past is 0 or more. */
export function readTime(name: string, bytes: Buffer): number {
  const seconds = numberOf(bytes);
  if (seconds <= TIME_MAX) return Math.max(0, toMs(seconds));
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
  const text = bytes.length <= 16 ? bytes.toString("latin1") : "";
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Seconds with up to three decimals, as okq writes them. */
export function secondsText(ms: number): string {
  return String(Math.round(ms) / 1000);
}

/** NaN if it is no finite number. Also 1.7327380005e+09, as some drivers write large numbers. */
function numberOf(bytes: Buffer): number {
  const text = wordOf(bytes);
  const number = NUMBER.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : NaN;
}

/** 0.07 seconds are 70 ms, although 0.07 * 1000 is a little more than 70. */
function toMs(seconds: number): number {
  const ms = seconds * 1000;
  // + 0 makes -0 to 0.
  return Number.isInteger(ms) ? ms + 0 : Math.ceil(Number(ms.toPrecision(DIGITS)));
}
