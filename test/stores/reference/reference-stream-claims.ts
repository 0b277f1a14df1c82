// What groups of streams claim in the reference store, and what ends these claims.
import { workerOf } from "../../../src/queue/claimant.ts";
import type { FailOutcome, Popped } from "../../../src/queue/event.ts";
import { LIST_BYTES_MAX, TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import { compareStreamIds, LAST_ID } from "../../../src/queue/stream-ids.ts";
import {
  NO_GROUP,
  type StreamAck,
  type StreamAckOutcome,
  type StreamClaim,
  type StreamNack,
  type StreamPending,
  type StreamResults,
  type StreamTake,
} from "../../../src/queue/streams.ts";
import { countPart, judgeParts } from "./reference-counters.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { isNoStream } from "./reference-kinds.ts";
import { mayGo } from "./reference-lists.ts";
import { popSome, type Undo } from "./reference-pops.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";
import { consumerOf, placeOfEvent } from "./reference-stream.ts";
import { entriesNamed, inOrderOfPlaces, isBetween, laterOf } from "./reference-streams.ts";

/** Nothing undoes it. */
const NO_CLAIM = -1;

export const streamClaims = {
  streamTake(state: ReferenceState, operation: StreamTake): StreamResults["streamTake"] {
    const { claimant, count, isForGood } = operation;
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    const popped = popSome(state, [queue], { count, leaseMs: isForGood ? 0 : null, claimant });
    const { stream } = queue;
    if (stream) {
      const places = popped.map(({ undo }) => placeOfEvent((undo as Undo).event));
      stream.deliveredId = places.reduce(laterOf, stream.deliveredId);
      stream.saw(queue, textOf(workerOf(claimant)), popped.length > 0);
    }
    return { queue: bytesOf(queue.name), popped };
  },

  streamClaim(state: ReferenceState, operation: StreamClaim): StreamResults["streamClaim"] {
    const { claimant, minIdleMs, isCounted } = operation;
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    const wanted = wantedIn(state, queue, operation);
    if (wanted === TOO_LARGE) return TOO_LARGE;
    const bytes = wanted.events.reduce((sum, { contents }) => sum + contents.length, 0);
    if (bytes > LIST_BYTES_MAX) return TOO_LARGE;
    const claimed = wanted.events.flatMap((event) => {
      // It may be named twice.
      if (!event.claim || idleMsOf(queue, event) < minIdleMs) return [];
      const idleMs = idleMsOf(queue, event);
      const undo = isCounted
        ? claimAfterCrash(state, queue, event, claimant)
        : claimAnew(state, queue, event, claimant);
      return undo ? [{ popped: poppedOf(queue, event, undo), idleMs }] : [];
    });
    queue.stream?.saw(queue, textOf(workerOf(claimant)), claimed.length > 0);
    return { queue: bytesOf(queue.name), claimed, next: wanted.next };
  },

  streamAck(state: ReferenceState, operation: StreamAck): StreamResults["streamAck"] {
    const { ids, others } = operation;
    const queue = groupQueue(state, operation);
    if (queue === WRONG_TYPE) return WRONG_TYPE;
    const none = ids.map((): StreamAckOutcome => "none");
    if (queue === NO_GROUP) return { queue: operation.queue, outcomes: none };
    const claims = claimsNamed(queue, ids);
    judgeParts(state, claims);
    const { tree } = state.queue(textOf(operation.queue));
    const elsewhere = tree.all.filter((each) => each !== queue);
    const named = claims.map(({ id }) => bytesOf(id));
    const found = new Set(
      elsewhere.flatMap((each) => entriesNamed(each, named).map(({ id }) => id)),
    );
    if (others === "remove") {
      for (const each of elsewhere) for (const one of entriesNamed(each, named)) each.remove(one);
    }
    const outcomes = ids.map((id): StreamAckOutcome => {
      const [event] = claimsNamed(queue, [id]);
      if (!event) return "none";
      acknowledge(state, queue, event);
      return others === "count" && found.has(event.id) ? "shared" : "acked";
    });
    return { queue: bytesOf(queue.name), outcomes };
  },

  streamNack(state: ReferenceState, operation: StreamNack): StreamResults["streamNack"] {
    const { ids, how } = operation;
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    const nackOne = (id: Buffer): FailOutcome => {
      const [event] = claimsNamed(queue, [id]);
      if (!event) return null;
      if (event.claim!.isCancelled) {
        queue.remove(event);
        return "removed";
      }
      if (how === "redo") return queue.enter(event, null, queue.rankAt("right"));
      const next = how === "fail" ? "backoff" : "final";
      return queue.fail(event, Buffer.alloc(0), next) as FailOutcome;
    };
    const outcomes = ids.toReversed().map(nackOne).toReversed();
    return { queue: bytesOf(queue.name), outcomes };
  },

  streamPending(state: ReferenceState, operation: StreamPending): StreamResults["streamPending"] {
    const { from, to, count, consumer, minIdleMs } = operation;
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    if (!mayGo(state, queue.count("claimed"))) return TOO_LARGE;
    const found = claimsOf(queue).filter(
      (event) =>
        isBetween(event, from, to) &&
        idleMsOf(queue, event) >= minIdleMs &&
        (consumer === null || consumerOf(event) === textOf(consumer)),
    );
    return found.slice(0, count).map((event) => ({
      id: bytesOf(event.id),
      consumer: bytesOf(consumerOf(event)),
      idleMs: idleMsOf(queue, event),
      attempt: attemptOf(event),
    }));
  },
};

/** The claims that it acknowledges. */
export function claimsEndedBy(state: ReferenceState, operation: StreamAck): ReferenceEvent[] {
  const queue = groupQueue(state, operation);
  return typeof queue === "string" ? [] : claimsNamed(queue, operation.ids);
}

interface OfGroup {
  queue: Buffer;
  group: Buffer;
}

export function groupQueue(
  state: ReferenceState,
  { queue: name, group }: OfGroup,
): ReferenceQueue | typeof NO_GROUP | typeof WRONG_TYPE {
  const queue = state.queue(textOf(name));
  if (isNoStream(state, queue.name)) return WRONG_TYPE;
  const text = textOf(group);
  if (text === "default" || text === queue.stream?.group) return queue;
  return queue.bindings.has(text) ? state.queue(`${queue.name}@${text}`) : NO_GROUP;
}

/** In the order of their places. */
export function claimsOf(queue: ReferenceQueue): ReferenceEvent[] {
  return inOrderOfPlaces(queue.inState("claimed"));
}

function claimsNamed(queue: ReferenceQueue, ids: Buffer[]): ReferenceEvent[] {
  return entriesNamed(queue, ids).filter(({ claim }) => claim);
}

function idleMsOf({ nowMs }: ReferenceQueue, { claim }: ReferenceEvent): number {
  return Math.floor(nowMs - claim!.sinceMs);
}

function attemptOf({ failures, crashes }: ReferenceEvent): number {
  return 1 + failures + crashes;
}

function wantedIn(
  state: ReferenceState,
  queue: ReferenceQueue,
  { which, claimant, minIdleMs }: StreamClaim,
): { events: ReferenceEvent[]; next: ReturnType<typeof placeOfEvent> | null } | typeof TOO_LARGE {
  const isIdle = (event: ReferenceEvent) => idleMsOf(queue, event) >= minIdleMs;
  if ("ids" in which) {
    const events = which.ids.flatMap((id) => claimsNamed(queue, [id]));
    return { events: events.filter(isIdle), next: null };
  }
  if (!mayGo(state, queue.count("claimed"))) return TOO_LARGE;
  const { from, count, isOwn } = which;
  const own = textOf(workerOf(claimant));
  const claims = claimsOf(queue).filter((event) => isBetween(event, from, LAST_ID));
  const passing = claims.filter((event) => isIdle(event) && (!isOwn || consumerOf(event) === own));
  const events = passing.slice(0, count);
  const last = events.length === count ? events.at(-1) : undefined;
  if (!last) return { events, next: null };
  const isBehind = (event: ReferenceEvent) =>
    compareStreamIds(placeOfEvent(event), placeOfEvent(last)) > 0;
  const next = claims.find(isBehind);
  return { events, next: next ? placeOfEvent(next) : null };
}

/** null: it had no attempt left, or was cancelled. */
function claimAfterCrash(
  state: ReferenceState,
  queue: ReferenceQueue,
  event: ReferenceEvent,
  claimant: Buffer,
): Undo | null {
  let undo: Undo | null = null;
  const { number } = event.claim!;
  queue.crash(event, () => {
    queue.turns.give(event);
    undo = claimAnew(state, queue, event, claimant);
    undo.claim = event.claim!.number;
    undo.rank = ["2 came back", number];
  });
  return undo;
}

function claimAnew(
  state: ReferenceState,
  { nowMs }: ReferenceQueue,
  event: ReferenceEvent,
  claimant: Buffer,
): Undo {
  const { leaseMs } = event.claim!;
  event.claim = {
    ...event.claim!,
    number: state.number(),
    token: state.made(),
    claimant,
    sinceMs: nowMs,
    endsAtMs: nowMs + leaseMs,
  };
  event.version = state.number();
  return { claim: NO_CLAIM, event, rank: null, atMs: nowMs, counted: null };
}

function poppedOf(queue: ReferenceQueue, event: ReferenceEvent, undo: Undo): Popped {
  return {
    queue: bytesOf(queue.name),
    id: bytesOf(event.id),
    contents: Buffer.from(event.contents),
    token: bytesOf(event.claim!.token!),
    attempt: attemptOf(event),
    headers: event.options.headers,
    pushedAtMs: event.pushedAtMs,
    undo,
  };
}

function acknowledge(state: ReferenceState, queue: ReferenceQueue, event: ReferenceEvent): void {
  if (queue.given.keepCompleted.count === 0) queue.remove(event);
  else queue.complete(event, null);
  countPart(state, event);
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
