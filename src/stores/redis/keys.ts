// The one place where Redis keys are built. All keys of a lane share one hash tag, so that one
// script may touch them all, also in a cluster. The tag comes first and a queue's name last: no
// name, whatever its bytes, can change the tag or reach another key.

/** One Redis is one lane. */
const TAG = "{okq}";

/** What stands before a queue's name; the scripts know these under the same names. */
export const PREFIXES = {
  /** list of ids, left to right */
  READY: `${TAG}:ready:`,
  /** sorted set of ids by deadline (ms since 1970 on the server's clock) */
  CLAIMED: `${TAG}:claimed:`,
  /** hash of contents by id, ready and claimed */
  EVENTS: `${TAG}:events:`,
} as const;

/** Sorted set, all scores 0, of the names of queues that may be active. */
const QUEUES = `${TAG}:queues`;
/** Sorted set of queue names by a lower bound of their earliest deadline. */
const DEADLINES = `${TAG}:deadlines`;
/** Set of the keys of the okq processes that have consumers. */
const PROCESSES = `${TAG}:processes`;

/** The keys that every batch names before its queues' keys; the last is the process's own. */
export function fixedKeys(processId: string): string[] {
  return [QUEUES, DEADLINES, PROCESSES, `${TAG}:process:${processId}`];
}

export const FIXED_KEYS = fixedKeys("").length;

const queuePrefixes = Object.values(PREFIXES).map((prefix) => Buffer.from(prefix));

/** The ready, claimed and events keys of a queue. */
export function queueKeys(queue: Buffer): Buffer[] {
  return queuePrefixes.map((prefix) => Buffer.concat([prefix, queue]));
}

/** Where processes tell each other what became ready. Pub/sub knows no databases: the name does. */
export function readyChannel(db: number): string {
  return `${TAG}:ready:${db}`;
}
