// The rules by which an event waits before its next attempt:
// - none
// - fixed S: S seconds each time
// - exponential FIRST MAX: FIRST seconds, then twice as long each time, at most MAX; then ±20 %
// - S,S,S: the n-th time the n-th, later always the last

import { readSeconds, SECONDS_MAX } from "./durations.ts";

const FORMS = "none, fixed S, exponential FIRST MAX, or S,S,...";
export const BACKOFF_RULES = `one argument: ${FORMS} in seconds up to ${SECONDS_MAX}`;
const STEPS_MAX = 100;

/** ±20 % */
const JITTER = 0.2;

/** The same rule with seconds as okq writes them; null if it is none. */
export function readBackoff(rule: string): string | null {
  if (rule === "none") return rule;
  const [kind, ...values] = rule.split(" ");
  if (values.length === 0) return readAll(rule.split(","))?.join(",") ?? null;
  const count = kind === "fixed" ? 1 : kind === "exponential" ? 2 : 0;
  const times = values.length === count ? readAll(values) : null;
  return times && [kind, ...times].join(" ");
}

function readAll(times: string[]): string[] | null {
  if (times.length > STEPS_MAX) return null;
  const read = times.map((seconds) => readSeconds(seconds, 0, SECONDS_MAX));
  return read.includes(null) ? null : (read as string[]);
}

/** How long the event waits after its n-th failure or crash, in ms. random is from 0 to 1. */
export function backoffMs(rule: string, n: number, random: number): number {
  const [kind, ...values] = rule.split(" ");
  if (kind === "none") return 0;
  if (kind === "fixed") return inMs(values[0]!);
  if (kind === "exponential") {
    const [first, max] = values.map(inMs) as [number, number];
    const capped = Math.min(max, first * 2 ** Math.min(n - 1, 60));
    return Math.round(capped * (1 + JITTER * (2 * random - 1)));
  }
  const steps = kind!.split(",");
  return inMs(steps[Math.min(n, steps.length) - 1]!);
}

function inMs(seconds: string): number {
  return Math.round(Number(seconds) * 1000);
}
