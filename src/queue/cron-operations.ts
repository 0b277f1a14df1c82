// The operations on cron entries: events that okq pushes at the times of a spec. A store keeps
// entries and says which are due; what their definitions mean is known to okq only (see
// cron-definition.ts). Entries keep their queue in being, and a flush leaves them.
import type { RefusalCode } from "./errors.ts";
import { Duplicate, type End, type PushOptions } from "./event.ts";

/** How many entries a queue may have. */
export const CRONS_MAX = 1000;

export interface CronEntry {
  queue: Buffer;
  name: Buffer;
  /** Another one for another definition. */
  version: string;
  definition: Buffer;
  setAtMs: number;
  /** The latest time of its spec at which it was pushed. null: none. */
  lastAtMs: number | null;
  /** null: nobody has worked it out yet, and the entry is due. */
  nextAtMs: number | null;
}

/**
 * Adds an entry, in the place of one of that name unless it has the same version: then nothing is
 * changed. False if there are too many.
 */
export interface CronSet {
  kind: "cronSet";
  queue: Buffer;
  name: Buffer;
  version: string;
  definition: Buffer;
}

/** False if it was not there. */
export interface CronDelete {
  kind: "cronDelete";
  queue: Buffer;
  name: Buffer;
}

export interface CronGet {
  kind: "cronGet";
  queue: Buffer;
  name: Buffer;
}

/** An entry, and the time of the store. */
export interface CronAt {
  entry: CronEntry;
  nowMs: number;
}

/** A page of the entries of a queue, in ascending order of the bytes of their names. */
export interface CronList {
  kind: "cronList";
  queue: Buffer;
  /** A name; null for the first page. */
  after: Buffer | null;
  limit: number;
}

/** A page of the queues that have entries, as List splits its pages. */
export interface CronQueues {
  kind: "cronQueues";
  after: Buffer | null;
  limit: number;
}

export interface QueueNames {
  queues: Buffer[];
  next: Buffer | null;
}

/** Entries that are due, at most `limit` of each part that is named (see Ticked). */
export interface CronDue {
  kind: "cronDue";
  limit: number;
  parts: number[];
}

/**
 * Pushes the event of an entry and moves its next time on, in one step. Does nothing ("stale") if
 * the entry has another version or next time than expected. If the queue takes no pushes, only the
 * next time moves on.
 */
export interface CronFire {
  kind: "cronFire";
  queue: Buffer;
  name: Buffer;
  version: string;
  expectedAtMs: number | null;
  nextAtMs: number;
  /** The time of the spec that this is. */
  firesAtMs: number;
  /** null: nothing is pushed. */
  push: CronPush | null;
}

/** A push into the queue of the entry, as a Push says it. */
export interface CronPush {
  end: End;
  id: Buffer;
  contents: Buffer;
  options: PushOptions | null;
}

/** The queue that takes no pushes: that of the entry, or one that is bound to it. */
export interface CronRefusal {
  code: RefusalCode;
  refusing: Buffer;
}

/** "moved": there was nothing to push. Else what the push answers. */
export type CronOutcome = "stale" | "moved" | CronRefusal | Buffer | Duplicate;

export type CronOperation =
  CronSet | CronDelete | CronGet | CronList | CronQueues | CronDue | CronFire;

export interface CronResults {
  cronSet: boolean;
  cronDelete: boolean;
  cronGet: CronAt | null;
  cronList: { entries: CronEntry[]; next: Buffer | null };
  cronQueues: QueueNames;
  cronDue: CronAt[];
  cronFire: CronOutcome;
}

export function isRefused(outcome: CronOutcome): outcome is CronRefusal {
  return typeof outcome === "object" && !(outcome instanceof Duplicate) && "refusing" in outcome;
}
