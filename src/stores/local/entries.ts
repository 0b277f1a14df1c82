// The entries of a queue: its ready and claimed events in the order of their places. See
// queue/streams.ts.
import { type StreamTooLarge } from "../../queue/streams.ts";
import { TOO_LARGE } from "../../queue/lists.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import type { EventOrPlace } from "./line.ts";
import type { Model } from "./model.ts";
import { comparePlaces, type Place, placeIn } from "./places.ts";
import { mayGo } from "./reach.ts";

export interface Entry {
  place: Place;
  event: LocalEvent;
}

/** From one place to another, both included. */
export interface Between {
  from: Place;
  to: Place;
}

export function entryOf(event: LocalEvent): Entry {
  return { event, place: placeIn(event.id, event.pushedAtMs) };
}

/** How many entries a queue has. */
export function lengthOf({ ready, claimed }: LocalQueue): number {
  return ready + claimed.length;
}

function isBetween({ from, to }: Between, place: Place): boolean {
  return comparePlaces(place, from) >= 0 && comparePlaces(place, to) <= 0;
}

/** The first `count` of entries that come in any order, or the last ones. */
class Nearest {
  readonly #count: number;
  readonly #compare: (one: Entry, other: Entry) => number;
  #found: Entry[] = [];
  /** So many are found, and others are farther away. */
  #farthest: Entry | null = null;

  constructor(count: number, isReverse: boolean) {
    this.#count = count;
    this.#compare = (one, other) =>
      isReverse ? comparePlaces(other.place, one.place) : comparePlaces(one.place, other.place);
  }

  add(entry: Entry): void {
    if (this.#farthest !== null && this.#compare(entry, this.#farthest) >= 0) return;
    this.#found.push(entry);
    if (this.#found.length < 2 * this.#count + 100) return;
    this.#found = this.inOrder;
    this.#farthest = this.#found.at(-1) ?? entry;
  }

  get inOrder(): Entry[] {
    return this.#found.toSorted(this.#compare).slice(0, this.#count);
  }
}

/** The first `count` entries, or with isReverse the last ones, in that order. */
export function entriesBetween(
  model: Model,
  queue: LocalQueue,
  between: Between,
  count: number,
  isReverse: boolean,
): Entry[] | StreamTooLarge {
  const others = othersIn(queue);
  if (!mayGo(model, queue.claimed.length) || !mayGo(model, others.length)) return TOO_LARGE;
  const nearest = new Nearest(count, isReverse);
  const add = (entry: Entry) => {
    if (isBetween(between, entry.place)) nearest.add(entry);
  };
  for (const event of queue.claimed) add(entryOf(event));
  for (const line of others.lines) {
    for (const entry of line) add(entryOf(model.inLine(queue, entry)));
  }
  for (const entry of inPlain(model, queue, between, count, isReverse)) nearest.add(entry);
  return nearest.inOrder;
}

/** Claims that pass, in the order of their places; at most `count` of them. */
export function claimsBetween(
  model: Model,
  queue: LocalQueue,
  between: Between,
  count: number,
  passes: (event: LocalEvent) => boolean,
): Entry[] | StreamTooLarge {
  if (!mayGo(model, queue.claimed.length)) return TOO_LARGE;
  const nearest = new Nearest(count, false);
  for (const event of queue.claimed) {
    if (!passes(event)) continue;
    const entry = entryOf(event);
    if (isBetween(between, entry.place)) nearest.add(entry);
  }
  return nearest.inOrder;
}

type Entries = Iterable<EventOrPlace<LocalEvent>>;

/** The ready events that are not where a push on the left puts them. */
function othersIn({ line, ranked, groups }: LocalQueue): { length: number; lines: Entries[] } {
  const { front } = line;
  const others = (ranked?.length ?? 0) + (groups?.ready ?? 0);
  if (others === 0) return { length: front.length, lines: [front] };
  const lines = [...(ranked ?? []), ...(groups ?? [])].map((one) =>
    one.line.page(null, Infinity, false),
  );
  return { length: front.length + others, lines: [front, ...lines] };
}

/** The first `count` of those that stand in the order of their places, or the last ones. */
function inPlain(
  model: Model,
  queue: LocalQueue,
  between: Between,
  count: number,
  isReverse: boolean,
): Entry[] {
  const { line } = queue;
  const { from, to } = between;
  const found: Entry[] = [];
  const step = isReverse ? -1 : 1;
  const isBeyond = ({ place }: Entry) =>
    isReverse ? comparePlaces(place, from) < 0 : comparePlaces(place, to) > 0;
  let distance = isReverse
    ? distanceOf(model, queue, (place) => comparePlaces(place, to) > 0) - 1
    : distanceOf(model, queue, (place) => comparePlaces(place, from) >= 0);
  for (; found.length < count && distance >= 0 && distance < line.plainReach; distance += step) {
    const own = line.inPlain(distance);
    if (own === undefined) continue;
    const entry = entryOf(model.inLine(queue, own));
    if (isBeyond(entry)) break;
    if (isBetween(between, entry.place)) found.push(entry);
  }
  return found;
}

/**
 * Distance from the right end of the plain part to the first event whose place has reached
 * something; the whole reach if none has.
 */
function distanceOf(
  model: Model,
  queue: LocalQueue,
  hasReached: (place: Place) => boolean,
): number {
  const { line } = queue;
  const hasAt = (entry: EventOrPlace<LocalEvent>) =>
    hasReached(entryOf(model.inLine(queue, entry)).place);
  let low = 0;
  let high = line.plainReach;
  // The ends are never gaps, and most searches end there.
  if (high === 0 || !hasAt(line.inPlain(high - 1)!)) return high;
  if (hasAt(line.inPlain(0)!)) return 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    let at = middle;
    let entry = line.inPlain(at);
    while (entry === undefined && at + 1 < high) entry = line.inPlain(++at);
    if (entry === undefined || hasAt(entry)) high = middle;
    else low = at + 1;
  }
  return low;
}
