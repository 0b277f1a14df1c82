// Queues as streams in the reference store: what adds, shows and removes entries.
import { Refusal } from "../../../src/queue/errors.ts";
import { NO_OPTIONS } from "../../../src/queue/event.ts";
import { LIST_BYTES_MAX, TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import {
  compareStreamIds,
  FIRST_ID,
  LAST_ID,
  type StreamId,
  streamIdAfter,
  streamIdOf,
  textOfStreamId,
} from "../../../src/queue/stream-ids.ts";
import {
  NO_MORE_IDS,
  SMALLER_ID,
  type StreamAdd,
  type StreamEntry,
  type StreamLength,
  type StreamRange,
  type StreamRemove,
  type StreamResults,
  type StreamTooLarge,
  type StreamTrim,
} from "../../../src/queue/streams.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { isNoStream, isThere } from "./reference-kinds.ts";
import { mayGo } from "./reference-lists.ts";
import { checkPauses, enterTree, newEvent } from "./reference-pushes.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";
import { placeOfEvent, ReferenceStream } from "./reference-stream.ts";

export const streaming = {
  streamAdd(state: ReferenceState, operation: StreamAdd): StreamResults["streamAdd"] {
    const { contents, ifThere, trim } = operation;
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    if (ifThere && !isThere(queue)) return null;
    checkPauses(state, queue);
    const id = nextId(state, queue, operation);
    if (typeof id === "string") return id;
    const { tree } = queue;
    const fullOne = state.isJudged ? undefined : tree.fullOne(1);
    if (fullOne) throw new Refusal("QUEUEFULL", bytesOf(fullOne.name));
    if (queue.events.size === 0) queue.stream ??= new ReferenceStream();
    tree.makeRoomFor(1);
    enterTree(queue, newEvent(queue, textOfStreamId(id), contents, NO_OPTIONS), "left");
    if (queue.stream) {
      queue.stream.added += 1;
      queue.stream.lastId = id;
    }
    if (trim) trimAll(queue, trim);
    return bytesOf(textOfStreamId(id));
  },

  streamTrim(state: ReferenceState, operation: StreamTrim): StreamResults["streamTrim"] {
    const queue = state.queue(textOf(operation.queue));
    return isNoStream(state, queue.name) ? WRONG_TYPE : trimAll(queue, operation);
  },

  streamRemove(state: ReferenceState, operation: StreamRemove): StreamResults["streamRemove"] {
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    const own = entriesNamed(queue, operation.ids);
    const { stream } = queue;
    if (stream) stream.removedId = own.map(placeOfEvent).reduce(laterOf, stream.removedId);
    for (const each of queue.tree.all) {
      for (const event of entriesNamed(each, operation.ids)) each.remove(event);
    }
    return own.length;
  },

  streamLength(state: ReferenceState, operation: StreamLength): StreamResults["streamLength"] {
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    return { length: entriesOf(queue).length, lastId: latestId(queue) };
  },

  streamRange(state: ReferenceState, operation: StreamRange): StreamResults["streamRange"] {
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    const { from, to, count, isReverse } = operation;
    if (!mayLookThrough(state, queue)) return TOO_LARGE;
    const found = entriesBetween(queue, from, to);
    return asOpen(queue, shown((isReverse ? found.toReversed() : found).slice(0, count)));
  },
};

/** Results that other stores need not show: see StreamTooLarge. */
export const openResults = new WeakSet<object>();

/** Where it is open which entries are shown, the result is noted as such. */
export function asOpen<R>(queue: ReferenceQueue, result: R): R {
  const plain = queue.inState("ready").filter((event) => !isElsewhere(event));
  const places = plain.map(placeOfEvent);
  const isInOrder = places.every((place, at) => {
    return at === 0 || compareStreamIds(places[at - 1]!, place) <= 0;
  });
  if (!isInOrder && typeof result === "object" && result !== null) openResults.add(result);
  return result;
}

/** Whether a ready event is not where a push on the left puts it. */
function isElsewhere({ rank, group, priority }: ReferenceEvent): boolean {
  return rank[0] !== "3 left end" || group !== null || priority !== 0;
}

/** The greatest id that was given, or where none was, that of the left-most ready event. */
export function latestId(queue: ReferenceQueue): StreamId {
  if (queue.stream) return queue.stream.lastId;
  const leftMost = queue.inState("ready").at(-1);
  return leftMost ? placeOfEvent(leftMost) : FIRST_ID;
}

/** The entries in the order of their places. */
function entriesOf(queue: ReferenceQueue): ReferenceEvent[] {
  return inOrderOfPlaces([...queue.inState("ready"), ...queue.inState("claimed")]);
}

export function inOrderOfPlaces(events: ReferenceEvent[]): ReferenceEvent[] {
  return events.toSorted((a, b) => compareStreamIds(placeOfEvent(a), placeOfEvent(b)));
}

export function isBetween(event: ReferenceEvent, from: StreamId, to: StreamId): boolean {
  const place = placeOfEvent(event);
  return compareStreamIds(place, from) >= 0 && compareStreamIds(place, to) <= 0;
}

export function entriesBetween(
  queue: ReferenceQueue,
  from: StreamId,
  to: StreamId,
): ReferenceEvent[] {
  return entriesOf(queue).filter((event) => isBetween(event, from, to));
}

/** Those of these ids, each once. */
export function entriesNamed(queue: ReferenceQueue, ids: Buffer[]): ReferenceEvent[] {
  const texts = new Set(ids.map(textOf));
  return entriesOf(queue).filter(({ id }) => texts.has(id));
}

/** All claims, and the ready events that are not where a push on the left puts them. */
export function mayLookThrough(state: ReferenceState, queue: ReferenceQueue): boolean {
  const others = queue.inState("ready").filter(isElsewhere);
  return mayGo(state, queue.count("claimed") + others.length);
}

export function shown(events: ReferenceEvent[]): StreamEntry[] | StreamTooLarge {
  const bytes = events.reduce((sum, { contents }) => sum + contents.length, 0);
  if (bytes > LIST_BYTES_MAX) return TOO_LARGE;
  return events.map(({ id, contents }) => ({ id: bytesOf(id), contents: Buffer.from(contents) }));
}

export function laterOf(one: StreamId, other: StreamId): StreamId {
  return compareStreamIds(one, other) < 0 ? other : one;
}

function nextId(
  state: ReferenceState,
  queue: ReferenceQueue,
  { id }: StreamAdd,
): StreamId | typeof SMALLER_ID | typeof NO_MORE_IDS {
  const isTaken = (one: StreamId) => queue.tree.isTaken(textOfStreamId(one));
  const latest = latestId(queue);
  if (compareStreamIds(latest, LAST_ID) === 0) return NO_MORE_IDS;
  if (id !== null && id.seq !== null) {
    const given = { ms: id.ms, seq: id.seq };
    const isGreater = compareStreamIds(given, latest) > 0;
    return isGreater && !isTaken(given) ? given : SMALLER_ID;
  }
  const first = id === null ? streamIdOf(bytesOf(state.made()))! : { ms: id.ms, seq: 0n };
  const isFree = compareStreamIds(first, latest) > 0;
  let next = isFree ? first : streamIdAfter(latest);
  // More and more are left out.
  for (let step = 1; next !== null && isTaken(next); step *= 2) {
    for (let left = step; next !== null && left > 0; left--) next = streamIdAfter(next);
  }
  if (id === null) return next ?? NO_MORE_IDS;
  return next?.ms === id.ms ? next : SMALLER_ID;
}

type Trim = Pick<StreamTrim, "by" | "most">;

/** Trims each queue of its tree. Returns how many go from the queue itself. */
function trimAll(queue: ReferenceQueue, trim: Trim): number {
  const gone = new Map(queue.tree.all.map((each) => [each, trimmedFrom(each, trim)]));
  for (const [each, events] of gone) for (const event of events) each.remove(event);
  return gone.get(queue)!.length;
}

function trimmedFrom(queue: ReferenceQueue, { by, most }: Trim): ReferenceEvent[] {
  const ready = queue.inState("ready");
  if ("from" in by) {
    const isBelow = (event: ReferenceEvent) => compareStreamIds(placeOfEvent(event), by.from) < 0;
    const stays = ready.findIndex((event) => !isBelow(event));
    return ready.slice(0, Math.min(most, stays === -1 ? ready.length : stays));
  }
  const surplus = entriesOf(queue).length - by.length;
  const count = Math.max(0, Math.min(surplus, ready.length, most));
  return count < by.slack ? [] : ready.slice(0, count);
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
