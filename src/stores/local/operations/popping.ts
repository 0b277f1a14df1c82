// Pops, and what undoes them.
import { workerOf } from "../../../queue/claimant.ts";
import { Refusal } from "../../../queue/errors.ts";
import type { End, Popped } from "../../../queue/event.ts";
import { type ListPop, WRONG_TYPE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import {
  BATCH_CONTENTS_BYTES,
  type Pop,
  type PopBatch,
  type Unpop,
} from "../../../queue/operations.ts";
import { bytesOrNull, contentsToBytes, toBytes, toKept, toText } from "../bytes.ts";
import { countedText } from "../counter.ts";
import { JournalError } from "../journal.ts";
import { drop, expire, makeReady, withoutClaim } from "../life.ts";
import { type LocalQueue, expiryOf, LocalEvent } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { isNoList } from "../name-kind.ts";
import { placeIn } from "../places.ts";
import { entriesFrom } from "../ready-page.ts";
import { COMPLETED } from "../states.ts";
import { acknowledgePopped, isMember, judgeParts, type Uncount, uncount } from "./counting.ts";

/** A pop passes over so many expired events. Whoever waits goes on at once. */
const expiredAtOnce = 1000;

/** What undoes a pop. */
export interface Undo {
  /** The number of the claim; 0: none. */
  claim: number;
  /** The place in line before; null for a new one at the left end. */
  place: number | null;
  /** When it was handed out. */
  atMs: number;
  /** The event that the pop removed. */
  removed: LocalEvent | null;
  /** What it counted down by that. */
  counted: Uncount | null;
}

/** How to pop. */
export interface Terms extends Pick<Pop, "leaseMs" | "claimant"> {
  end: End;
  /** The stream of the queue, if it has one, notes what was taken. */
  isOfStream: boolean;
}

/** How lists pop. */
export function forGood(end: End): Terms {
  return { leaseMs: 0, claimant: null, end, isOfStream: false };
}

export function pop(model: Model, { queue: name, leaseMs, claimant }: Pop): Popped | null {
  return popOne(model, name, { leaseMs, claimant, end: "right", isOfStream: false });
}

export function popBatch(model: Model, operation: PopBatch): Popped[] {
  const { queues, count, leaseMs, claimant } = operation;
  const terms: Terms = { leaseMs, claimant, end: "right", isOfStream: false };
  return popSeveral(model, queues, count, terms);
}

export function listPop(
  model: Model,
  { queues, end, count }: ListPop,
): Popped[] | typeof WRONG_TYPE {
  for (const name of queues) {
    if (isNoList(model, nameOf(name))) return WRONG_TYPE;
    const popped = popSeveral(model, [name], count, forGood(end));
    if (popped.length > 0) return popped;
  }
  return [];
}

export function popSeveral(model: Model, queues: Buffer[], count: number, terms: Terms): Popped[] {
  const popped: Popped[] = [];
  let bytes = 0;
  try {
    for (const name of queues) {
      while (popped.length < count && bytes <= BATCH_CONTENTS_BYTES) {
        const event = popOne(model, name, terms);
        if (event === null) break;
        popped.push(event);
        bytes += event.contents.length;
      }
    }
  } catch (error) {
    const isExpected = error instanceof JournalError || error instanceof Refusal;
    if (popped.length === 0 || !isExpected) throw error;
  }
  return popped;
}

function popOne(model: Model, name: Buffer, terms: Terms): Popped | null {
  const event = nextOut(model, name, terms);
  return event ? take(model, event, name, terms) : null;
}

/** The event that a pop would take; ends those in front of it that have expired. */
export function nextOut(model: Model, name: Buffer, terms: Terms): LocalEvent | undefined {
  const queue = model.get(nameOf(name));
  return queue && mayPop(model, queue, terms) ? nextUnexpired(model, queue, terms.end) : undefined;
}

/** Pops the event that is next out there. Throws a Refusal or a JournalError. */
export function take(model: Model, event: LocalEvent, name: Buffer, terms: Terms): Popped {
  const { queue } = event;
  const contents = contentsToBytes(model.contentsOf(event));
  const { attempt, more, pushedAtMs } = event;
  const place = terms.end === "left" && (more?.group ?? null) === null ? null : event.place;
  const undo: Undo = { claim: 0, place, atMs: model.nowMs, removed: null, counted: null };
  let token = 0;
  if (terms.leaseMs === 0) {
    if (isMember(event)) judgeParts(model, [event], queue);
    model.handOut(event);
    undo.counted = acknowledgePopped(model, event);
    undo.removed = event;
  } else {
    const leaseMs = terms.leaseMs ?? more?.leaseMs ?? model.settingsOf(queue).leaseMs;
    const { claimant } = terms;
    model.handOut(event);
    if (claimant !== null) token = model.nextToken();
    undo.claim = model.claimNumber();
    model.claim(event, {
      atMs: model.nowMs + leaseMs,
      place: -undo.claim,
      lease: leaseMs,
      token,
      claimant: claimant === null ? null : textOf(claimant),
    });
  }
  if (terms.isOfStream && queue.stream !== null) {
    model.delivered(queue, queue.stream, placeIn(event.id, pushedAtMs));
  }
  return {
    queue: name,
    id: toBytes(event.id),
    contents,
    token: token === 0 ? null : toBytes(countedText(token)),
    attempt,
    headers: more === null || terms.claimant === null ? null : bytesOrNull(more.headers),
    pushedAtMs,
    undo,
  };
}

/** A client names the same Buffer again and again: its claims share one text. */
const claimants = new WeakMap<Buffer, string>();

export function textOf(claimant: Buffer): string {
  let text = claimants.get(claimant);
  if (text === undefined) {
    text = toText(claimant);
    claimants.set(claimant, text);
  }
  return text;
}

function mayPop(model: Model, queue: LocalQueue, { leaseMs, claimant }: Terms): boolean {
  const { pauses } = queue;
  if (pauses !== null) {
    if (model.isPaused(pauses.out)) return false;
    const isNamed = claimant !== null && pauses.workers.size > 0;
    if (isNamed && model.isPaused(pauses.workers.get(toText(workerOf(claimant))))) return false;
  }
  if (!model.hasRoom(queue)) return false;
  const { claimedMax } = model.settingsOf(queue);
  return claimedMax === null || leaseMs === 0 || queue.claimed.length < claimedMax;
}

function nextUnexpired(model: Model, queue: LocalQueue, end: End): LocalEvent | undefined {
  const { ttlMs } = model.settingsOf(queue);
  for (let passed = 0; passed < expiredAtOnce; passed++) {
    const event = end === "right" ? model.next(queue) : leftMost(model, queue);
    if (!event || (ttlMs === null && event.more === null)) return event;
    const expiresAtMs = expiryOf(event.pushedAtMs, event.more, ttlMs);
    if (expiresAtMs === 0 || expiresAtMs > model.nowMs) return event;
    expire(model, event);
  }
  model.noteNextReady(queue);
  return undefined;
}

/** Throws a JournalError. */
function leftMost(model: Model, queue: LocalQueue): LocalEvent | undefined {
  const [entry] = entriesFrom(queue, 1, true);
  return entry === undefined ? undefined : model.inLine(queue, entry);
}

export function unpop(model: Model, { queue: name, popped }: Unpop): boolean {
  const { claim: number, place, atMs, removed, counted } = popped.undo as Undo;
  if (removed === null) {
    const event = model.get(nameOf(name))?.get(toText(popped.id));
    if (event?.claim !== number) return false;
    model.takeBack(event.queue, event.more?.group ?? null, atMs);
    if (event.more?.isCancelled) drop(model, event);
    else makeReady(model, event, place!, withoutClaim(event, null));
    return true;
  }
  const queue = model.open(nameOf(name));
  const event = new LocalEvent(queue, removed.id, toKept(popped.contents));
  const there = model.find(queue, event.id, event.hash);
  if (there && there.state !== COMPLETED) return false;
  if (there) drop(model, there);
  if (counted) uncount(model, counted);
  event.key = model.number();
  event.pushedAtMs = removed.pushedAtMs;
  model.takeBack(queue, removed.more?.group ?? null, atMs);
  makeReady(model, event, place ?? model.leftPlace(), removed.more);
  return true;
}
