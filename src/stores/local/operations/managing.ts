// Moves events to other queues, changes and cancels them, and keeps figures of queues.
import { decodeHeaders, encodeHeaders, type Header } from "../../../queue/headers.ts";
import type {
  Cancel,
  CancelOutcome,
  Count,
  CountOutcome,
  Move,
  SetEvent,
  Stats,
} from "../../../queue/management.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { type History, historyOf, type QueueHistory } from "../../../queue/history.ts";
import { emptyCounts, type QueueStats } from "../../../queue/queue-status.ts";
import { enterFromElsewhere, findIn, isTakenBy, type Tree, treeIn } from "../bound-queues.ts";
import { toBytes, toKept, toText } from "../bytes.ts";
import { hashOf } from "../hash-index.ts";
import { drop, dropOldest, leftBehind, settle, startMs } from "../life.ts";
import { levelsOf } from "../local-figures.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { type Facts, moreWith } from "../more.ts";
import { readyPage } from "../ready-page.ts";
import { isPushable, roomIn } from "../room.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY } from "../states.ts";
import type { Windows } from "../windows.ts";
import { statusOf } from "./queues.ts";

/** The oldest ready event is looked for among so many: those that are next out. */
const oldestOfReady = 100;

export function move(model: Model, { queue: name, target: to, targets }: Move): boolean[] {
  const queue = model.get(nameOf(name));
  if (!queue) return targets.map(() => false);
  const target = model.open(nameOf(to));
  model.noteIfUnused(target);
  const tree = treeIn(model, target);
  // Found before the first one is moved: a read may fail.
  const found = targets.map(({ id }) => {
    const text = toText(id);
    const hash = hashOf(text);
    return { event: model.find(queue, text, hash), met: findIn(model, tree, text, hash) };
  });
  const seen = new Set<string>();
  /** By their keys: a cold event is another object each time that it is found. */
  const dropped = new Set<number>();
  const moved: boolean[] = [];
  for (const [at, { event, met }] of found.entries()) {
    const { version } = targets[at]!;
    const there = met.filter(({ key }) => !dropped.has(key));
    const isThere = event !== undefined && (version === null || version === event.version);
    const isFree = isThere && event.state !== CLAIMED && !isTakenBy(there) && !seen.has(event.id);
    if (!isFree || queue === target) moved.push(false);
    else {
      const oldest = isWaiting(event) ? roomIn(model, tree) : isPushable(model, target) && [];
      if (!oldest) return moved;
      for (const one of oldest) {
        dropped.add(one.key);
        dropOldest(model, one);
      }
      seen.add(event.id);
      moveOne(model, event, tree, there);
      moved.push(true);
    }
  }
  return moved;
}

function isWaiting({ state }: LocalEvent): boolean {
  return state === READY || state === DELAYED;
}

/** It keeps its state, and counts from 0. */
function moveOne(model: Model, event: LocalEvent, tree: Tree, there: LocalEvent[]): void {
  const { state, atMs, id } = event;
  const more = moreWith(event.more, leftBehind());
  if (state === READY || state === DELAYED) {
    return enterFromElsewhere(model, event, tree, { state, atMs, more, id, there });
  }
  for (const one of there) if (one.queue === tree.top) drop(model, one);
  const to = { queue: tree.top, atMs, pushedAtMs: model.nowMs };
  settle(model, event, state as typeof FAILED | typeof COMPLETED, more, to);
}

export function set(model: Model, operation: SetEvent): boolean {
  const { id, contents, start, ttlMs, priority, headers } = operation;
  const queue = model.get(nameOf(operation.queue));
  const text = toText(id);
  const event = queue && model.find(queue, text, hashOf(text));
  if (!event || event.state === CLAIMED || event.state === COMPLETED) return false;
  if (start !== null && event.state === FAILED) return false;
  const facts: Partial<Facts> = {};
  if (ttlMs !== null) Object.assign(facts, { ttlMs, ttlFromMs: model.nowMs });
  const isReordered = priority !== null && priority !== (event.more?.priority ?? 0);
  if (isReordered) facts.priority = priority;
  if (headers.length > 0) facts.headers = withHeaders(event.more?.headers ?? null, headers);
  const more = Object.keys(facts).length > 0 ? moreWith(event.more, facts) : event.more;
  const { state, atMs, place } = event;
  if (start === null) {
    const isMoved = isReordered && state === READY;
    model.move(event, { state, atMs, place: isMoved ? model.leftPlace() : place, more });
  } else {
    const startsAtMs = startMs(model, start);
    const next = startsAtMs > 0 ? DELAYED : READY;
    model.move(event, { state: next, atMs: startsAtMs, place: model.leftPlace(), more });
  }
  if (contents !== null) model.setContents(event, toKept(contents));
  return true;
}

/** A block of headers in which these are set. */
function withHeaders(block: string | null, added: Header[]): string {
  const headers = new Map<string, Header>();
  const own = block === null ? [] : decodeHeaders(toBytes(block));
  for (const header of [...own, ...added]) headers.set(toText(header[0]), header);
  return toText(encodeHeaders([...headers.values()])!);
}

export function cancel(model: Model, { queue: name, id }: Cancel): CancelOutcome {
  const queue = model.get(nameOf(name));
  const text = toText(id);
  const event = queue && model.find(queue, text, hashOf(text));
  if (!event) return null;
  if (event.state === CLAIMED) {
    model.move(event, { state: CLAIMED, more: moreWith(event.more, { isCancelled: true }) });
    return "asked";
  }
  if (event.state !== READY && event.state !== DELAYED) return null;
  drop(model, event);
  return "removed";
}

export function count(model: Model, { number, settled, counted }: Count): CountOutcome {
  const outcome: CountOutcome = { notDone: [], unknown: [] };
  if (!model.noteCount(number, settled)) return outcome;
  for (const { queue: name, counts } of counted) {
    const queue = model.get(nameOf(name));
    if (queue && !queue.isUnused) model.addCounts(queue, counts);
  }
  return outcome;
}

export function stats(model: Model, { queue: name, isWhole }: Stats): QueueStats {
  const queue = model.get(nameOf(name));
  const page = queue ? readyPage(queue, null, oldestOfReady) : [];
  const countOf = (windows?: Windows | null) => windows?.countAfter(model.nowMs) ?? 0;
  const pushedAt = page.map(({ entry }) => model.inLine(queue!, entry).pushedAtMs);
  return {
    ...statusOf(model, nameOf(name)),
    retrying: queue?.retrying ?? 0,
    counts: queue?.figures?.counts ?? emptyCounts(),
    recent: queue?.figures?.recentAt(model.nowMs) ?? emptyCounts(),
    oldestReadyAtMs: pushedAt.length > 0 ? Math.min(...pushedAt) : null,
    windows: countOf(queue?.windows) + countOf(queue?.keyWindows),
    bindings: (queue?.bindings ?? []).map(toBytes),
    heldBackBy: queue ? model.heldBackBy(queue, null) : null,
    pausedWorkers: isWhole ? pausedWorkersOf(model, queue) : [],
    nowMs: model.nowMs,
  };
}

export function history(model: Model, { queue: name }: History): QueueHistory {
  const queue = model.get(nameOf(name));
  return historyOf(queue?.history?.kept ?? null, levelsOf(queue), model.nowMs);
}

function pausedWorkersOf(model: Model, queue: LocalQueue | undefined): Buffer[] {
  const all = [...(queue?.pauses?.workers ?? [])];
  const paused = all.filter(([, until]) => model.isPaused(until));
  return paused.map(([worker]) => toBytes(worker)).toSorted(Buffer.compare);
}
