// The one place where Redis keys are built. All keys of a lane share one hash tag, so that one
// script may touch them all, also in a cluster. The tag comes first and a queue's name last: no
// name, with any bytes, can change the tag or reach another key.

/** The tag of a Redis that is one lane. */
export const TAG = "{okq}";

/** What stands between the tag and a queue's name; the scripts know these by the same names. */
export const INFIXES = {
  /** list of the other ready ids, left to right */
  READY: ":ready:",
  /** sorted set of ids by deadline: the number of the claim (see NUMBER_STEP) and its lease */
  CLAIMED: ":claimed:",
  /** hash of contents by id, ready and claimed */
  EVENTS: ":events:",
  /** sorted set of the ready ids that are out before the list, the next one out first */
  FRONT: ":front:",
  /** hash of ms by id, of the claims whose lease is not the usual one */
  LEASES: ":leases:",
} as const;

/** The lease that is not written down for each claim. It may never change. */
export const USUAL_LEASE_MS = 30_000;

/**
 * Claims, and events put at the right end, get ascending numbers: ms since 1970 on the server's
 * clock, with so many steps in each that doubles of that size have. Scores in the front of a queue:
 * - minus the number of an event put at the right end: the latest is the first
 * - the number of a claim whose lease ended
 * - PUSHED_LEFT and the number of a claim, when an event of the list is back by an undone pop
 */
export const NUMBER_STEP = 1 / 2048;
/** Some years: less would bring these among the claims that ended, more would cost exactness. */
export const PUSHED_LEFT = 2 ** 38;

/**
 * The keys that every batch names before its queues' keys:
 * - queues: sorted set, all scores 0, of the names of queues that have events or consumers
 * - deadlines: sorted set of queue names by a lower bound of their earliest deadline
 * - processes: set of the keys of the okq processes that have consumers
 * - absent: never there. While a cluster moves the slot a batch that names it and others is turned
 *   away (TRYAGAIN), where it might else find half of its keys gone in its midst.
 * - numbers: hash with the last number given, as long as the clock may not be beyond it. Not a
 *   string: a user with the rights that okq always asked for may not read one.
 * - process: what the process itself has noted
 */
export function fixedKeys(tag: string, processId: string): string[] {
  const own = `process:${processId}`;
  return ["queues", "deadlines", "processes", "absent", "numbers", own].map(
    (name) => `${tag}:${name}`,
  );
}

export const FIXED_KEYS = fixedKeys("", "").length;

/** How many keys a queue has. */
export const QUEUE_KEYS = Object.keys(INFIXES).length;

/** Builds the keys of queues under that tag, in the order above. */
export function queueKeys(tag: string): (queue: Buffer) => Buffer[] {
  const prefixes = Object.values(INFIXES).map((infix) => Buffer.from(tag + infix));
  return (queue) => prefixes.map((prefix) => Buffer.concat([prefix, queue]));
}

/**
 * Where processes tell each other what became ready, and when claims are to be reclaimed. Pub/sub
 * knows no databases: the names do.
 */
export function channels(db: number): { ready: string; due: string } {
  return { ready: `${TAG}:ready:${db}`, due: `${TAG}:due:${db}` };
}
