// What shows events and changes nothing.
import type { Event, EventError, EventFacts, State } from "../../../queue/event.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import type { EventPage, Get, Peek, Scan } from "../../../queue/management.ts";
import { BATCH_CONTENTS_BYTES } from "../../../queue/operations.ts";
import { bytesOrNull, contentsToBytes, toBytes, toText } from "../bytes.ts";
import { hashOf } from "../hash-index.ts";
import { keyIn } from "../keys.ts";
import type { EventOrPlace } from "../line.ts";
import { type EventOrKey, type LocalQueue, expiryOf, type LocalEvent } from "../local-queue.ts";
import type { NotedError } from "../more.ts";
import type { Model } from "../model.ts";
import { readyPage } from "../ready-page.ts";
import type { TimeAndRank, TimeLine } from "../time-line.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY, type StateNumber } from "../states.ts";
import { claimedAtMs } from "../workers.ts";

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
  if (!queue) return null;
  const left = end === "left" ? readyPage(queue, null, 1, true)[0]?.entry : undefined;
  const entry = end === "left" ? left : model.nextLine(queue)?.next;
  if (entry === undefined) return null;
  const event = model.inLine(queue, entry);
  return { id: toBytes(event.id), contents: contentsToBytes(model.contentsOf(event)) };
}

/** Whether an event may be handed out: one that has not expired. */
export function hasUnexpired(model: Model, queue: LocalQueue): boolean {
  const { expiring } = queue;
  const { ttlMs } = model.settingsOf(queue);
  const mayExpire = ttlMs !== null || (expiring !== null && expiring.firstMs <= model.nowMs);
  if (!mayExpire) return model.nextLine(queue) !== undefined;
  return entriesThatMayGo(queue).some((entry) => {
    const event = model.inLine(queue, entry);
    const expiresAtMs = expiryOf(event.pushedAtMs, event.more, ttlMs);
    return expiresAtMs === 0 || expiresAtMs > model.nowMs;
  });
}

/** Some of them. */
function entriesThatMayGo(queue: LocalQueue): EventOrPlace<LocalEvent>[] {
  const { groups, otherLine } = queue;
  const lines = groups?.inTurn(expiredPassed).map(({ line }) => line) ?? [];
  if (otherLine) lines.push(otherLine);
  const found: EventOrPlace<LocalEvent>[] = [];
  for (const line of lines) {
    found.push(...line.page(null, expiredPassed - found.length, false));
    if (found.length >= expiredPassed) break;
  }
  return found;
}

export function get(model: Model, { queue: name, id, isWhole }: Get): EventFacts | null {
  const queue = model.get(nameOf(name));
  const text = toText(id);
  const event = queue && model.find(queue, text, hashOf(text));
  if (!event) return null;
  const heldBackBy = event.state === READY ? model.heldBackBy(queue!, event) : null;
  return { ...factsOf(model, event, isWhole), heldBackBy };
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
function linePage(queue: LocalQueue, { after, limit, isReverse }: Scan): Entry[] {
  return readyPage(queue, after === null ? null : toText(after), limit + 1, isReverse);
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
  const { state, more, atMs, pushedAtMs } = event;
  const isKept = state === FAILED || state === COMPLETED;
  const { ttlMs, attemptsMax } = model.settingsOf(event.queue);
  const hasToken = state === CLAIMED && event.token > 0;
  return {
    id: toBytes(event.id),
    state: states[state]!,
    contents: isWhole ? contentsToBytes(model.contentsOf(event)) : null,
    pushedAtMs,
    atMs: state === READY ? null : atMs,
    failures: more?.failures ?? 0,
    crashes: more?.crashes ?? 0,
    attemptsMax: more?.attemptsMax ?? attemptsMax,
    backoff: more?.backoff ?? null,
    leaseMs: more?.leaseMs ?? null,
    priority: more?.priority ?? 0,
    group: bytesOrNull(more?.group ?? null),
    heldBackBy: null,
    expiresAtMs: isKept ? null : expiryOf(pushedAtMs, more, ttlMs) || null,
    headers: bytesOrNull(more?.headers ?? null),
    unique: more?.unique ? toBytes(keyIn(more.unique)) : null,
    claimant: hasToken ? toBytes(event.claimant!) : null,
    claimedAtMs: hasToken ? claimedAtMs(event) : null,
    isCancelled: more?.isCancelled ?? false,
    lastError: bytesOrNull(more?.lastError ?? null),
    errors: isWhole ? (more?.errors ?? []).map(errorOf) : [],
    log: isWhole ? (more?.log ?? []).map(toBytes) : [],
    progress: bytesOrNull(more?.progress ?? null),
    result: bytesOrNull(more?.result ?? null),
    version: event.version,
  };
}
