// The settings of a queue: their names, defaults and values. Values are kept as text (one character
// per byte), numbers of seconds as okq writes them. A queue has its own, else those that hold for
// all queues.
import { BACKOFF_RULES, readBackoff } from "./backoff.ts";
import { type Rate, RATES, rateOf, readRate } from "./rates.ts";
import { LEASE_SECONDS_MAX, readSeconds, SECONDS_MAX } from "./durations.ts";

/** How many events of a state are kept: all (null), so many, or for so long. */
export interface Keep {
  count: number | null;
  ms: number | null;
}

/** The settings of a queue as a store uses them. A number is null where there is no limit. */
export interface QueueSettings {
  leaseMs: number;
  attemptsMax: number | null;
  crashesMax: number | null;
  /** Rules of backoff.ts. */
  backoff: string;
  crashBackoff: string;
  ttlMs: number | null;
  expired: "drop" | "fail";
  lengthMax: number | null;
  full: "refuse" | "drop-oldest";
  claimedMax: number | null;
  /** Of each group that has none of its own. */
  groupLimit: number | null;
  rate: Rate | null;
  /** Of each group that has none of its own. */
  groupRate: Rate | null;
  keepCompleted: Keep;
  keepFailed: Keep;
  /** An id stays taken so long after its push, even if its event is gone; null: it does not. */
  dedupeMs: number | null;
  /** While it has bound queues, what enters it goes to these only (see bindings.ts). */
  isBoundOnly: boolean;
}

/** The settings by name that somebody has given, as text. */
export type GivenSettings = ReadonlyMap<string, string>;

interface Setting {
  name: string;
  default: string;
  /** For errors: "{name} takes {accepts}". */
  accepts: string;
  /** The value as it is kept; null if it is none. */
  read(text: string): string | null;
  summary: string;
}

const COUNT_MAX = 1_000_000_000;

type Values = Pick<Setting, "accepts" | "read">;

function readCount(text: string): string | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= COUNT_MAX ? text : null;
}

function readKeep(text: string): string | null {
  if (!text.endsWith("s")) return text === "" ? text : readCount(text);
  const seconds = readSeconds(text.slice(0, -1), 0, SECONDS_MAX);
  return seconds && `${seconds}s`;
}

function secondsFrom(min: number, max: number): Values {
  return {
    accepts: `seconds from ${min} to ${max}`,
    read: (text) => readSeconds(text, min, max),
  };
}

function oneOf(...words: string[]): Values {
  return { accepts: words.join(" or "), read: (text) => (words.includes(text) ? text : null) };
}

const count: Values = { accepts: `an integer from 0 to ${COUNT_MAX}`, read: readCount };
const rate: Values = { accepts: RATES, read: readRate };
const backoff: Values = { accepts: BACKOFF_RULES, read: readBackoff };
const keep: Values = {
  accepts: `a number of events, seconds as 3600s up to ${SECONDS_MAX}s, or nothing for all`,
  read: readKeep,
};

/** In the order in which QCONFIG shows them. */
export const settings: readonly Setting[] = [
  {
    name: "lease",
    default: "30",
    ...secondsFrom(0.001, LEASE_SECONDS_MAX),
    summary: "Seconds of a claim, unless the pop or the push has a LEASE.",
  },
  {
    name: "max-attempts",
    default: "0",
    ...count,
    summary: "After so many attempts an event has failed for good; 0 for no limit.",
  },
  {
    name: "max-crashes",
    default: "0",
    ...count,
    summary: "After so many crashes it has failed, whatever attempts are left; 0 for no limit.",
  },
  {
    name: "backoff",
    default: "exponential 1 600",
    ...backoff,
    summary: "How long an event waits after a failure, if QFAIL does not say.",
  },
  {
    name: "crash-backoff",
    default: "none",
    ...backoff,
    summary: "How long it waits after a crash.",
  },
  {
    name: "ttl",
    default: "0",
    ...secondsFrom(0, SECONDS_MAX),
    summary: "An event that has waited so long since its push expires; 0 for never.",
  },
  {
    name: "on-expire",
    default: "drop",
    ...oneOf("drop", "fail"),
    summary: 'An expired event is gone, or has failed with the error "expired".',
  },
  {
    name: "max-length",
    default: "0",
    ...count,
    summary: "How many events may be ready and delayed; 0 for no limit.",
  },
  {
    name: "on-full",
    default: "refuse",
    ...oneOf("refuse", "drop-oldest"),
    summary:
      "Then a push is refused (QUEUEFULL), or drops, of the lowest priority, the event that " +
      "would be out first.",
  },
  {
    name: "max-claimed",
    default: "0",
    ...count,
    summary: "How many events may be claimed at a time; 0 for no limit. NOACK claims none.",
  },
  {
    name: "group-limit",
    default: "1",
    ...count,
    summary: "How many events of each group may be claimed at a time; 0 for no limit.",
  },
  {
    name: "rate",
    default: "",
    ...rate,
    summary: "100/60: hands out at most 100 events in any 60 seconds; empty for no limit.",
  },
  {
    name: "group-rate",
    default: "",
    ...rate,
    summary: "The same for each group.",
  },
  {
    name: "keep-completed",
    default: "0",
    ...keep,
    summary: "How many acknowledged events are kept, or for how long; 0 for none.",
  },
  {
    name: "keep-failed",
    default: "",
    ...keep,
    summary: "How many failed events are kept, or for how long; 0 for none.",
  },
  {
    name: "failed-to",
    default: "",
    accepts: "the name of a queue, or nothing",
    read: (text) => text,
    summary:
      "This queue gets an event when it fails for good; empty for none. If it is set for all " +
      "queues, this queue keeps its own failed events.",
  },
  {
    name: "dedupe-window",
    default: "0",
    ...secondsFrom(0, SECONDS_MAX),
    summary:
      "An id stays taken for this time after its push, even if its event is gone; 0: as long as " +
      "the event is there.",
  },
  {
    name: "bound-only",
    default: "no",
    ...oneOf("no", "yes"),
    summary: "yes: while it has bound queues (QBIND), events that enter it go to these only.",
  },
];

const byName = new Map(settings.map((setting) => [setting.name, setting]));

/** The setting of that name. */
export function settingNamed(name: string): Setting | undefined {
  return byName.get(name);
}

/** The value as text: the queue's own, else that of all queues, else the default. */
export function settingText(name: string, own: GivenSettings, all: GivenSettings): string {
  return own.get(name) ?? all.get(name) ?? byName.get(name)!.default;
}

/**
 * The queue to which failed events of this one move (its name in latin1); null for none. The queue
 * that is named for all queues keeps its own, so that no order of settings makes a circle (see
 * Configure).
 */
export function failedToOf(queue: string, own: GivenSettings, all: GivenSettings): string | null {
  const target = settingText("failed-to", own, all);
  return target === "" || target === queue || all.get("failed-to") === queue ? null : target;
}

/** Both are valid. */
export function settingsOf(own: GivenSettings, all: GivenSettings): QueueSettings {
  const text = (name: string) => settingText(name, own, all);
  const limit = (name: string) => Number(text(name)) || null;
  const ms = (name: string) => Math.round(Number(text(name)) * 1000);
  return {
    leaseMs: ms("lease"),
    attemptsMax: limit("max-attempts"),
    crashesMax: limit("max-crashes"),
    backoff: text("backoff"),
    crashBackoff: text("crash-backoff"),
    ttlMs: ms("ttl") || null,
    expired: text("on-expire") as "drop" | "fail",
    lengthMax: limit("max-length"),
    full: text("on-full") as "refuse" | "drop-oldest",
    claimedMax: limit("max-claimed"),
    groupLimit: limit("group-limit"),
    rate: rateOf(text("rate")),
    groupRate: rateOf(text("group-rate")),
    keepCompleted: keepOf(text("keep-completed")),
    keepFailed: keepOf(text("keep-failed")),
    dedupeMs: ms("dedupe-window") || null,
    isBoundOnly: text("bound-only") === "yes",
  };
}

function keepOf(text: string): Keep {
  if (text === "") return { count: null, ms: null };
  if (!text.endsWith("s")) return { count: Number(text), ms: null };
  return { count: null, ms: Math.round(Number(text.slice(0, -1)) * 1000) };
}
