// An event, and the facts that a store keeps about it.
import type { HeldBackBy } from "./queue-status.ts";

/** Where an event is in its life. It moves between states by transitions (see operations.ts). */
export type State = "ready" | "delayed" | "claimed" | "failed" | "completed";

/** An id, unique in its queue while the event is there, and contents. Both are any bytes. */
export interface Event {
  id: Buffer;
  contents: Buffer;
}

/** Events are pushed at either end; the right-most ready event is the next one out. */
export type End = "left" | "right";

/** So long from now, by the store's clock, or at that time in ms since 1970. The past means now. */
export type When = { afterMs: number } | { atMs: number };

/** What a push says beyond id and contents. null: the setting of the queue holds, or none. */
export interface PushOptions {
  /** As headers.ts encodes them; null: none. */
  headers: Buffer | null;
  /** Delayed until then; null: ready at once. */
  start: When | null;
  /** A ready or delayed event expires so long after its push. */
  ttlMs: number | null;
  /** 0: no limit, also where its queue has one. */
  attemptsMax: number | null;
  /** A rule of backoff.ts. */
  backoff: string | null;
  leaseMs: number | null;
  /**
   * From -1000 to 1000: of the events without a group those of a higher one come first. null: 0, or
   * where an event is replaced its own.
   */
  priority: number | null;
  /** null: none, or where an event is replaced its own. */
  group: Buffer | null;
  unique: Unique | null;
  /**
   * It is a member of that counter, under a name of its own (see memberOf): when it is
   * acknowledged, or popped for good, it is counted down in the same step.
   */
  part: Part | null;
  /**
   * If an event with that id or key is there: refuse the push, keep the event as it is, or give a
   * ready or delayed one these contents and options. It keeps its id, and its place, unless the
   * push names the right end, and its due time, unless the push names one. Its failures and
   * crashes stay. It is pushed now: its TTL begins anew.
   */
  onDuplicate: "refuse" | "keep" | "replace";
}

/** A key of which a queue has one event at a time. */
export interface Unique {
  key: Buffer;
  /**
   * The key is taken while the event is ready, delayed or claimed; with "claimed" not while it is
   * claimed.
   */
  until: "end" | "claimed";
  /** Not null: instead it is taken for so long from the push, whatever becomes of the event. */
  forMs: number | null;
}

/** The counter of which an event is a member. */
export interface Part {
  queue: Buffer;
  key: Buffer;
}

export const NO_OPTIONS: PushOptions = {
  headers: null,
  start: null,
  ttlMs: null,
  attemptsMax: null,
  backoff: null,
  leaseMs: null,
  unique: null,
  part: null,
  priority: null,
  group: null,
  onDuplicate: "refuse",
};

/** The outcome of a push that changed nothing: the id, or the key, belongs to this event. */
export class Duplicate {
  constructor(readonly id: Buffer) {}
}

/** A popped event, and what the store needs to undo the pop. */
export interface Popped extends Event {
  queue: Buffer;
  /** Of its claim; never given twice in a queue. null: the pop did not ask for one. */
  token: Buffer | null;
  /** 1 + failures + crashes. Only right if the pop asked for a token. */
  attempt: number;
  /** As headers.ts encodes them. Only there if the pop asked for a token. */
  headers: Buffer | null;
  /** Ms since 1970. */
  pushedAtMs: number;
  /** Belongs to the store. */
  undo: unknown;
}

/** One failure or crash. */
export interface EventError {
  atMs: number;
  attempt: number;
  text: Buffer;
}

/** What became of a claim that failed; null: it was not there. "removed": it had been cancelled. */
export type FailOutcome = "ready" | "delayed" | "failed" | "removed" | null;

/** All that is known of an event. null: not known, or it does not apply. */
export interface EventFacts {
  id: Buffer;
  state: State;
  contents: Buffer | null;
  pushedAtMs: number;
  /**
   * delayed: when it is due. claimed: when the lease ends. failed, completed: since when.
   * ready: null.
   */
  atMs: number | null;
  failures: number;
  crashes: number;
  /** Its own, else that of its queue; 0 or null: no limit. */
  attemptsMax: number | null;
  /** Its own, not the queue's. */
  backoff: string | null;
  leaseMs: number | null;
  priority: number;
  group: Buffer | null;
  /** Of a ready event that was asked for by itself (get): why it is not handed out. */
  heldBackBy: HeldBackBy | null;
  /** ready, delayed, claimed: when its own TTL or that of its queue ends. */
  expiresAtMs: number | null;
  headers: Buffer | null;
  /** Its key, if it takes it whenever it waits, or took it for some time. */
  unique: Buffer | null;
  /** The claimant (see claimant.ts) and the begin of its claim, if the claim has a token. */
  claimant: Buffer | null;
  claimedAtMs: number | null;
  /** Its consumer was asked to stop (cancel). */
  isCancelled: boolean;
  lastError: Buffer | null;
  /** The latest 10, the oldest first. */
  errors: EventError[];
  log: Buffer[];
  progress: Buffer | null;
  result: Buffer | null;
  /** Another one whenever the event has changed its state or was pushed anew. */
  version: string;
}
