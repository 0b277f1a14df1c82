// What the queues hold, as numbers.
import { count, type Histogram } from "./histogram.ts";

/** A paused queue takes no pushes (in), or hands out nothing (out). */
export type Direction = "in" | "out";

/**
 * Why a queue hands out nothing, or not that event. The reasons of the queue go before those of a
 * group, and the earlier ones here before the later ones.
 */
export type HeldBackBy =
  "paused" | "max-claimed" | "rate" | "group-paused" | "group-limit" | "group-rate";

export interface QueueStatus {
  queue: Buffer;
  ready: number;
  delayed: number;
  claimed: number;
  failed: number;
  completed: number;
  consumers: number;
  /** The directions in which the queue is paused. */
  paused: Direction[];
  /** See streams.ts. */
  isStream: boolean;
}

/** What is counted, in the order of QueueCounts.totals. */
export const COUNTED = [
  "pushed",
  "popped",
  "acked",
  "failures",
  "crashes",
  "failed",
  "expired",
  "dropped",
] as const;
export type Counted = (typeof COUNTED)[number];

export interface QueueCounts {
  /** As many as COUNTED has names. */
  totals: number[];
  /** From the push to the pop, and from the pop to the end of a claim that has a token; in ms. */
  waits: Histogram;
  runs: Histogram;
}

export function emptyCounts(): QueueCounts {
  return { totals: COUNTED.map(() => 0), waits: new Map(), runs: new Map() };
}

/** Adds the second to the first, or with -1 takes it off. */
export function addCounts(to: QueueCounts, added: QueueCounts, sign: 1 | -1 = 1): void {
  for (const [place, times] of added.totals.entries()) to.totals[place]! += sign * times;
  for (const [bucket, times] of added.waits) count(to.waits, bucket, sign * times);
  for (const [bucket, times] of added.runs) count(to.runs, bucket, sign * times);
}

/** The figures of a queue over all okq processes. */
export interface QueueStats extends QueueStatus {
  /** Delayed events that have failed or crashed. */
  retrying: number;
  /** Since the queue came into being, and in the last minute. */
  counts: QueueCounts;
  recent: QueueCounts;
  /** null if none is ready. */
  oldestReadyAtMs: number | null;
  /** The dedupe windows that have not ended (see windows.ts). */
  windows: number;
  /** Their names, in ascending order of their bytes. */
  pausedWorkers: Buffer[];
  /** The names under which queues are bound to it (see bindings.ts), in that order. */
  bindings: Buffer[];
  /**
   * null: it hands out events, or has none. Where no group with ready events can go, and no event
   * is without a group, the reason of one of them.
   */
  heldBackBy: HeldBackBy | null;
  nowMs: number;
}

/** `next` is the `after` of the following page, null on the last page. */
export interface QueuePage {
  queues: QueueStatus[];
  next: Buffer | null;
}

/** As the classic commands count: completed and failed events are not among them. */
export function totalOf({ ready, delayed, claimed }: QueueStatus): number {
  return ready + delayed + claimed;
}

/** Whether its name is a key: it has events in any state, or is a stream. */
export function isKey(status: QueueStatus): boolean {
  return status.isStream || totalOf(status) + status.failed + status.completed > 0;
}
