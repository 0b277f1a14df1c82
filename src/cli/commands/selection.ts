// Which events a command means: options for the words of QLIST, QRETRY, QPURGE and QMOVE.
import type { Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import type { ClientOptions, OptionValues } from "../client-option.ts";
import { secondsOf } from "./start-words.ts";

export const selectionOptions = {
  match: { kind: "text", value: "GLOB", help: "events whose id fits" },
  error: { kind: "text", value: "GLOB", help: "events whose last error fits" },
  header: {
    kind: "list",
    short: "H",
    value: "NAME=GLOB",
    help: "events with that header; may be given several times",
  },
  group: { kind: "text", value: "NAME", help: "events of that group" },
  contains: { kind: "text", help: "events whose contents contain that text" },
  before: { kind: "time", help: "events pushed before: seconds since 1970, or ISO 8601" },
} as const satisfies ClientOptions;

export type Selection = OptionValues<typeof selectionOptions>;

/** Throws UsageError. */
export function selectionWords(given: Selection): Word[] {
  const words: Word[] = [];
  if (given.match !== undefined) words.push("MATCH", given.match);
  if (given.error !== undefined) words.push("ERROR", given.error);
  for (const pair of given.header) {
    const at = pair.indexOf("=");
    if (at < 1) {
      throw new UsageError(`-H: ${JSON.stringify(pair)} is not of the form NAME=GLOB`);
    }
    words.push("HEADER", pair.slice(0, at), pair.slice(at + 1));
  }
  if (given.group !== undefined) words.push("GROUP", given.group);
  if (given.contains !== undefined) words.push("CONTAINS", given.contains);
  if (given.before !== undefined) words.push("BEFORE", secondsOf(given.before));
  return words;
}
