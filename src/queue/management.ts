// The operations that look at events and queues or change them, beside pushing and consuming (see
// operations.ts).
import type { End, EventFacts, State, When } from "./event.ts";
import type { Header } from "./headers.ts";
import type { Direction, QueueCounts } from "./queue-status.ts";

/** Shows the ready event at that end. */
export interface Peek {
  kind: "peek";
  queue: Buffer;
  end: End;
}

/** All that is known of an event. */
export interface Get {
  kind: "get";
  queue: Buffer;
  id: Buffer;
  /** As in a Scan. */
  isWhole: boolean;
}

/**
 * A page of the events in one state: ready, next one out first; delayed, next due first; claimed,
 * first lease to end; failed and completed, in the order in which they became so. Meanwhile events
 * come and go: for the ready ones, nothing that stays is missed as long as fewer than 1,000 leave
 * the line between two pages; some may come twice. A page may be short or empty; only a null `next`
 * is the end.
 */
export interface Scan {
  kind: "scan";
  queue: Buffer;
  state: State;
  /** `next` of the page before; null for the first one. */
  after: Buffer | null;
  limit: number;
  isReverse: boolean;
  /** Without, contents, errors and log are left out. */
  isWhole: boolean;
}

/** `next` is the `after` of the following page, null on the last page. */
export interface EventPage {
  events: EventFacts[];
  next: Buffer | null;
}

/** An event to change, if it still has the version that it had when it was selected. */
export interface Target {
  id: Buffer;
  /** Of EventFacts. null: any. */
  version: string | null;
}

/** Removes events that are not claimed. The result says for each whether it was removed. */
export interface Remove {
  kind: "remove";
  queue: Buffer;
  targets: Target[];
}

/**
 * Makes failed events ready, and delayed ones that have failed or crashed. Failures and crashes are
 * counted from 0, errors stay, a TTL starts again.
 */
export interface Retry {
  kind: "retry";
  queue: Buffer;
  targets: Target[];
  end: End;
}

/** Removes every event of a queue, in all states, and its windows. The rest stays. */
export interface Flush {
  kind: "flush";
  queue: Buffer;
}

/** The settings that were given to a queue, or (null) to all queues. */
export interface Settings {
  kind: "settings";
  queue: Buffer | null;
}

/**
 * Gives a queue, or (null) all queues, these settings; a null value takes one back. All or none.
 * They are valid by themselves. "cycle": the failed-to of this queue would lead back to it, or over
 * more than 16 queues, by what these queues were given themselves. One for all queues is never a
 * cycle: the queue that it names keeps its failed events, even if it has a failed-to of its own.
 * "apart": in a store of several parts the two queues are in different ones; with one for all
 * queues, events stay in queues of other parts.
 */
export interface Configure {
  kind: "configure";
  queue: Buffer | null;
  values: [name: string, value: string | null][];
}

export type ConfigureOutcome = "ok" | "cycle" | "apart";

/** So many workers of a queue may be paused at a time. */
export const PAUSED_WORKERS_MAX = 1000;

/**
 * From then on pushes (in) are refused or nothing is handed out (out), for so long or for ever.
 * False if too many workers are paused already, or too many groups have something of their own.
 */
export interface Pause {
  kind: "pause";
  queue: Buffer;
  directions: Direction[];
  forMs: number | null;
  /** Only pops of this worker; "out" only. */
  worker: Buffer | null;
  /** Only events of this group; "out" only, and without a worker. */
  group: Buffer | null;
}

/** Ends pauses: those of the queue, or that of the worker or group. */
export interface Resume {
  kind: "resume";
  queue: Buffer;
  directions: Direction[];
  worker: Buffer | null;
  group: Buffer | null;
}

/** Counts events and consumers, in the order asked. They are 0 for a queue that does not exist. */
export interface Status {
  kind: "status";
  queues: Buffer[];
}

/**
 * A page of the queues that have events in any state, consumers, settings of their own, pauses,
 * bound queues or windows. They are in ascending order of their bytes and begin after `after`. It
 * has at most `limit` queues, or in a store of several parts, such as a cluster, as many from each.
 */
export interface List {
  kind: "list";
  after: Buffer | null;
  limit: number;
}

/** The first of these queues that has an event which may be handed out now. */
export interface Ready {
  kind: "ready";
  queues: Buffer[];
}

/**
 * Moves events to another queue: ready ones to its left end in their order, others keep their
 * state. They take contents, headers and their own limits along and count from 0; errors stay.
 * False for an event that is claimed or whose id is taken there. If the other queue becomes full,
 * or is paused, the result is shorter: it ends with the event before that. A store may also end it
 * behind many bytes of contents, but not before the first event. Between two parts of a store an
 * event is copied first and deleted then; after a crash in between it is in both, and the same move
 * again puts that right.
 */
export interface Move {
  kind: "move";
  queue: Buffer;
  target: Buffer;
  targets: Target[];
}

/** Changes a ready, delayed or failed event. null: as it was. False if it is not there as such. */
export interface SetEvent {
  kind: "set";
  queue: Buffer;
  id: Buffer;
  contents: Buffer | null;
  /** Not for failed events. The past makes the event ready. */
  start: When | null;
  /** From now. */
  ttlMs: number | null;
  /**
   * Another one than it has moves a ready event to the left end of that priority. The line of a
   * group does not depend on it.
   */
  priority: number | null;
  /** These are set, others stay. */
  headers: Header[];
}

/**
 * Removes a ready or delayed event. Asks the consumer of a claimed one to stop: if that claim ends
 * other than by an ack, the event is removed.
 */
export interface Cancel {
  kind: "cancel";
  queue: Buffer;
  id: Buffer;
}

export type CancelOutcome = "removed" | "asked" | null;

/**
 * Adds what an okq process has counted to the figures of queues that are there. The result names
 * the queues that are in a part of the store which failed.
 */
export interface Count {
  kind: "count";
  /** Of this process and these counts. If the same comes again, nothing is added. */
  number: number;
  /** Lower numbers do not come again. */
  settled: number;
  counted: { queue: Buffer; counts: QueueCounts }[];
}

export interface CountOutcome {
  notDone: Buffer[];
  /** Their counts may have been added. */
  unknown: Buffer[];
}

export interface Stats {
  kind: "stats";
  queue: Buffer;
  /** Without, the paused workers are left out. */
  isWhole: boolean;
}
