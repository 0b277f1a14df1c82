// The settings of a queue as typed values, and as the words of QCONFIG and QDEFAULT.
import { Fields, msOf } from "./fields.ts";
import type { Reply } from "../reply.ts";
import { seconds } from "../seconds.ts";
import type { Word } from "../words.ts";

/**
 * How long an event waits before its next attempt, in seconds: `fixed 5`, `exponential 1 600`
 * (the first time 1, then twice as long each time, at most 600), or one time after the other,
 * `1,10,60`.
 */
export type BackoffRule =
  | "none"
  | `fixed ${number}`
  | `exponential ${number} ${number}`
  | `${number}`
  | `${number},${string}`;

/** At most so many events in any time of that length. */
export interface Rate {
  count: number;
  perMs: number;
}

/** How many ended events are kept, or for how long. */
export type Keep = "all" | { count: number } | { forMs: number };

/** A 0 means no limit, for `ttlMs` never, and for `dedupeWindowMs` no window. */
export interface QueueSettings {
  /** How long a claim lasts, unless the pop or the push says otherwise. Never 0. */
  leaseMs: number;
  maxAttempts: number;
  maxCrashes: number;
  backoff: BackoffRule;
  crashBackoff: BackoffRule;
  ttlMs: number;
  onExpire: "drop" | "fail";
  /** How many events may be ready and delayed. */
  maxLength: number;
  onFull: "refuse" | "drop-oldest";
  maxClaimed: number;
  /** How many events of each group may be claimed at a time. */
  groupLimit: number;
  rate: Rate | null;
  groupRate: Rate | null;
  keepCompleted: Keep;
  keepFailed: Keep;
  /** The queue that gets events that fail for good. */
  failedTo: string | null;
  /** How long an id stays taken after its push. */
  dedupeWindowMs: number;
  /** While it has bound queues, events that enter it go to these only. */
  boundOnly: boolean;
}

export type SettingName = keyof QueueSettings;

export type SettingChanges = { [Name in SettingName]?: QueueSettings[Name] | undefined };

/** How values of a kind are written and read. */
interface Form<V> {
  /** The name is for errors. */
  write(value: V, name: string): string;
  read(text: string): V;
}

const count: Form<number> = { write: String, read: Number };
const ms: Form<number> = {
  write: seconds,
  read: (text) => msOf(Number(text)),
};
const nameOrNone: Form<string | null> = {
  write: (name) => name ?? "",
  read: (text) => (text === "" ? null : text),
};
const yesOrNo: Form<boolean> = {
  write: (isSo) => (isSo ? "yes" : "no"),
  read: (text) => text === "yes",
};
const keep: Form<Keep> = { write: keepText, read: keepOf };
const rate: Form<Rate | null> = { write: rateText, read: rateOf };

function words<V extends string>(): Form<V> {
  return { write: (word) => word, read: (text) => text as V };
}

const forms: { [Name in SettingName]: [name: string, form: Form<QueueSettings[Name]>] } = {
  leaseMs: ["lease", ms],
  maxAttempts: ["max-attempts", count],
  maxCrashes: ["max-crashes", count],
  backoff: ["backoff", words()],
  crashBackoff: ["crash-backoff", words()],
  ttlMs: ["ttl", ms],
  onExpire: ["on-expire", words()],
  maxLength: ["max-length", count],
  onFull: ["on-full", words()],
  maxClaimed: ["max-claimed", count],
  groupLimit: ["group-limit", count],
  rate: ["rate", rate],
  groupRate: ["group-rate", rate],
  keepCompleted: ["keep-completed", keep],
  keepFailed: ["keep-failed", keep],
  failedTo: ["failed-to", nameOrNone],
  dedupeWindowMs: ["dedupe-window", ms],
  boundOnly: ["bound-only", yesOrNo],
};

function keepText(kept: Keep): string {
  if (kept === "all") return "";
  return "count" in kept ? String(kept.count) : `${seconds(kept.forMs, "forMs")}s`;
}

function keepOf(text: string): Keep {
  if (text === "") return "all";
  if (!text.endsWith("s")) return { count: Number(text) };
  return { forMs: ms.read(text.slice(0, -1)) };
}

export function rateText(limit: Rate | null): string {
  return limit === null ? "" : `${limit.count}/${seconds(limit.perMs, "perMs")}`;
}

export function rateOf(text: string): Rate | null {
  if (text === "") return null;
  const [events, time] = text.split("/");
  return { count: Number(events), perMs: ms.read(time!) };
}

export function settingsOf(reply: Reply): QueueSettings {
  const fields = new Fields(reply);
  const entries = Object.entries(forms).map(([name, [wire, form]]) => [
    name,
    form.read(fields.name(wire)),
  ]);
  return Object.fromEntries(entries) as unknown as QueueSettings;
}

/** The settings to change, as names and values. */
export function settingWords(changes: SettingChanges): Word[] {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return given.flatMap(([name, value]) => {
    const [wire, form] = formOf(name);
    return [wire, form.write(value as never, name)];
  });
}

/** The settings to take back; none: all. */
export function resetWords(names: readonly SettingName[]): Word[] {
  return ["RESET", ...names.map((name) => formOf(name)[0])];
}

function formOf(name: string): [string, Form<never>] {
  if (Object.hasOwn(forms, name)) return forms[name as SettingName] as [string, Form<never>];
  throw new TypeError(`okq has no setting ${name}; it has ${Object.keys(forms).join(", ")}`);
}
