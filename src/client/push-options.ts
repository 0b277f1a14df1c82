// The options of a push, and the words of the command for them.
import { seconds, secondsSince1970, type Time } from "./seconds.ts";
import type { Word } from "./words.ts";

/** Options that all events of one command share. See QPUSH in the reference of okq. */
export interface PushManyOptions {
  /** At the right end: the next one out of its priority. Not with a delay or a group. */
  readonly right?: boolean;
  /** Not handed out before so long. */
  readonly delayMs?: number;
  /** Not handed out before then. */
  readonly at?: Time;
  /** From -1000 to 1000 (0). Higher ones are handed out first. Not with a group. */
  readonly priority?: number;
  /** In order within this group, which takes turns with the others. */
  readonly group?: string;
  /** The event expires so long after its push, unless it is claimed. */
  readonly ttlMs?: number;
  /** After so many attempts it has failed for good; 0 for no limit. */
  readonly attempts?: number;
  /** A rule such as "exponential 1 600", in seconds: how long it waits after a failure. */
  readonly backoff?: string;
  /** How long a claim lasts, unless the pop says otherwise. */
  readonly leaseMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A member of that counter: it is counted when it is acknowledged. */
  readonly part?: { readonly queue: string; readonly key: string };
  /** What happens if the id is taken: an error (the default), nothing, or the event is replaced. */
  readonly onDuplicate?: "error" | "keep" | "replace";
}

export interface PushOptions extends PushManyOptions {
  /** The id; by default a random one. */
  readonly id?: string;
  /** No second event with this key while one is ready, delayed or claimed. */
  readonly unique?: string;
  /** The key is taken until the event is claimed, or for a time whatever becomes of the event. */
  readonly until?: "claimed" | { readonly forMs: number };
}

/** The words of the options of QPUSH, or of QMPUSH if there are none that it lacks. */
export function pushWords(options: PushOptions, traced?: Readonly<Record<string, string>>): Word[] {
  const words: Word[] = [];
  if (options.right) words.push("RIGHT");
  if (options.delayMs !== undefined) words.push("DELAY", seconds(options.delayMs, "delayMs"));
  if (options.at !== undefined) words.push("AT", secondsSince1970(options.at, "at"));
  if (options.priority !== undefined) words.push("PRIORITY", options.priority);
  if (options.group !== undefined) words.push("GROUP", options.group);
  if (options.ttlMs !== undefined) words.push("TTL", seconds(options.ttlMs, "ttlMs"));
  if (options.attempts !== undefined) words.push("ATTEMPTS", options.attempts);
  if (options.backoff !== undefined) words.push("BACKOFF", options.backoff);
  if (options.leaseMs !== undefined) words.push("LEASE", seconds(options.leaseMs, "leaseMs"));
  const headers = traced ? { ...traced, ...options.headers } : options.headers;
  for (const name in headers) words.push("HEADER", name, headers[name]!);
  if (options.unique !== undefined) words.push("UNIQUE", options.unique);
  if (options.until === "claimed") words.push("UNTIL", "CLAIMED");
  else if (options.until) words.push("FOR", seconds(options.until.forMs, "until.forMs"));
  if (options.part) words.push("PART", options.part.queue, options.part.key);
  if (options.onDuplicate) words.push("ONDUP", options.onDuplicate.toUpperCase());
  return words;
}
