// Reads single values of arguments by their placeholders in a syntax line.
import { BACKOFF_RULES, readBackoff } from "../queue/backoff.ts";
import { COUNT_MAX } from "../queue/counters.ts";
import { commandError } from "./errors.ts";
import { integerReader, readTime, secondsReader } from "./numbers.ts";
import type { NumberName } from "./syntax-types.ts";
import { wordOf } from "./words.ts";

/** Throws a CommandError that names the argument for a value that it does not take. */
export type ReadValue = (name: string, bytes: Buffer) => unknown;

/** How placeholders are read that stand for numbers. */
const numbers: Record<NumberName, ReadValue> = {
  seconds: secondsReader(0),
  "seconds>0": secondsReader(0.001),
  timeout: secondsReader(0),
  time: readTime,
  n: integerReader(0, 1_000_000_000),
  count: integerReader(1, 1000),
  limit: integerReader(1, 1_000_000_000),
  weight: integerReader(1, 1_000_000),
  members: integerReader(1, COUNT_MAX),
  priority: integerReader(-1000, 1000),
};

/** How the values of that placeholder are read; null if they are the bytes as they came. */
export function readerOf(placeholder: string): ReadValue | null {
  if (placeholder === "rule") return readRule;
  const read = numbers[placeholder as NumberName] as ReadValue | undefined;
  return read ?? (isChoice(placeholder) ? choiceReader(placeholder) : null);
}

function isChoice(placeholder: string): boolean {
  return /^[A-Z]/.test(placeholder);
}

function readRule(name: string, given: Buffer): string {
  const rule = readBackoff(given.toString("latin1"));
  if (rule !== null) return rule;
  throw commandError("notOneOf", { name, accepts: BACKOFF_RULES, given });
}

function choiceReader(choice: string): ReadValue {
  const words = choice.split("|");
  return (name, bytes) => {
    const word = wordOf(bytes);
    if (words.includes(word)) return word;
    throw commandError("notOneOf", { name, accepts: words.join(", "), given: bytes });
  };
}
