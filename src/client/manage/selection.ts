// Which events of a queue a command is about, and the words that say so.
import { secondsSince1970 } from "../seconds.ts";
import type { Word } from "../words.ts";

export type EventState = "ready" | "delayed" | "claimed" | "failed" | "completed";
/** Claimed events are their consumers': they are neither removed nor moved. */
export type UnclaimedState = Exclude<EventState, "claimed">;
export type RetriedState = "failed" | "delayed";

/**
 * An event must fit all that is given. A pattern is a glob: `*` stands for any bytes, `?` for one,
 * and `\` makes the next one stand for itself.
 */
export interface Selection {
  /** A pattern for ids. */
  match?: string | undefined;
  /** A pattern for the last error. */
  error?: string | undefined;
  /** Names of headers, and patterns for their values. */
  headers?: Record<string, string> | undefined;
  group?: string | undefined;
  /** Text or bytes that the contents contain. */
  contains?: string | Uint8Array | undefined;
  pushedBefore?: Date | number | undefined;
}

export interface LimitedSelection extends Selection {
  /** At most so many events. */
  limit?: number | undefined;
}

export function selectionWords(selection: Selection): Word[] {
  const { match, error, headers = {}, group, contains, pushedBefore } = selection;
  return [
    ...optionWords("MATCH", match),
    ...optionWords("ERROR", error),
    ...Object.entries(headers).flatMap(([name, pattern]) => ["HEADER", name, pattern]),
    ...optionWords("GROUP", group),
    ...optionWords("CONTAINS", contains),
    ...optionWords(
      "BEFORE",
      pushedBefore === undefined ? undefined : secondsSince1970(pushedBefore, "pushedBefore"),
    ),
  ];
}

export function limitedWords(selection: LimitedSelection): Word[] {
  return [...selectionWords(selection), ...optionWords("COUNT", selection.limit)];
}

/** The option and its value, or nothing without a value. */
export function optionWords(name: string, value: Word | undefined): Word[] {
  return value === undefined ? [] : [name, value];
}
