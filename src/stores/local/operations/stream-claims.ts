// What groups of streams claim, and what ends these claims. See queue/streams.ts. Everything is
// read before anything is changed.
import type { FailOutcome, Popped } from "../../../queue/event.ts";
import { TOO_LARGE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { LAST_ID } from "../../../queue/stream-ids.ts";
import {
  NO_GROUP,
  type PendingClaim,
  type StreamAck,
  type StreamAckOutcome,
  type StreamClaim,
  type StreamClaimed,
  type StreamEnded,
  type StreamNack,
  type StreamPending,
  type StreamTake,
  type StreamTaken,
  type StreamTooLarge,
} from "../../../queue/streams.ts";
import { bytesOrNull, toBytes, toText } from "../bytes.ts";
import { countedText } from "../counter.ts";
import { claimsBetween, entryOf } from "../entries.ts";
import { crash, drop, fail, makeReady, withoutClaim } from "../life.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { type More, moreWith } from "../more.ts";
import { asPlace, asStreamId, comparePlaces, type Place } from "../places.ts";
import { CLAIMED } from "../states.ts";
import { bytesOfName, claimedIn, claimsOf, queueOfGroup } from "../stream-group.ts";
import { claimedAtMs, workerIn } from "../workers.ts";
import { acknowledge, isMember, judgeParts } from "./counting.ts";
import { popSeveral, type Terms, textOf, type Undo } from "./popping.ts";
import { contentsOf, entriesOf } from "./streaming.ts";
import { asOne } from "./transacting.ts";

type NoGroup = typeof NO_GROUP;

const LAST_PLACE = asPlace(LAST_ID);
/** Not the number of a claim: nothing undoes it. */
const NO_CLAIM = -1;

export function streamTake(model: Model, operation: StreamTake): StreamTaken | NoGroup {
  const { queue: top, group, claimant, count, isForGood } = operation;
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const bytes = bytesOfName(name, top);
  const leaseMs = isForGood ? 0 : null;
  const terms: Terms = { leaseMs, claimant, end: "right", isOfStream: true };
  const popped = popSeveral(model, [bytes], count, terms);
  const queue = model.get(name);
  if (queue) model.saw(queue, workerNameOf(claimant), popped.length > 0);
  return { queue: bytes, popped };
}

/** A client names the same Buffer again and again. */
const workerNames = new WeakMap<Buffer, string>();

function workerNameOf(claimant: Buffer): string {
  let name = workerNames.get(claimant);
  if (name === undefined) {
    name = workerIn(textOf(claimant));
    workerNames.set(claimant, name);
  }
  return name;
}

function idleMsOf(model: Model, event: LocalEvent): number {
  return Math.max(0, model.nowMs - claimedAtMs(event));
}

export function streamClaim(
  model: Model,
  operation: StreamClaim,
): StreamClaimed | NoGroup | StreamTooLarge {
  const { queue: top, group, claimant, minIdleMs, isCounted } = operation;
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const bytes = bytesOfName(name, top);
  const queue = model.get(name);
  if (!queue) return { queue: bytes, claimed: [], next: null };
  const wanted = wantedIn(model, queue, operation);
  const contents = wanted === TOO_LARGE ? TOO_LARGE : contentsOf(model, wanted.events);
  if (wanted === TOO_LARGE || contents === TOO_LARGE) return TOO_LARGE;
  const { events, next } = wanted;
  const claimed = asOne(model, () =>
    events.flatMap((event, at) => {
      const idleMs = idleMsOf(model, event);
      // It may be named twice.
      if (event.state !== CLAIMED || idleMs < minIdleMs) return [];
      const undo = isCounted
        ? claimAfterCrash(model, event, claimant)
        : claimAnew(model, event, claimant, withoutTime(event.more), NO_CLAIM);
      if (undo === null) return [];
      return [{ popped: poppedOf(event, bytes, contents[at]!, undo), idleMs }];
    }),
  );
  model.saw(queue, workerNameOf(claimant), claimed.length > 0);
  return { queue: bytes, claimed, next: next && asStreamId(next) };
}

interface Wanted {
  events: LocalEvent[];
  next: Place | null;
}

function wantedIn(
  model: Model,
  queue: LocalQueue,
  { which, minIdleMs, claimant }: StreamClaim,
): Wanted | StreamTooLarge {
  const isIdle = (event: LocalEvent) => idleMsOf(model, event) >= minIdleMs;
  if ("ids" in which) {
    const events = which.ids.flatMap((id) => claimedIn(queue, id) ?? []);
    return { events: events.filter(isIdle), next: null };
  }
  const { from, count, isOwn } = which;
  const worker = workerNameOf(claimant);
  const between = { from: asPlace(from), to: LAST_PLACE };
  const passes = (event: LocalEvent) =>
    isIdle(event) && (!isOwn || workerIn(event.claimant) === worker);
  const found = claimsBetween(model, queue, between, count, passes);
  if (found === TOO_LARGE) return TOO_LARGE;
  const last = found.length === count ? found.at(-1) : undefined;
  const next = last === undefined ? null : firstBehind(queue, last.place);
  return { events: found.map(({ event }) => event), next };
}

/** The place of the first claim behind that one. */
function firstBehind({ claimed }: LocalQueue, place: Place): Place | null {
  let next: Place | null = null;
  for (const event of claimed) {
    const own = entryOf(event).place;
    if (comparePlaces(own, place) <= 0) continue;
    if (next === null || comparePlaces(own, next) < 0) next = own;
  }
  return next;
}

/** Without the time at which the claim began. */
function withoutTime(more: More | null): More | null {
  return more === null || more.claimedAtMs === null ? more : moreWith(more, { claimedAtMs: null });
}

/** null: it had no attempt left, or was cancelled. */
function claimAfterCrash(model: Model, event: LocalEvent, claimant: Buffer): Undo | null {
  let undo: Undo | null = null;
  crash(model, event, (_, __, more) => {
    model.handOut(event);
    undo = claimAnew(model, event, claimant, more, model.claimNumber());
    return null;
  });
  return undo;
}

/** Gives a claimed event another claim. `undone`: the number of the claim that can be undone. */
function claimAnew(
  model: Model,
  event: LocalEvent,
  claimant: Buffer,
  more: More | null,
  undone: number,
): Undo {
  const { lease, place } = event;
  const claim = undone === NO_CLAIM ? model.claimNumber() : undone;
  model.move(event, {
    state: CLAIMED,
    atMs: model.nowMs + lease,
    place: -claim,
    lease,
    token: model.nextToken(),
    claimant: textOf(claimant),
    more,
  });
  return { claim: undone, place, atMs: model.nowMs, removed: null, counted: null };
}

function poppedOf(event: LocalEvent, queue: Buffer, contents: Buffer, undo: Undo): Popped {
  const { id, token, attempt, more, pushedAtMs } = event;
  return {
    queue,
    id: toBytes(id),
    contents,
    token: toBytes(countedText(token)),
    attempt,
    headers: bytesOrNull(more?.headers ?? null),
    pushedAtMs,
    undo,
  };
}

export function streamAck(model: Model, operation: StreamAck): StreamEnded<StreamAckOutcome> {
  const { queue: top, group, ids, others } = operation;
  const name = queueOfGroup(model, top, group);
  const queue = name === null ? undefined : model.get(name);
  const bytes = name === null ? top : bytesOfName(name, top);
  if (ids.length === 1 && others === "keep") {
    return { queue: bytes, outcomes: [ackAlone(model, queue, ids[0]!)] };
  }
  const claims = claimsOf(model, operation);
  if (claims.length === 0) return { queue: bytes, outcomes: ids.map(() => "none") };
  judgeParts(model, [...new Set(claims)]);
  const elsewhere = others === "keep" ? [] : elsewhereThan(model, top, claims);
  const has = new Set(elsewhere.map(({ id }) => id));
  const ackOne = (id: Buffer): StreamAckOutcome => {
    const event = claimedIn(queue, id);
    if (event === undefined) return "none";
    acknowledge(model, event, null);
    return others === "count" && has.has(event.id) ? "shared" : "acked";
  };
  const outcomes = asOne(model, () => {
    if (others === "remove") for (const event of elsewhere) drop(model, event);
    return ids.map(ackOne);
  });
  return { queue: bytes, outcomes };
}

/** The plain case, as fast as it can be. */
function ackAlone(model: Model, queue: LocalQueue | undefined, id: Buffer): StreamAckOutcome {
  const event = claimedIn(queue, id);
  if (event === undefined) return "none";
  if (isMember(event)) judgeParts(model, [event]);
  acknowledge(model, event, null);
  return "acked";
}

/** What is ready or claimed under the ids of these claims in other queues of the tree. */
function elsewhereThan(model: Model, top: Buffer, claims: LocalEvent[]): LocalEvent[] {
  const { queue } = claims[0]!;
  const ids = claims.map(({ id }) => toBytes(id));
  const found = entriesOf(model, model.get(nameOf(top))!, ids);
  return found.filter((event) => event.queue !== queue);
}

export function streamNack(
  model: Model,
  { queue: top, group, ids, how }: StreamNack,
): StreamEnded<FailOutcome> | NoGroup {
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const queue = model.get(name);
  const nackOne = (id: Buffer): FailOutcome => {
    const event = claimedIn(queue, id);
    if (event === undefined) return null;
    if (how === "redo") return redo(model, event);
    return fail(model, event, "", how === "fail" ? "backoff" : "final");
  };
  const outcomes = asOne(model, () => ids.toReversed().map(nackOne)).toReversed();
  return { queue: bytesOfName(name, top), outcomes };
}

function redo(model: Model, event: LocalEvent): "ready" | "removed" {
  if (event.more?.isCancelled) {
    drop(model, event);
    return "removed";
  }
  makeReady(model, event, model.number(), withoutClaim(event, null));
  return "ready";
}

export function streamPending(
  model: Model,
  operation: StreamPending,
): PendingClaim[] | NoGroup | StreamTooLarge {
  const { queue: top, group, from, to, count, consumer, minIdleMs } = operation;
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const queue = model.get(name);
  if (!queue) return [];
  const worker = consumer && toText(consumer);
  const passes = (event: LocalEvent) =>
    (worker === null || workerIn(event.claimant) === worker) &&
    (minIdleMs === 0 || idleMsOf(model, event) >= minIdleMs);
  const between = { from: asPlace(from), to: asPlace(to) };
  const found = claimsBetween(model, queue, between, count, passes);
  if (found === TOO_LARGE) return TOO_LARGE;
  return found.map(({ event }) => ({
    id: toBytes(event.id),
    consumer: toBytes(workerIn(event.claimant)),
    idleMs: idleMsOf(model, event),
    attempt: event.attempt,
  }));
}
