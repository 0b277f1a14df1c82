// The options of a push, and the words of the command for them.
import type { BackoffRule } from "./manage/settings.ts";
import { seconds } from "./seconds.ts";
import { type Start, startWords } from "./start.ts";
import type { Word } from "./words.ts";

/** Where and when an event is handed out. */
type Place =
  | ({
      readonly right?: false | undefined;
      readonly group?: undefined;
      /** From -1000 to 1000 (0). Higher ones are handed out first. */
      readonly priority?: number | undefined;
    } & Start)
  | ({
      readonly right?: false | undefined;
      /** In order within this group, which takes turns with the others. */
      readonly group?: string | undefined;
      readonly priority?: undefined;
    } & Start)
  | {
      /** At the right end: the next one out of its priority. */
      readonly right: true;
      readonly priority?: number | undefined;
      readonly group?: undefined;
      readonly delayMs?: undefined;
      readonly at?: undefined;
    };

interface Common {
  /** The event expires so long after its push, unless it is claimed. */
  readonly ttlMs?: number | undefined;
  /** After so many attempts it has failed for good; 0 for no limit. */
  readonly attempts?: number | undefined;
  /** How long it waits after a failure. */
  readonly backoff?: BackoffRule | undefined;
  /** How long a claim lasts, unless the pop says otherwise. */
  readonly leaseMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A member of that counter: it is counted when it is acknowledged. */
  readonly part?: { readonly queue: string; readonly key: string } | undefined;
}

type Unique =
  | { readonly unique?: undefined; readonly until?: undefined }
  | {
      /** No second event with this key while one is ready, delayed or claimed. */
      readonly unique: string;
      /** Until the event is claimed, or for a time whatever becomes of the event. */
      readonly until?: "claimed" | { readonly forMs: number } | undefined;
    };

/** Options of events that okq pushes, for a counter or a cron entry. */
export type EventOptions = Place & Common & Unique;

/** Options that all events of one command share. See QPUSH in the reference of okq. */
export type PushManyOptions = Place &
  Common & {
    /** What happens if the id is taken: an error (the default), nothing, or a replaced event. */
    readonly onDuplicate?: "error" | "keep" | "replace" | undefined;
  };

export type PushOptions = PushManyOptions &
  Unique & {
    /** The id; by default a random one. */
    readonly id?: string | undefined;
  };

/** The words of the options of QPUSH, or of QMPUSH if there are none that it lacks. */
export function pushWords(options: PushOptions, traced?: Readonly<Record<string, string>>): Word[] {
  const words: Word[] = [];
  if (options.right) words.push("RIGHT");
  words.push(...startWords(options));
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
