// The rules by which an event waits before its next attempt:
// - none
// - fixed S: S seconds each time
// - exponential FIRST MAX: FIRST seconds, then twice as long each time, at most MAX; then ±20 %
// - S,S,S: the n-th time the n-th, later always the last

import { SECONDS_MAX } from "./durations.ts";

const SECONDS = "\\d{1,9}(?:\\.\\d{1,3})?";
const RULE = new RegExp(
  `^(?:none|fixed ${SECONDS}|exponential ${SECONDS} ${SECONDS}|${SECONDS}(?:,${SECONDS}){0,99})$`,
);
const FORMS = "none, fixed S, exponential FIRST MAX, or S,S,...";
export const BACKOFF_RULES = `${FORMS} in seconds up to ${SECONDS_MAX}`;

/** ±20 % */
const JITTER = 0.2;

/** Whether it is a rule as above. */
export function isBackoff(rule: string): boolean {
  const numbers = rule.match(/[\d.]+/g) ?? [];
  return RULE.test(rule) && numbers.every((seconds) => Number(seconds) <= SECONDS_MAX);
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
