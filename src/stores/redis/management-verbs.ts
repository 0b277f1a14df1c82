// The verbs that move and change events, and those of figures. See full/*.lua.
import type { GroupFacts, GroupPage } from "../../queue/groups.ts";
import {
  historyOf,
  type Kept,
  type QueueHistory,
  STEP_LEVELS,
  tenOf,
} from "../../queue/history.ts";
import { BATCH_CONTENTS_BYTES } from "../../queue/operations.ts";
import {
  type Counted,
  COUNTED,
  emptyCounts,
  type QueueCounts,
  type QueueStats,
} from "../../queue/queue-status.ts";
import { NO_STEPS, unpackLatest, unpackSteps } from "../../queue/packed-steps.ts";
import type { Copy, CopyInOutcome, Operation } from "./operation.ts";
import { COUNTS, given, msOf, NO_BYTES, statusIn, timeOf } from "./verb-values.ts";
import { reasonIn } from "./event-facts.ts";
import type { ScriptReply, Verb } from "./verb.ts";

/** Fields of histograms: this letter and the number of the bucket. */
const WAIT = "w";
const RUN = "r";

/** Numbers by field, as figures.lua adds them. */
function fieldsOf({ totals, waits, runs }: QueueCounts): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [at, total] of totals.entries()) if (total !== 0) fields[COUNTED[at]!] = total;
  for (const [bucket, times] of waits) fields[`${WAIT}${bucket}`] = times;
  for (const [bucket, times] of runs) fields[`${RUN}${bucket}`] = times;
  return fields;
}

/** Adds the fields and numbers of a hash. */
function addFields(counts: QueueCounts, reply: ScriptReply): void {
  const parts = (reply as Buffer[]).map((part) => part.toString("latin1"));
  for (let at = 0; at < parts.length; at += 2) {
    const [field, number] = [parts[at]!, Number(parts[at + 1])];
    const place = COUNTED.indexOf(field as Counted);
    if (place >= 0) counts.totals[place]! += number;
    else {
      const histogram = field.startsWith(WAIT) ? counts.waits : counts.runs;
      const bucket = Number(field.slice(1));
      if (Number.isNaN(bucket + number)) continue;
      histogram.set(bucket, (histogram.get(bucket) ?? 0) + number);
    }
  }
}

function statsIn(queue: Buffer, reply: ScriptReply): QueueStats {
  const parts = reply as ScriptReply[];
  const [nowMs, retrying, oldest, windows, workers, bindings, ...more] = parts.slice(COUNTS);
  const [reason, all, ...slots] = more;
  const [counts, recent] = [emptyCounts(), emptyCounts()];
  addFields(counts, all!);
  for (const slot of slots) addFields(recent, slot);
  return {
    ...statusIn(queue, parts, 0),
    retrying: retrying as number,
    counts,
    recent,
    oldestReadyAtMs: oldest as number | null,
    windows: windows as number,
    pausedWorkers: ((workers ?? []) as Buffer[]).toSorted(Buffer.compare),
    bindings: (bindings ?? []) as Buffer[],
    heldBackBy: reasonIn(reason!),
    nowMs: nowMs as number,
  };
}

/** null: there is none, or another program has written something else. */
function keptIn([since, latest, hour, day]: (Buffer | null)[]): Kept | null {
  if (!since || !latest) return null;
  const first = Number(since.toString("latin1"));
  try {
    const step = unpackLatest(latest, first);
    const minutes = unpackSteps(hour ?? NO_STEPS, first);
    const tens = unpackSteps(day ?? NO_STEPS, tenOf(first));
    return { since: first, latest: step, hour: minutes, day: tens };
  } catch {
    return null;
  }
}

function historyIn(queue: Buffer, reply: ScriptReply): QueueHistory {
  const parts = reply as ScriptReply[];
  const status = statusIn(queue, parts, 0);
  const [nowMs, ...kept] = parts.slice(COUNTS);
  const levels = STEP_LEVELS.map((level) => status[level]);
  return historyOf(keptIn(kept as (Buffer | null)[]), levels, nowMs as number);
}

function groupIn(group: Buffer, reply: ScriptReply): GroupFacts {
  const parts = reply as ScriptReply[];
  const [ready, delayed, claimed, oldest, isPaused, limit, rate, nowMs] = parts;
  return {
    group,
    ready: ready as number,
    delayed: delayed as number,
    claimed: claimed as number,
    oldestReadyAtMs: oldest as number | null,
    isPaused: isPaused === 1,
    limit: limit === 0 ? null : (limit as number),
    rate: (rate as Buffer).toString("latin1"),
    nowMs: nowMs as number,
  };
}

function groupsIn(reply: ScriptReply): GroupPage {
  const [next, ...parts] = reply as ScriptReply[];
  const groups: GroupPage["groups"] = [];
  for (let at = 0; at < parts.length; at += 2) {
    groups.push({ group: parts[at] as Buffer, ready: parts[at + 1] as number });
  }
  return { groups, next: next as Buffer | null };
}

const outcomes: CopyInOutcome[] = ["taken", "added", "there"];

/** As full/copy-out.lua answers them. */
function copyOf(reply: ScriptReply): Copy | null {
  if (reply === null) return null;
  const [id, state, score, version, mark, value, more, errors, log] = reply as Buffer[];
  return {
    id: id!,
    state: state!,
    score: score!,
    version: version!,
    mark: mark!,
    value: value!,
    more: more!,
    errors: errors!,
    log: log!,
  };
}

export const management = {
  group: {
    name: "group",
    call: ([get], { numberOf }) => [numberOf(get!.queue), get!.group],
    results: (reply, [get]) => [groupIn(get!.group, reply)],
  },
  groups: {
    name: "groups",
    call: ([scan], { numberOf }) => [
      numberOf(scan!.queue),
      scan!.after ?? NO_BYTES,
      String(scan!.limit),
    ],
    results: (reply) => [groupsIn(reply)],
  },
  setGroup: {
    name: "set_group",
    call: ([set], { numberOf }) => [
      numberOf(set!.queue),
      set!.group,
      ...set!.values.flatMap(([name, value]) => [
        name,
        given(value === null ? null : Buffer.from(value, "latin1")),
      ]),
    ],
    results: (reply) => [reply === 1],
  },
  copyOut: {
    name: "copy_out",
    call: ([out], { numberOf }) => [
      numberOf(out!.queue),
      String(BATCH_CONTENTS_BYTES),
      ...out!.targets.flatMap(({ id, version }) => [id, version ?? ""]),
    ],
    results: (reply) => [(reply as ScriptReply[]).map(copyOf)],
  },
  copyIn: {
    name: "copy_in",
    call: ([add], { numberOf }) => [
      numberOf(add!.queue),
      add!.owner,
      ...add!.copies.flatMap(({ id, state, score, mark, value, more, errors, log }) => {
        return [id, state, score, mark, value, more, errors, log];
      }),
    ],
    results: (reply) => [(reply as number[]).map((outcome) => outcomes[outcome]!)],
  },
  settle: {
    name: "settle",
    call: ([settle], { numberOf }) => [
      numberOf(settle!.queue),
      settle!.owner,
      ...settle!.copies.flatMap(({ id, mark, isKept }) => [id, mark, isKept ? "KEEP" : "DROP"]),
    ],
    results: () => [null],
  },
  move: {
    name: "move",
    call: ([move], { numberOf }) => [
      numberOf(move!.queue),
      numberOf(move!.target),
      ...move!.targets.flatMap(({ id, version }) => [id, version ?? ""]),
    ],
    results: (reply) => [(reply as number[]).map((done) => done === 1)],
  },
  set: {
    name: "set",
    call([set], { numberOf }) {
      const { queue, id, contents, start, ttlMs, priority, headers } = set!;
      const times = [timeOf(start), msOf(ttlMs), msOf(priority)];
      const changes = [given(contents), ...times, ...headers.flat()];
      return [numberOf(queue), id, ...changes];
    },
    results: (reply) => [reply === 1],
  },
  cancel: {
    name: "cancel",
    call: ([cancel], { numberOf }) => [numberOf(cancel!.queue), cancel!.id],
    results: (reply) =>
      (reply as (Buffer | null)[]).map(
        (outcome) => outcome && (outcome.toString() as "removed" | "asked"),
      ),
  },
  count: {
    name: "count",
    call: ([count]) => [
      String(count!.number),
      String(count!.settled),
      ...count!.counted.flatMap(({ queue, counts }) => [queue, JSON.stringify(fieldsOf(counts))]),
    ],
    results: () => [{ notDone: [], unknown: [] }],
  },
  bind: {
    name: "bind",
    call: ([bind], { numberOf }) => [numberOf(bind!.queue), bind!.name, "BIND"],
    results: (reply) => [reply === 1 ? "ok" : { tooMany: (reply as Buffer[])[0]! }],
  },
  unbind: {
    name: "bind",
    call: ([unbind], { numberOf }) => [numberOf(unbind!.queue), unbind!.name, "UNBIND"],
    results: (reply) => [reply === 1],
  },
  stats: {
    name: "stats",
    call: ([stats], { numberOf }) => [numberOf(stats!.queue), stats!.isWhole ? "WHOLE" : "BARE"],
    results: (reply, [stats]) => [statsIn(stats!.queue, reply)],
  },
  history: {
    name: "history",
    call: ([history], { numberOf }) => [numberOf(history!.queue)],
    results: (reply, [history]) => [historyIn(history!.queue, reply)],
  },
} satisfies { [K in Operation["kind"]]?: Verb<K> };
