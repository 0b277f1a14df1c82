// QSTATS, QUEUES and QERRORS: figures of queues over all okq processes.
import { quantile } from "../queue/histogram.ts";
import { slicesOf } from "../queue/slices.ts";
import { COUNTED, type Direction, type QueueStats } from "../queue/queue-status.ts";
import { Glob } from "../users/glob.ts";
import { Pairs, type Reply } from "../resp/reply.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { statusOfAll } from "./inspect.ts";
import { secondsText } from "../queue/durations.ts";
import { EVERYTHING, LISTED_DEFAULT, pagesOf } from "./selection.ts";

const MINUTE_S = 60;

function pausedOf(directions: Direction[]): string {
  return directions.length === 2 ? "all" : (directions[0] ?? "no");
}

/** Seconds since its oldest ready event was pushed; null if it has none. */
export function ageOf({
  oldestReadyAtMs,
  nowMs,
}: Pick<QueueStats, "oldestReadyAtMs" | "nowMs">): string | null {
  return oldestReadyAtMs === null ? null : secondsText(Math.max(0, nowMs - oldestReadyAtMs));
}

async function showStats(queue: Buffer, { client }: QueueCall): Promise<Reply> {
  const stats = await client.session.ask({ kind: "stats", queue, isWhole: true });
  const { counts, recent } = stats;
  const seconds = (ms: number | null) => (ms === null ? null : secondsText(ms));
  const entries: [string, Reply][] = [
    ["ready", stats.ready],
    ["delayed", stats.delayed],
    ["retrying", stats.retrying],
    ["claimed", stats.claimed],
    ["failed", stats.failed],
    ["completed", stats.completed],
    ...COUNTED.map((name, at): [string, Reply] => [`${name}-total`, counts.totals[at]!]),
    ...COUNTED.map((name, at): [string, Reply] => [
      `${name}-per-second`,
      String(Math.round((1000 * recent.totals[at]!) / MINUTE_S) / 1000),
    ]),
    ["oldest-ready-seconds", ageOf(stats)],
    ["wait-p50", seconds(quantile(recent.waits, 0.5))],
    ["wait-p99", seconds(quantile(recent.waits, 0.99))],
    ["run-p50", seconds(quantile(recent.runs, 0.5))],
    ["run-p99", seconds(quantile(recent.runs, 0.99))],
    ["paused", pausedOf(stats.paused)],
    ["paused-workers", stats.pausedWorkers.length > 0 ? stats.pausedWorkers : null],
    ["windows", stats.windows],
    ["bindings", stats.bindings.length > 0 ? stats.bindings : null],
    ["held-back-by", stats.heldBackBy],
  ];
  return Pairs.withoutNil(entries);
}

interface QueuesOptions {
  MATCH?: Buffer;
  AFTER?: Buffer;
  COUNT?: number;
}

/** More of them would delay other clients. */
const STATS_AT_ONCE = 16;
/** Queues whose names one call looks at. */
const LOOKED_AT_MAX = 10_000;

async function showQueues(options: QueuesOptions, { client }: QueueCall): Promise<Reply> {
  const { MATCH, AFTER = null, COUNT = LISTED_DEFAULT } = options;
  const glob = MATCH ? Glob.of(MATCH) : null;
  const found: Buffer[] = [];
  let next: Buffer | null = null;
  let lookedAt = 0;
  search: for await (const page of statusOfAll(client, AFTER)) {
    for (const { queue } of page) {
      if (glob === null || glob.matches(queue)) found.push(queue);
      next = queue;
      if (++lookedAt === LOOKED_AT_MAX || found.length === COUNT || client.isClosed) break search;
    }
    next = null;
  }
  const rows: Pairs[] = [];
  for (const some of slicesOf(found, STATS_AT_ONCE)) {
    const all = some.map((queue) => client.session.ask({ kind: "stats", queue, isWhole: false }));
    rows.push(...(await Promise.all(all)).map(queueRow));
  }
  return [next, rows];
}

function queueRow(stats: QueueStats): Pairs {
  const entries: [string, Reply][] = [
    ["queue", stats.queue],
    ["ready", stats.ready],
    ["delayed", stats.delayed],
    ["claimed", stats.claimed],
    ["failed", stats.failed],
    ["completed", stats.completed],
    ["consumers", stats.consumers],
    ["paused", pausedOf(stats.paused)],
    ["oldest-ready-seconds", ageOf(stats)],
  ];
  return Pairs.withoutNil(entries);
}

/** Different errors that one call counts; the others do not appear. */
const ERRORS_MAX = 10_000;

/** A pattern that these errors fit. It is the same for errors that differ in numbers only. */
function patternOf(error: Buffer): string {
  return error.toString("latin1").replaceAll("\\", "\\\\").replaceAll(/\d+/g, "*");
}

async function showErrors(queue: Buffer, most: number, { client }: QueueCall): Promise<Reply> {
  const errors = new Map<string, { count: number; id: Buffer }>();
  for (const state of ["failed", "delayed"] as const) {
    const search = { queue, state, selection: EVERYTHING, count: Infinity };
    for await (const page of pagesOf(search, client)) {
      for (const { id, lastError, failures, crashes } of page) {
        const counts = state === "failed" || failures + crashes > 0;
        if (!counts || lastError === null) continue;
        const text = patternOf(lastError);
        const known = errors.get(text);
        if (known) known.count += 1;
        else if (errors.size < ERRORS_MAX) errors.set(text, { count: 1, id: Buffer.from(id) });
      }
    }
  }
  const sorted = [...errors].toSorted(([, a], [, b]) => b.count - a.count).slice(0, most);
  return sorted.map(([text, { count, id }]) => [Buffer.from(text, "latin1"), count, id]);
}

const shared = {
  group: "queue",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly"],
  isExclusive: true,
} as const;

export const figureCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QSTATS",
    syntax: "queue",
    summary:
      "A map of figures over all okq processes, about a second late: events by state; retrying " +
      "(delayed after a failure or crash); totals since the queue came into being (they end " +
      "with it), and per second in the last minute, of events pushed, popped, acked, failures, " +
      "crashes, failed, expired, dropped; oldest-ready-seconds (from its push, with delays); " +
      "in the last minute wait-p50 and -p99 (from the push to the pop) and run-p50 and -p99 (to " +
      "the end of a claim by a command that names the token), in seconds and up to a fifth too " +
      "long; paused; paused-workers (names); windows (dedupe windows that last, and unique keys " +
      "taken FOR a time); bindings (names, see QBIND); held-back-by (paused, max-claimed, rate, " +
      "group-paused, group-limit or group-rate).",
    run: ([, queue], _, call) => showStats(queue, call),
  }),
  queueCommand({
    ...shared,
    name: "QUEUES",
    syntax: "[MATCH pattern] [AFTER cursor] [COUNT count]",
    summary:
      "[next cursor or nil, maps] of the active queues in ascending order of their bytes, up to " +
      "COUNT (100): queue, ready, delayed, claimed, failed, completed, consumers, paused, " +
      "oldest-ready-seconds. A page may be short or empty: only a nil cursor is the end.",
    run: (_, options, call) => showQueues(options, call),
  }),
  queueCommand({
    ...shared,
    name: "QERRORS",
    syntax: "queue [COUNT count]",
    summary:
      "The most frequent last errors (10) of failed events and of those that wait for another " +
      "attempt, as [error, how many, an id]. Each run of digits stands as *, and backslashes are " +
      "doubled, so that the option ERROR takes the text as it is.",
    run: ([, queue], { COUNT = 10 }, call) => showErrors(queue, COUNT, call),
  }),
];
