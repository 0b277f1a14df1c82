// The one place where Redis keys are built. All keys of a lane share one hash tag, so that one
// script may touch them all, also in a cluster. The tag comes first and a queue's name last: no
// name, with any bytes, can change the tag or reach another key. Between them stands the version of
// the layout: an okq that knows another one never meets these keys.

import { Encoded, Output } from "../../resp/reply.ts";

/** The tag of all keys in a Redis that is not a cluster. */
export const TAG = "{okq}";

export const LAYOUT = ":2:";

/** The part of a key between the tag and the queue's name. The scripts use the same names. */
export const INFIXES = {
  /** hash of values (see value.ts) by id, of all events but the completed ones */
  EVENTS: `${LAYOUT}events:`,
  /** list of the other ready ids, left to right */
  READY: `${LAYOUT}ready:`,
  /** sorted set of ids by deadline: the tick of the claim (see TICKS_PER_MS) and its lease */
  CLAIMED: `${LAYOUT}claimed:`,
  /** sorted set of the ready ids that are out before the list, the next one out first */
  FRONT: `${LAYOUT}front:`,
  /** hash by id of what is noted of a claim: see claims.lua */
  CLAIMS: `${LAYOUT}claims:`,
  /** sorted set of the ready events with a priority but 0, by their bytes: see ranked.lua */
  RANKED: `${LAYOUT}ranked:`,
  /** sorted set of the ready events of all groups, by their bytes: see grouped.lua */
  GROUPED: `${LAYOUT}grouped:`,
  /** hash by "=" and a group's name, or "" for the events without a group: see grouped.lua */
  GROUPS: `${LAYOUT}groups:`,
  /** sorted set of names as in "groups", of those that can go, by the tick of their latest turn */
  TURNS: `${LAYOUT}turns:`,
  /** hash of the limits, rates and pauses that groups have of their own, by name as in "groups" */
  OWN_GROUPS: `${LAYOUT}own-groups:`,
  /** hash of what the rates of groups count, by name as in "groups": see rates.lua */
  GROUP_RATES: `${LAYOUT}group-rates:`,
  /** what the rate of the queue counts: see rates.lua */
  RATE: `${LAYOUT}rate:`,
  /** sorted set of names as in "groups" by when a tick looks at them, in ms; "" for the rate */
  LOOKS: `${LAYOUT}looks:`,
  /** hash of priorities, groups, and places or ranks by id: see more.lua */
  PLACES: `${LAYOUT}places:`,
  /** hash of rare facts by id, see events.lua */
  MORE: `${LAYOUT}more:`,
  /** hash of settings by name, and of when the pauses end: "pause:in", "pause:out" */
  CONFIG: `${LAYOUT}config:`,
  /** sorted set of the names of paused workers by when their pauses end, in ms */
  PAUSED_WORKERS: `${LAYOUT}paused-workers:`,
  /** sorted set of ids by when their dedupe windows end, in ms */
  WINDOWS: `${LAYOUT}windows:`,
  /** hash of ids by unique key: see unique.lua */
  UNIQUE: `${LAYOUT}unique:`,
  /** sorted set of the unique keys that are taken for some time by when that ends, in ms */
  UNIQUE_ENDS: `${LAYOUT}unique-ends:`,
  /** hash of the records of counters by key: see counters.lua */
  COUNTERS: `${LAYOUT}counters:`,
  /** sorted set of the keys of counters, all scores 0 */
  COUNTER_KEYS: `${LAYOUT}counter-keys:`,
  /** sorted set of the keys of counters by when they are gone, in ms */
  COUNTER_ENDS: `${LAYOUT}counter-ends:`,
  /** hash of what counters push by key */
  COUNTER_EVENTS: `${LAYOUT}counter-events:`,
  /** behind it the name of the set of a counter, ":" and the queue's: set of what it has counted */
  MEMBERS: `${LAYOUT}members:`,
  /** hash of how often "=" and an id stands in the list without its event; "all": in all */
  GHOSTS: `${LAYOUT}ghosts:`,
  /** hash, only of a stream: see stream-record.lua */
  STREAM: `${LAYOUT}stream:`,
  /** sorted set of ids by the tick at which their events were completed */
  COMPLETED: `${LAYOUT}completed:`,
  /** hash of values by id, of the completed events */
  DONE: `${LAYOUT}done:`,
  /** sorted set of ids by the time at which they are due, in ms */
  DELAYED: `${LAYOUT}delayed:`,
  /** sorted set of ids by the tick at which their events failed for good */
  FAILED: `${LAYOUT}failed:`,
  /** sorted set of ids by the time at which their TTL ends, in ms; they are looked at then */
  EXPIRES: `${LAYOUT}expires:`,
  /** hash: what is still to be done after the settings have changed, see tick.lua */
  REVIEW: `${LAYOUT}review:`,
  /** set of the ids of delayed events that have failed or crashed */
  RETRYING: `${LAYOUT}retrying:`,
  /** hash of what was counted since the queue came into being: see figures.lua */
  STATS: `${LAYOUT}stats:`,
  /** behind it the number of some seconds, ":" and the name: hash of what was counted in these */
  RECENT: `${LAYOUT}recent:`,
  /** hash of the history: see history-steps.lua */
  HISTORY: `${LAYOUT}history:`,
  /** hash of cron entries by name: see crons.lua */
  CRONS: `${LAYOUT}crons:`,
  /** sorted set of the names of cron entries by when they are due, in ms */
  CRON_TIMES: `${LAYOUT}cron-times:`,
  /** hash of errors by id */
  ERRORS: `${LAYOUT}errors:`,
  /** hash of log lines by id */
  LOG: `${LAYOUT}log:`,
} as const;

/** The lease that is not written down for each claim. It may never change. */
export const USUAL_LEASE_MS = 30_000;

/**
 * Each claim, and each event put at the right end, takes a tick of its own: the time since 1970 on
 * the server's clock, in units so small that one batch does not need more of them than pass
 * meanwhile. Scores are integers, which Redis keeps and compares fastest. In the front of a queue:
 * - minus its tick for an event put at the right end: the latest is the first
 * - the tick of the claim for an event whose lease ended
 * - PUSHED_LEFT and the tick at which it left the list, for an event whose pop was undone, or that
 *   was moved here (see line.lua)
 */
export const TICKS_PER_MS = 2048;
/** Some years: these events must come behind all whose lease ended, and sums must stay exact. */
export const PUSHED_LEFT = 2 ** 49;

/** From this size on contents are large: they travel beside the script where possible. */
export const LARGE_BYTES = 1024;

/**
 * The keys that every batch names before its queues' keys:
 * - queues: sorted set, all scores 0, of the names of queues that have events or consumers
 * - timers: sorted set of queue names by a lower bound of when something is due, in ms
 * - processes: set of the keys of the okq processes that have consumers
 * - absent: never there. While a cluster moves the slot a batch that names it and others is turned
 *   away (TRYAGAIN), where it might else find half of its keys gone in its midst.
 * - process: what the process itself has noted
 */
export function fixedKeys(tag: string, processId: string): string[] {
  const own = `process:${processId}`;
  return ["queues", "timers", "processes", "absent", own].map((name) => tag + LAYOUT + name);
}

/** Keys that batches do not name; there is one of each. */
export const SINGLE_KEYS = {
  /** hash of the settings of all queues by name */
  SETTINGS: `${LAYOUT}settings`,
  /** set of the names of queues that the plain script leaves alone: see rare.lua */
  RARE: `${LAYOUT}rare`,
  /** set of those of them that have nothing rare but priorities and groups: see rare.lua */
  ORDERED: `${LAYOUT}ordered`,
  /** sorted set, all scores 0, of the names of sets: see sets.lua */
  SETS: `${LAYOUT}sets`,
  /** set of the names of queues that are lists: see name-kind.lua */
  LISTS: `${LAYOUT}lists`,
  /** sorted set of the names of queues by when their first cron entry is due, in ms */
  CRONS_DUE: `${LAYOUT}crons-due`,
  /** sorted set, all scores 0, of the names of queues that have cron entries */
  CRON_QUEUES: `${LAYOUT}cron-queues`,
  /** hash of the time in ms and the number of the latest token or made id */
  COUNTER: `${LAYOUT}counter`,
  /** the time of a recent tick, in ms: see tick.lua */
  CLOCK: `${LAYOUT}clock`,
};

export const FIXED_KEYS = fixedKeys("", "").length;

/** Builds the keys of queues under that tag, in the order above. */
export function queueKeys(tag: string): (queue: Buffer) => Buffer[] {
  const prefixes = Object.values(INFIXES).map((infix) => Buffer.from(tag + infix));
  return (queue) => prefixes.map((prefix) => Buffer.concat([prefix, queue]));
}

/** One key of a queue: the infix is one of INFIXES, or STAGED. */
export function queueKey(tag: string, infix: string, queue: Buffer): Buffer {
  return Buffer.concat([Buffer.from(tag + infix), queue]);
}

/** The infix of a key that exists only within a transaction, while contents are added. */
export const STAGED = `${LAYOUT}staged:`;

/** The infix of the key of a set, whose name stands in the place of a queue's. */
export const SET = `${LAYOUT}set:`;

/**
 * The infix of a key that is there, for half a minute at a time, while clients of an okq wait until
 * something has ended in a queue. Only in a cluster.
 */
export const AWAITED = `${LAYOUT}awaited:`;

/**
 * The encoded keys by which a batch names its queues; those of recent queues are kept. It is one
 * key each: the scripts build the others, which have the same tag.
 */
export class QueueKeys {
  static readonly #KEPT_MAX = 256;
  readonly #tag: string;
  readonly #kept = new Map<string, Encoded>();

  constructor(tag: string) {
    this.#tag = tag;
  }

  /** The name is nameOf(queue). */
  of(queue: Buffer, name: string): Encoded {
    const known = this.#kept.get(name);
    if (known) return known;
    const output = new Output();
    output.write(queueKey(this.#tag, INFIXES.EVENTS, queue), 2);
    const key = new Encoded(Buffer.from(output.bytes()));
    if (this.#kept.size >= QueueKeys.#KEPT_MAX) this.#kept.clear();
    this.#kept.set(name, key);
    return key;
  }
}

/**
 * The channels on which processes tell each other what happened in a queue, whose name may follow,
 * and when the next tick is due. Pub/sub is the same for all databases: the names have the number.
 */
export function channelNames(db: number): ChannelNames {
  const nameOf = (what: string) => `${TAG}:${what}:${db}`;
  return {
    ready: `${nameOf("ready")}:`,
    ended: `${nameOf("ended")}:`,
    due: nameOf("due"),
    listeners: nameOf("listeners"),
    reports: nameOf("reports"),
  };
}

export interface ChannelNames {
  /** In front of a queue's name: events became ready there. */
  ready: string;
  /** In front of a queue's name: a claim or an event ended there. */
  ended: string;
  due: string;
  /** A process has left another note of what its clients listen to. */
  listeners: string;
  /** What happened to events, for these processes. */
  reports: string;
}
