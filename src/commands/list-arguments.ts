// Arguments and results of Redis' list commands, judged as Redis judges them and in its words.
import { secondsToMs } from "../queue/durations.ts";
import type { End } from "../queue/event.ts";
import { LIST_REACH, TOO_LARGE, WRONG_TYPE } from "../queue/lists.ts";
import { commandError } from "./errors.ts";
import { wordOf } from "./words.ts";

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const DIGIT_0 = 48;
const INTEGER_BYTES_MAX = 20;
const [INTEGER_MIN, INTEGER_AFTER] = [-(2n ** 63n), 2n ** 63n];
/** As an index or a count it is beyond every list. */
const FAR = 2 ** 40;
/** Redis counts the milliseconds in 64 bits. */
const TIMEOUT_MS_MAX = 2 ** 63;

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte < DIGIT_0 + 10;
}

/** An integer of 64 bits, of at most FAR; null for anything else. */
export function parseInteger(bytes: Buffer): number | null {
  if (bytes.length === 1 && isDigit(bytes[0]!)) return bytes[0]! - DIGIT_0;
  const text = bytes.toString("latin1", 0, INTEGER_BYTES_MAX + 1);
  if (!INTEGER.test(text)) return null;
  const value = BigInt(text);
  if (value < INTEGER_MIN || value >= INTEGER_AFTER) return null;
  return Math.max(-FAR, Math.min(FAR, Number(text)));
}

export function integerOf(bytes: Buffer): number {
  const value = parseInteger(bytes);
  if (value !== null) return value;
  throw commandError("notAnInteger");
}

/** How many events a pop may take. */
export function popCountOf(bytes: Buffer): number {
  const value = parseInteger(bytes);
  if (value !== null && value >= 0) return value;
  throw commandError("mustBePositive");
}

export function positiveOf(name: "numkeys" | "count", bytes: Buffer): number {
  const value = parseInteger(bytes);
  if (value !== null && value > 0) return value;
  throw commandError("notPositive", { name });
}

export function notNegativeOf(option: "COUNT" | "MAXLEN", bytes: Buffer): number {
  const value = parseInteger(bytes);
  if (value !== null && value >= 0) return value;
  throw commandError("negative", { option });
}

export function endOf(bytes: Buffer): End {
  const word = wordOf(bytes);
  if (word === "LEFT") return "left";
  if (word === "RIGHT") return "right";
  throw commandError("syntax");
}

/** Seconds as milliseconds; Infinity for 0. */
export function timeoutOf(bytes: Buffer): number {
  const seconds = parseInteger(bytes);
  const isExact = seconds !== null && Math.abs(seconds) < FAR;
  const ms = isExact ? seconds * 1000 : secondsToMs(wordOf(bytes));
  if (ms === null) throw commandError("timeoutNoNumber");
  if (ms < 0) throw commandError("timeoutNegative");
  if (ms > TIMEOUT_MS_MAX) throw commandError("timeoutTooLong");
  return ms === 0 ? Infinity : ms;
}

/** Throws if the result says that the queue is no list, or too large a one. */
export function resultOf<T>(
  result: T,
  queue: Buffer,
): Exclude<T, typeof WRONG_TYPE | typeof TOO_LARGE> {
  if (result === WRONG_TYPE) throw commandError("wrongType");
  if (result === TOO_LARGE) throw commandError("listTooLarge", { reach: LIST_REACH, queue });
  return result as Exclude<T, typeof WRONG_TYPE | typeof TOO_LARGE>;
}
