// Messages for clients that subscribe: reports of what happens to events, and what other clients
// publish. A message is sent at most once, a report only while somebody listens.

/** What a report may be of. "failed" also comes behind a crash or an expiry that is for good. */
export const REPORTED = [
  "pushed",
  "popped",
  "acked",
  "failed",
  "crashed",
  "expired",
  "retried",
  "paused",
] as const;
export type Reported = (typeof REPORTED)[number];

/** What belongs to the kind of a report. */
export interface ReportFacts {
  /** popped, failed, crashed: who has or had the claim, if it has a name. paused: whose pops. */
  worker?: Buffer | undefined;
  /** popped, failed, crashed: which attempt that is, from 1 on. */
  attempt?: number;
  /** failed: what the consumer said, or why else it failed; up to 1 KiB. */
  error?: Buffer;
  /** failed, crashed, expired: it has failed for good. */
  isFinal?: true;
  /** pushed: from which queue the event came. */
  from?: Buffer;
  /** paused: what is paused, and for how long if not for ever. */
  direction?: "in" | "out" | "all";
  forMs?: number;
  /** paused: only that group. */
  group?: Buffer;
}

export interface Report extends ReportFacts {
  kind: Reported;
  queue: Buffer;
  /** null: it is about the queue. */
  id: Buffer | null;
  /** By the store's clock, in ms since 1970. */
  atMs: number;
}

/** A longer error is cut in a report. */
export const REPORTED_ERROR_BYTES_MAX = 1024;

/** What a client publishes on a channel of its own. */
export interface Publication {
  kind: "published";
  channel: Buffer;
  message: Buffer;
}

export type Message = Report | Publication;
