// Pops, and what undoes them.
import { workerOf } from "../../../queue/claimant.ts";
import { Refusal } from "../../../queue/errors.ts";
import type { Popped } from "../../../queue/event.ts";
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
import { COMPLETED } from "../states.ts";
import { acknowledgePopped, isMember, judgeParts, type Uncount, uncount } from "./counting.ts";

/** A pop passes over so many expired events. Whoever waits goes on at once. */
const expiredAtOnce = 1000;

/** What undoes a pop. */
interface Undo {
  /** The number of the claim; 0: none. */
  claim: number;
  /** The place in line before. */
  place: number;
  /** When it was handed out. */
  atMs: number;
  /** The event that the pop removed. */
  removed: LocalEvent | null;
  /** What it counted down by that. */
  counted: Uncount | null;
}

/** How to pop. */
type Terms = Pick<Pop, "leaseMs" | "claimant">;

export function pop(model: Model, operation: Pop): Popped | null {
  const queue = model.get(nameOf(operation.queue));
  return queue ? popOne(model, queue, operation.queue, operation) : null;
}

export function popBatch(model: Model, operation: PopBatch): Popped[] {
  const popped: Popped[] = [];
  let bytes = 0;
  try {
    for (const name of operation.queues) {
      const queue = model.get(nameOf(name));
      if (!queue) continue;
      while (popped.length < operation.count && bytes <= BATCH_CONTENTS_BYTES) {
        const event = popOne(model, queue, name, operation);
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

function popOne(model: Model, queue: LocalQueue, name: Buffer, terms: Terms): Popped | null {
  if (!mayPop(model, queue, terms)) return null;
  const event = nextUnexpired(model, queue);
  if (!event) return null;
  const contents = contentsToBytes(model.contentsOf(event));
  const { attempt, place, more, pushedAtMs } = event;
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

function textOf(claimant: Buffer): string {
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

/** The next event out; ends those in front of it that have expired. Throws a JournalError. */
function nextUnexpired(model: Model, queue: LocalQueue): LocalEvent | undefined {
  const { ttlMs } = model.settingsOf(queue);
  for (let passed = 0; passed < expiredAtOnce; passed++) {
    const event = model.next(queue);
    if (!event || (ttlMs === null && event.more === null)) return event;
    const expiresAtMs = expiryOf(event.pushedAtMs, event.more, ttlMs);
    if (expiresAtMs === 0 || expiresAtMs > model.nowMs) return event;
    expire(model, event);
  }
  model.noteNextReady(queue);
  return undefined;
}

export function unpop(model: Model, { queue: name, popped }: Unpop): boolean {
  const { claim: number, place, atMs, removed, counted } = popped.undo as Undo;
  if (removed === null) {
    const event = model.get(nameOf(name))?.get(toText(popped.id));
    if (event?.claim !== number) return false;
    model.takeBack(event.queue, event.more?.group ?? null, atMs);
    if (event.more?.isCancelled) drop(model, event);
    else makeReady(model, event, place, withoutClaim(event, null));
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
  makeReady(model, event, place, removed.more);
  return true;
}
