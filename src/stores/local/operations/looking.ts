// What shows events and changes nothing.
import type { Event, EventError, EventFacts, State } from "../../../queue/event.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import type { EventPage, Get, Peek, Scan } from "../../../queue/management.ts";
import { BATCH_CONTENTS_BYTES } from "../../../queue/operations.ts";
import { bytesOrNull, contentsToBytes, toBytes, toText } from "../bytes.ts";
import { hashOf } from "../hash-index.ts";
import { keyIn } from "../keys.ts";
import { type EventOrPlace, placeOf } from "../line.ts";
import { type EventOrKey, type LocalQueue, expiryOf, type LocalEvent } from "../local-queue.ts";
import type { NotedError } from "../more.ts";
import type { Model } from "../model.ts";
import type { TimeAndRank, TimeLine } from "../time-line.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY, type StateNumber } from "../states.ts";

/** Expired events that a look passes over: a tick ends them soon. */
const expiredPassed = 100;

const states: Partial<Record<StateNumber, State>> = {
  [READY]: "ready",
  [DELAYED]: "delayed",
  [CLAIMED]: "claimed",
  [FAILED]: "failed",
  [COMPLETED]: "completed",
};

export function peek(model: Model, { queue: name, end }: Peek): Event | null {
  const queue = model.get(nameOf(name));
  const entry = end === "left" ? queue?.line.leftMost : queue?.line.next;
  if (entry === undefined) return null;
  const event = model.inLine(queue!, entry);
  return { id: toBytes(event.id), contents: contentsToBytes(model.contentsOf(event)) };
}

/** Whether an event may be handed out: one that has not expired. */
export function hasUnexpired(model: Model, queue: LocalQueue): boolean {
  const { line, expiring } = queue;
  const { ttlMs } = model.settingsOf(queue);
  const mayExpire = ttlMs !== null || (expiring !== null && expiring.firstMs <= model.nowMs);
  if (!mayExpire) return line.length > 0;
  return line.page(null, expiredPassed, false).some((entry) => {
    const event = model.inLine(queue, entry);
    const expiresAtMs = expiryOf(event.pushedAtMs, event.more, ttlMs);
    return expiresAtMs === 0 || expiresAtMs > model.nowMs;
  });
}

export function get(model: Model, { queue: name, id }: Get): EventFacts | null {
  const queue = model.get(nameOf(name));
  const text = toText(id);
  const event = queue && model.find(queue, text, hashOf(text));
  return event ? factsOf(model, event, true) : null;
}

export function scan(model: Model, operation: Scan): EventPage {
  const queue = model.get(nameOf(operation.queue));
  if (!queue) return { events: [], next: null };
  const { state, isWhole } = operation;
  const entries = state === "ready" ? linePage(queue, operation) : timePage(queue, operation);
  const events: EventFacts[] = [];
  let bytes = 0;
  for (const { entry, cursor } of entries.slice(0, operation.limit)) {
    const event = state === "ready" ? model.inLine(queue, entry) : model.byTime(queue, entry);
    const facts = factsOf(model, event, isWhole);
    events.push(facts);
    bytes += facts.contents?.length ?? 0;
    const hasMore = entries.length > events.length;
    const isLast = bytes >= BATCH_CONTENTS_BYTES || events.length === operation.limit;
    if (hasMore && isLast) return { events, next: toBytes(cursor) };
  }
  return { events, next: null };
}

interface Entry {
  entry: EventOrPlace<LocalEvent> | EventOrKey;
  cursor: string;
}

/** One entry more than the page has. */
function linePage({ line }: LocalQueue, { after, limit, isReverse }: Scan): Entry[] {
  const place = after === null ? null : Number(toText(after));
  const entries = line.page(place, limit + 1, isReverse);
  return entries.map((entry) => ({ entry, cursor: `${placeOf(entry)}` }));
}

function timePage(queue: LocalQueue, { state, after, limit, isReverse }: Scan): Entry[] {
  const lines: Partial<Record<State, TimeLine<EventOrKey> | null>> = {
    claimed: queue.claimed,
    delayed: queue.delayed,
    failed: queue.failed,
    completed: queue.completed,
  };
  const from = after === null ? null : (toText(after).split(":").map(Number) as TimeAndRank);
  const entries = lines[state]?.page(from, limit + 1, isReverse) ?? [];
  return entries.map(([[atMs, rank], entry]) => ({ entry, cursor: `${atMs}:${rank}` }));
}

function errorOf({ atMs, attempt, text }: NotedError): EventError {
  return { atMs, attempt, text: toBytes(text) };
}

function factsOf(model: Model, event: LocalEvent, isWhole: boolean): EventFacts {
  const { state, more, atMs, lease, pushedAtMs } = event;
  const isKept = state === FAILED || state === COMPLETED;
  const { ttlMs } = model.settingsOf(event.queue);
  const hasToken = state === CLAIMED && event.token > 0;
  return {
    id: toBytes(event.id),
    state: states[state]!,
    contents: isWhole ? contentsToBytes(model.contentsOf(event)) : null,
    pushedAtMs,
    atMs: state === READY ? null : atMs,
    failures: more?.failures ?? 0,
    crashes: more?.crashes ?? 0,
    attemptsMax: more?.attemptsMax ?? null,
    backoff: more?.backoff ?? null,
    leaseMs: more?.leaseMs ?? null,
    priority: 0,
    group: null,
    heldBackBy: null,
    expiresAtMs: isKept ? null : expiryOf(pushedAtMs, more, ttlMs) || null,
    headers: bytesOrNull(more?.headers ?? null),
    unique: more?.unique ? toBytes(keyIn(more.unique)) : null,
    claimant: hasToken ? toBytes(event.claimant!) : null,
    claimedAtMs: hasToken ? (more?.claimedAtMs ?? atMs - lease) : null,
    isCancelled: more?.isCancelled ?? false,
    lastError: bytesOrNull(more?.lastError ?? null),
    errors: isWhole ? (more?.errors ?? []).map(errorOf) : [],
    log: isWhole ? (more?.log ?? []).map(toBytes) : [],
    progress: bytesOrNull(more?.progress ?? null),
    result: bytesOrNull(more?.result ?? null),
    version: event.version,
  };
}
