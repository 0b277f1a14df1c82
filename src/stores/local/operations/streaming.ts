// Queues as streams: what adds, shows and removes entries. See queue/streams.ts. Everything is read
// before anything is changed.
import { LIST_BYTES_MAX, TOO_LARGE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import {
  NO_MORE_IDS,
  SMALLER_ID,
  type StreamAdd,
  type StreamEntry,
  type StreamLength,
  type StreamRange,
  type StreamRemove,
  type StreamResults,
  type StreamSize,
  type StreamTooLarge,
  type StreamTrim,
} from "../../../queue/streams.ts";
import { FIRST_ID, LAST_ID, type StreamId } from "../../../queue/stream-ids.ts";
import { findIn, treeIn } from "../bound-queues.ts";
import { contentsToBytes, toBytes, toText } from "../bytes.ts";
import { msOf, seqOf } from "../counter.ts";
import { entriesBetween, type Entry, entryOf, lengthOf } from "../entries.ts";
import { hashOf } from "../hash-index.ts";
import { drop } from "../life.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import {
  asPlace,
  asStreamId,
  comparePlaces,
  FIRST_PLACE,
  laterOf,
  type Place,
  placeBehind,
  placeInNextMs,
  textOfPlace,
} from "../places.ts";
import { entriesFrom, readyPage } from "../ready-page.ts";
import { checkPushable, checkRoom } from "../room.ts";
import { CLAIMED, READY } from "../states.ts";
import { isIdFree, named, pushFree, type Step } from "./pushing.ts";
import { asOne } from "./transacting.ts";

/** Events of which the places are looked at together. */
const lookedAtOnce = 100;

/** An event with the id that it gets, which is free. */
interface Next {
  place: Place;
  step: Step;
}

export function streamAdd(model: Model, operation: StreamAdd): StreamResults["streamAdd"] {
  const { queue: name, ifThere, trim } = operation;
  const known = model.get(nameOf(name));
  if (ifThere && !isThere(known)) return null;
  const queue = known ?? model.open(nameOf(name));
  checkPushable(model, queue);
  const next = nextOf(model, queue, operation);
  if (next === SMALLER_ID || next === NO_MORE_IDS) {
    model.noteIfUnused(queue);
    return next;
  }
  if (trim === null) add(model, queue, next);
  else {
    checkRoom(model, [queue]);
    asOne(model, () => {
      add(model, queue, next);
      trimTree(model, queue, trim);
    });
  }
  return toBytes(next.step.event.id);
}

/** Whether it is a stream, or has events. */
export function isThere(queue: LocalQueue | undefined): queue is LocalQueue {
  return queue !== undefined && (queue.stream !== null || queue.size > 0);
}

/** Throws a Refusal, before anything is changed. */
function add(model: Model, queue: LocalQueue, { place, step }: Next): void {
  const isNew = queue.stream === null && queue.size === 0;
  model.pushing(queue, () => pushFree(model, step));
  const stream = isNew ? model.makeStream(queue) : queue.stream;
  if (stream === null) return;
  const isKept = queue.bindings === null || queue.get(step.event.id) !== undefined;
  model.addedTo(queue, stream, place, isKept);
}

/** Throws a JournalError. */
function nextOf(
  model: Model,
  queue: LocalQueue,
  { id, contents }: StreamAdd,
): Next | typeof SMALLER_ID | typeof NO_MORE_IDS {
  const latest = latestIn(model, queue);
  const isWhole = id !== null && id.seq !== null;
  let place = isWhole ? asPlace(id as StreamId) : chosenBehind(model, latest, id);
  // A client may have pushed many ids in front: then more and more are left out.
  for (let step = 1; place !== null; step *= 2) {
    if (comparePlaces(place, latest) <= 0) return refusal(latest);
    const found = named(model, queue, textOfPlace(place), contents);
    if (isIdFree(found)) return { place, step: found };
    if (isWhole) return SMALLER_ID;
    place = placeBehind(place, step) ?? (id === null ? placeInNextMs(place) : null);
  }
  return id === null ? NO_MORE_IDS : refusal(latest);
}

/** Of an id that is not greater than the latest one. */
function refusal(latest: Place): typeof SMALLER_ID | typeof NO_MORE_IDS {
  return comparePlaces(latest, asPlace(LAST_ID)) === 0 ? NO_MORE_IDS : SMALLER_ID;
}

/** The next place in that ms; with null that of an id that was never made before. */
function chosenBehind(model: Model, latest: Place, id: StreamAdd["id"]): Place | null {
  const wanted = id ? asPlace({ ms: id.ms, seq: 0n }) : nextPlace(model);
  if (comparePlaces(wanted, latest) > 0) return wanted;
  if (id === null) return placeBehind(latest, 1) ?? placeInNextMs(latest);
  return wanted.ms < latest.ms ? null : placeBehind(latest, 1);
}

/** The place of an id that the store makes. */
function nextPlace(model: Model): Place {
  const number = model.nextIdNumber(0);
  return { ms: msOf(number), seq: seqOf(number) };
}

/** Throws a JournalError. */
export function latestIn(model: Model, queue: LocalQueue): Place {
  if (queue.stream !== null) return queue.stream.lastId;
  const [entry] = queue.ready === 0 ? [] : entriesFrom(queue, 1, true);
  return entry === undefined ? FIRST_PLACE : entryOf(model.inLine(queue, entry)).place;
}

export function streamLength(model: Model, { queue: name }: StreamLength): StreamSize {
  const queue = model.get(nameOf(name));
  if (!queue) return { length: 0, lastId: FIRST_ID };
  return { length: lengthOf(queue), lastId: asStreamId(latestIn(model, queue)) };
}

export function streamTrim(model: Model, operation: StreamTrim): number {
  const queue = model.get(nameOf(operation.queue));
  return queue ? trimTree(model, queue, operation) : 0;
}

type Trim = Pick<StreamTrim, "by" | "most">;

/** Returns how many go from the queue itself. Throws a JournalError. */
function trimTree(model: Model, top: LocalQueue, trim: Trim): number {
  const events = treeIn(model, top).queues.flatMap((queue) => trimmedFrom(model, queue, trim));
  for (const event of events) drop(model, event);
  return events.filter(({ queue }) => queue === top).length;
}

/** The events that have to go. Throws a JournalError. */
function trimmedFrom(model: Model, queue: LocalQueue, { by, most }: Trim): LocalEvent[] {
  if ("from" in by) return eventsBelow(model, queue, asPlace(by.from), most);
  const count = Math.min(lengthOf(queue) - by.length, queue.ready, most);
  if (count <= 0 || count < by.slack) return [];
  return entriesFrom(queue, count, false).map((entry) => model.inLine(queue, entry));
}

function eventsBelow(model: Model, queue: LocalQueue, from: Place, most: number): LocalEvent[] {
  const events: LocalEvent[] = [];
  for (let after: string | null = null; ;) {
    const page = readyPage(queue, after, Math.min(lookedAtOnce, most - events.length));
    for (const { entry } of page) {
      const { event, place } = entryOf(model.inLine(queue, entry));
      if (comparePlaces(place, from) >= 0) return events;
      events.push(event);
    }
    if (page.length < lookedAtOnce) return events;
    after = page.at(-1)!.cursor;
  }
}

export function streamRemove(model: Model, { queue: name, ids }: StreamRemove): number {
  const top = model.get(nameOf(name));
  if (!top) return 0;
  const found = entriesOf(model, top, ids);
  const own = found.filter(({ queue }) => queue === top);
  const { stream } = top;
  if (stream !== null && own.length > 0) {
    const places = own.map((event) => entryOf(event).place);
    const removedId = places.reduce(laterOf, stream.removedId);
    if (removedId !== stream.removedId) model.changeStream(top, stream, { removedId });
  }
  for (const event of found) drop(model, event);
  return own.length;
}

/** What is ready or claimed under these ids in any queue of a tree. Throws a JournalError. */
export function entriesOf(model: Model, top: LocalQueue, ids: Buffer[]): LocalEvent[] {
  const tree = treeIn(model, top);
  const texts = new Set(ids.map(toText));
  const found = [...texts].flatMap((id) => findIn(model, tree, id, hashOf(id)));
  return found.filter(({ state }) => state === READY || state === CLAIMED);
}

export function streamRange(model: Model, operation: StreamRange): StreamEntry[] | StreamTooLarge {
  const { from, to, count, isReverse } = operation;
  const queue = model.get(nameOf(operation.queue));
  if (!queue) return [];
  const between = { from: asPlace(from), to: asPlace(to) };
  const found = entriesBetween(model, queue, between, count, isReverse);
  return found === TOO_LARGE ? TOO_LARGE : shown(model, found);
}

/** Throws a JournalError. */
export function shown(model: Model, entries: Entry[]): StreamEntry[] | StreamTooLarge {
  const contents = contentsOf(
    model,
    entries.map(({ event }) => event),
  );
  if (contents === TOO_LARGE) return TOO_LARGE;
  return entries.map(({ event }, at) => ({ id: toBytes(event.id), contents: contents[at]! }));
}

/** Throws a JournalError. */
export function contentsOf(model: Model, events: LocalEvent[]): Buffer[] | StreamTooLarge {
  const all: Buffer[] = [];
  let bytes = 0;
  for (const event of events) {
    const contents = contentsToBytes(model.contentsOf(event));
    bytes += contents.length;
    if (bytes > LIST_BYTES_MAX) return TOO_LARGE;
    all.push(contents);
  }
  return all;
}
