// The one place where Redis keys are built. All keys of a lane share one hash tag, so that one
// script may touch them all, also in a cluster. The tag comes first and a queue's name last: no
// name, whatever its bytes, can change the tag or reach another key.

/** The tag of a Redis that is one lane. */
export const TAG = "{okq}";

/** What stands between the tag and a queue's name; the scripts know these by the same names. */
export const INFIXES = {
  /** list of ids, left to right */
  READY: ":ready:",
  /** sorted set of ids by deadline (ms since 1970 on the server's clock) */
  CLAIMED: ":claimed:",
  /** hash of contents by id, ready and claimed */
  EVENTS: ":events:",
} as const;

/**
 * The keys that every batch names before its queues' keys:
 * - queues: sorted set, all scores 0, of the names of queues that have events or consumers
 * - deadlines: sorted set of queue names by a lower bound of their earliest deadline
 * - processes: set of the keys of the okq processes that have consumers
 * - absent: never there. While a cluster moves the slot a batch that names it and others is turned
 *   away (TRYAGAIN), where it might else find half of its keys gone in its midst.
 * - process: what the process itself has noted
 */
export function fixedKeys(tag: string, processId: string): string[] {
  const own = `process:${processId}`;
  return ["queues", "deadlines", "processes", "absent", own].map((name) => `${tag}:${name}`);
}

export const FIXED_KEYS = fixedKeys("", "").length;

/** Builds the ready, claimed and events keys of queues under that tag. */
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
