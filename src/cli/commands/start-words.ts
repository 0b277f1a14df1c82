// When an event becomes ready, as options of the command line and as words of okq's commands.
import type { Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";

/** `60.5` for 60,500 ms. */
export function secondsOf(ms: number): string {
  return String(ms / 1000);
}

/** DELAY or AT; throws UsageError if both are given. */
export function startWords({
  delay,
  at,
}: {
  delay?: number | undefined;
  at?: number | undefined;
}): Word[] {
  if (delay !== undefined && at !== undefined) {
    throw new UsageError("--delay and --at exclude each other");
  }
  if (delay !== undefined) return ["DELAY", secondsOf(delay)];
  return at === undefined ? [] : ["AT", secondsOf(at)];
}
