// Figures of queues and groups, as QSTATUS, QSTATS, QUEUES, QERRORS and QGROUPS tell them.
import { Fields } from "./fields.ts";
import { arrayIn, numberIn, type Reply, textIn } from "../reply.ts";
import { type Rate, rateOf } from "./settings.ts";

/** Why a queue hands out nothing, or not that event. */
export type HeldBackBy =
  "paused" | "max-claimed" | "rate" | "group-paused" | "group-limit" | "group-rate";

/** In which direction a queue is paused: `in` refuses pushes, `out` hands out nothing. */
export type Paused = "no" | "in" | "out" | "all";

const COUNTED = [
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

/** Events by state, and consumers. */
export interface QueueStatus {
  queue: string;
  /** Ready, delayed and claimed events. */
  total: number;
  processing: number;
  consumers: number;
}

export interface QueueRow {
  queue: string;
  ready: number;
  delayed: number;
  claimed: number;
  failed: number;
  completed: number;
  consumers: number;
  paused: Paused;
  /** How long ago its oldest ready event was pushed. */
  oldestReadyMs: number | undefined;
}

/** Over all okq processes, about a second late. */
export interface QueueStats {
  ready: number;
  delayed: number;
  /** Delayed after a failure or a crash. */
  retrying: number;
  claimed: number;
  failed: number;
  completed: number;
  /** Since the queue came into being. */
  totals: Record<Counted, number>;
  /** In the last minute. */
  perSecond: Record<Counted, number>;
  oldestReadyMs: number | undefined;
  /** From the push to the pop, in the last minute, up to a fifth too long. */
  waitP50Ms: number | undefined;
  waitP99Ms: number | undefined;
  /** From the pop to the end of the claim. */
  runP50Ms: number | undefined;
  runP99Ms: number | undefined;
  paused: Paused;
  pausedWorkers: string[];
  /** Dedupe windows that last, and unique keys that are taken for a time. */
  windows: number;
  /** The names of bound queues, see bind(). */
  bindings: string[];
  heldBackBy: HeldBackBy | undefined;
}

/** Errors that differ in numbers only. */
export interface ErrorFigure {
  /** A pattern: give it to `error` of a selection. */
  error: string;
  count: number;
  /** Of one such event. */
  id: string;
}

export interface GroupFacts {
  group: string;
  ready: number;
  delayed: number;
  claimed: number;
  oldestReadyMs: number | undefined;
  isPaused: boolean;
  /** How many of its events may be claimed at a time; 0: no limit. */
  limit: number;
  rate: Rate | null;
}

export function statusOf(reply: Reply): QueueStatus {
  const [queue, total, processing, consumers] = arrayIn(reply);
  return {
    queue: textIn(queue),
    total: numberIn(total),
    processing: numberIn(processing),
    consumers: numberIn(consumers),
  };
}

export function queueRowOf(reply: Reply): QueueRow {
  const fields = new Fields(reply);
  return {
    queue: fields.name("queue"),
    ready: fields.count("ready"),
    delayed: fields.count("delayed"),
    claimed: fields.count("claimed"),
    failed: fields.count("failed"),
    completed: fields.count("completed"),
    consumers: fields.count("consumers"),
    paused: fields.name("paused") as Paused,
    oldestReadyMs: fields.ms("oldest-ready-seconds"),
  };
}

export function statsOf(reply: Reply): QueueStats {
  const fields = new Fields(reply);
  const counted = (suffix: string) =>
    Object.fromEntries(COUNTED.map((name) => [name, fields.count(`${name}-${suffix}`)]));
  return {
    ready: fields.count("ready"),
    delayed: fields.count("delayed"),
    retrying: fields.count("retrying"),
    claimed: fields.count("claimed"),
    failed: fields.count("failed"),
    completed: fields.count("completed"),
    totals: counted("total") as Record<Counted, number>,
    perSecond: counted("per-second") as Record<Counted, number>,
    oldestReadyMs: fields.ms("oldest-ready-seconds"),
    waitP50Ms: fields.ms("wait-p50"),
    waitP99Ms: fields.ms("wait-p99"),
    runP50Ms: fields.ms("run-p50"),
    runP99Ms: fields.ms("run-p99"),
    paused: fields.name("paused") as Paused,
    pausedWorkers: fields.texts("paused-workers"),
    windows: fields.count("windows"),
    bindings: fields.texts("bindings"),
    heldBackBy: fields.text("held-back-by") as HeldBackBy | undefined,
  };
}

export function errorFigureOf(reply: Reply): ErrorFigure {
  const [error, count, id] = arrayIn(reply);
  return { error: textIn(error), count: numberIn(count), id: textIn(id) };
}

export function groupOf(reply: Reply): GroupFacts {
  const fields = new Fields(reply);
  return {
    group: fields.name("group"),
    ready: fields.count("ready"),
    delayed: fields.count("delayed"),
    claimed: fields.count("claimed"),
    oldestReadyMs: fields.ms("oldest-ready-seconds"),
    isPaused: fields.isSet("paused"),
    limit: fields.count("limit"),
    rate: rateOf(fields.text("rate") ?? ""),
  };
}
