// Operations on whole queues: settings, pauses, counts.
import { nameOf } from "../../../queue/name-cache.ts";
import {
  type Configure,
  type ConfigureOutcome,
  type List,
  type Pause,
  PAUSED_WORKERS_MAX,
  type Ready,
  type Resume,
  type Settings,
  type Status,
} from "../../../queue/management.ts";
import type { Register } from "../../../queue/operations.ts";
import type { Direction, QueuePage, QueueStatus } from "../../../queue/queue-status.ts";
import { toBytes, toText } from "../bytes.ts";
import { type LocalQueue, NO_SETTINGS, type Pauses } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { isEmpty } from "../queue-facts.ts";
import { startReview, startSurvey } from "../review.ts";
import { pauseGroup, resumeGroup } from "./grouping.ts";
import { hasUnexpired } from "./looking.ts";

const FAILED_TO_MAX = 16;
const NO_WORKERS: Pauses["workers"] = new Map();

export function settings(model: Model, { queue }: Settings): ReadonlyMap<string, string> {
  if (queue === null) return model.defaults;
  return model.get(nameOf(queue))?.given ?? NO_SETTINGS;
}

export function configure(model: Model, { queue: name, values }: Configure): ConfigureOutcome {
  const queue = name === null ? null : model.open(nameOf(name));
  const given = new Map(queue === null ? model.defaults : queue.given);
  for (const [setting, value] of values) {
    if (value === null) given.delete(setting);
    else given.set(setting, value);
  }
  if (queue !== null && isCycle(model, queue, given.get("failed-to"))) {
    model.noteIfUnused(queue);
    return "cycle";
  }
  const names = new Set(values.map(([setting]) => setting));
  if (queue === null) {
    model.setDefaults(given);
    startSurvey(model, names);
  } else {
    const before = model.isHandingOut(queue) ? model.offeredNow(queue) : 0;
    model.setSettings(queue, given);
    const after = model.isHandingOut(queue) ? model.offeredNow(queue) : 0;
    model.noteMore(queue, after - before);
    model.noteDue(queue);
    startReview(model, queue, names);
  }
  return "ok";
}

/** Whether that failed-to would lead back to the queue, or over too many queues. */
function isCycle(model: Model, queue: LocalQueue, failedTo: string | undefined): boolean {
  let name = failedTo ?? "";
  for (let count = 0; name !== ""; count++) {
    if (name === queue.name || count >= FAILED_TO_MAX) return true;
    name = model.get(name)?.given.get("failed-to") ?? "";
  }
  return false;
}

export function pause(model: Model, operation: Pause): boolean {
  const { queue: name, directions, forMs, worker, group } = operation;
  const queue = model.open(nameOf(name));
  const until = forMs === null ? Infinity : model.nowMs + forMs;
  if (group !== null) return pauseGroup(model, name, group, until);
  if (worker !== null) return pauseWorker(model, queue, toText(worker), until);
  const { pauses } = queue;
  const untilOf = (direction: Direction) =>
    directions.includes(direction) ? until : (pauses?.[direction] ?? null);
  const workers = pauses?.workers ?? NO_WORKERS;
  model.setPauses(queue, { in: untilOf("in"), out: untilOf("out"), workers });
  return true;
}

/** False if too many are paused. Pauses that have ended make room. */
function pauseWorker(model: Model, queue: LocalQueue, worker: string, until: number): boolean {
  const { pauses } = queue;
  const paused = [...(pauses?.workers ?? [])].filter(([, end]) => model.isPaused(end));
  const workers = new Map(paused);
  const isEnded = workers.size < (pauses?.workers.size ?? 0);
  if (!workers.has(worker) && workers.size >= PAUSED_WORKERS_MAX) return false;
  workers.set(worker, until);
  model.setPauses(queue, { in: pauses?.in ?? null, out: pauses?.out ?? null, workers });
  if (isEnded) model.noteAllReady(queue);
  return true;
}

export function resume(model: Model, { queue: name, directions, worker, group }: Resume): null {
  const queue = model.get(nameOf(name));
  if (group !== null) {
    resumeGroup(model, name, group);
    return null;
  }
  if (!queue?.pauses) return null;
  const { pauses } = queue;
  const workers = new Map(pauses.workers);
  if (worker !== null) workers.delete(toText(worker));
  const isKept = (direction: Direction) => worker !== null || !directions.includes(direction);
  const left = {
    in: isKept("in") ? pauses.in : null,
    out: isKept("out") ? pauses.out : null,
    workers,
  };
  const isOutEnded = left.out !== pauses.out || workers.size < pauses.workers.size;
  model.setPauses(queue, isEmpty(left) ? null : left);
  if (isOutEnded) model.noteAllReady(queue);
  return null;
}

export function status(model: Model, { queues }: Status): QueueStatus[] {
  return queues.map((name) => statusOf(model, nameOf(name)));
}

export function list(model: Model, { after, limit }: List): QueuePage {
  const found = model.names.after(after === null ? null : toText(after), limit + 1);
  const page = found.slice(0, limit);
  const used = page.filter((queue) => model.get(queue)?.isUnused === false);
  return {
    queues: used.map((queue) => statusOf(model, queue)),
    next: found.length > limit ? toBytes(page.at(-1) as string) : null,
  };
}

export function ready(model: Model, { queues }: Ready): Buffer | null {
  const name = queues.find((one) => {
    const queue = model.get(nameOf(one));
    return queue !== undefined && model.isHandingOut(queue) && hasUnexpired(model, queue);
  });
  return name === undefined ? null : Buffer.from(name);
}

export function register(model: Model, { consumers, isReset }: Register): null {
  const counts = new Map(consumers.map(({ queue, count }) => [nameOf(queue), count]));
  if (isReset) {
    for (const { name } of model.consumed) if (!counts.has(name)) counts.set(name, 0);
  }
  for (const [name, count] of counts) model.setConsumers(name, count);
  return null;
}

export function statusOf(model: Model, name: string): QueueStatus {
  const queue = model.get(name);
  const paused: Direction[] = [];
  for (const direction of ["in", "out"] as const) {
    if (model.isPaused(queue?.pauses?.[direction])) paused.push(direction);
  }
  return {
    queue: toBytes(name),
    ready: queue?.ready ?? 0,
    delayed: queue?.delayed?.length ?? 0,
    claimed: queue?.claimed.length ?? 0,
    failed: queue?.failed?.length ?? 0,
    completed: queue?.completed?.length ?? 0,
    consumers: queue?.consumers ?? 0,
    paused,
    isStream: queue !== undefined && queue.stream !== null,
  };
}
