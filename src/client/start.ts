// When an event becomes ready.
import { seconds, secondsSince1970, type Time } from "./seconds.ts";
import type { Word } from "./words.ts";

/** At once, or not before so long, or not before then. */
export type Start =
  | { readonly delayMs?: number | undefined; readonly at?: undefined }
  | { readonly delayMs?: undefined; readonly at?: Time | undefined };

export function startWords({ delayMs, at }: Start): Word[] {
  const words: Word[] = [];
  if (delayMs !== undefined) words.push("DELAY", seconds(delayMs, "delayMs"));
  if (at !== undefined) words.push("AT", secondsSince1970(at, "at"));
  return words;
}
