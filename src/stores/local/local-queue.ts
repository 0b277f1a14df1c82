// One queue of the local store: its events, the line of ready ones, and the claimed ones by
// deadline. The line is a long plain part in order of arrival and, to the right of it, a sorted
// front part, which most queues do not have. Names, ids and short contents are latin1 strings: one
// character per byte, exact for any bytes, and a small copy that pins no network chunk.

import type { ColdIndex } from "./cold-index.ts";
import { Deque } from "./deque.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { SortedLine } from "./sorted-line.ts";

/**
 * Places ascend from left to right; the right-most ready event is the next one out.
 * - LEFT_END - key: pushed at the left end
 * - -claim: requeued when the lease of that claim expired; claims have ascending numbers
 * - a number like a key: pushed or requeued at the right end
 */
export const LEFT_END = -(2 ** 50);

export class LocalEvent {
  /** When the lease expires; meaningless unless the event is claimed. */
  deadlineMs = 0;
  heapAt = -1;
  readonly hash: number;
  /** Its number: ascends with every push, over all queues. */
  key = 0;
  /** Its place in line; of a claimed event the place that it gets if its lease expires. */
  place = 0;
  /** Whether the last commit left it in the journal. */
  isStored = false;
  /** Whether the current batch has changed it. */
  isTouched = false;
  isGone = false;

  constructor(
    readonly id: string,
    /** null when only the journal has them. */
    public contents: string | Buffer | null,
  ) {
    this.hash = hashOf(id);
  }

  /** How much of its contents is in memory. */
  get contentBytes(): number {
    return this.contents === null ? 0 : this.contents.length;
  }

  get isClaimed(): boolean {
    return this.heapAt !== -1;
  }

  /** The number of its claim; 0 when it is not claimed. */
  get claim(): number {
    return this.isClaimed ? -this.place : 0;
  }
}

/** A ready event in the line: the event if it is in memory, the key of a cold one. */
export type EventOrKey = LocalEvent | number;

export class LocalQueue {
  /** The events in memory by id, ready and claimed. */
  events = new HashIndex<LocalEvent>(idOf);
  /** The cold events; all of them are ready. null when there are none. */
  cold: ColdIndex | null = null;
  /** The plain part of the line: events pushed at the left end and not popped since. */
  ready = new Deque<EventOrKey>();
  /** The part of the line to the right of it; null when it is empty. */
  front: SortedLine<EventOrKey> | null = null;
  claimed = new IndexedHeap<LocalEvent>(isDueBefore);
  consumers = 0;
  contentBytes = 0;
  /** Of the events in memory, as contentBytes. */
  idBytes = 0;
  /** Its index among the queues that have claimed events. */
  heapAt = -1;
  /** Its number in the journal, 0 when it has none. */
  number = 0;

  constructor(readonly name: string) {}

  /** How many events it has, ready and claimed. */
  get size(): number {
    return this.events.size + (this.cold === null ? 0 : this.cold.size);
  }

  get readyCount(): number {
    return this.ready.length + (this.front === null ? 0 : this.front.length);
  }

  /** It has neither events nor consumers: to clients it does not exist. */
  get isUnused(): boolean {
    return this.size === 0 && this.consumers === 0;
  }

  /** The event of that id if it is in memory, ready or claimed. */
  get(id: string): LocalEvent | undefined {
    return this.events.get(id, hashOf(id));
  }

  /** The caller has made sure that the id is not there. */
  index(event: LocalEvent): void {
    this.events.add(event);
    this.contentBytes += event.contentBytes;
    this.idBytes += event.id.length;
  }

  /** The ready event at that end of the line. */
  readyAt(end: "left" | "right"): EventOrKey | undefined {
    if (end === "right") return this.front === null ? this.ready.peekRight() : this.front.last;
    return this.ready.peekLeft() ?? this.front?.first;
  }

  /** Removes the right-most ready event from the line; it must be in memory. */
  takeNext(): LocalEvent {
    if (this.front === null) return this.ready.popRight() as LocalEvent;
    return this.takeFromFront((this.front.last as LocalEvent).place) as LocalEvent;
  }

  /** Undoes takeNext(); wasInFront: whether the queue had a front part then. */
  putNext(event: LocalEvent, wasInFront: boolean): void {
    if (wasInFront) this.putInFront(event);
    else this.ready.pushRight(event);
  }

  putInFront(entry: EventOrKey): void {
    this.front ??= new SortedLine(placeOf);
    this.front.add(entry);
  }

  takeFromFront(place: number): EventOrKey {
    const front = this.front as SortedLine<EventOrKey>;
    const entry = front.remove(place);
    if (front.length === 0) this.front = null;
    return entry;
  }

  /** Forgets an event that is neither in line nor claimed any more. */
  drop(event: LocalEvent): void {
    this.events.remove(event);
    this.contentBytes -= event.contentBytes;
    this.idBytes -= event.id.length;
  }

  /** Empties the queue, and returns everything that was in it. */
  clear(): Emptied {
    const { events, cold, ready, front, claimed, contentBytes, idBytes, number } = this;
    this.replace({
      events: new HashIndex(idOf),
      cold: null,
      ready: new Deque(),
      front: null,
      claimed: new IndexedHeap(isDueBefore),
      contentBytes: 0,
      idBytes: 0,
      number: 0,
    });
    return { events, cold, ready, front, claimed, contentBytes, idBytes, number };
  }

  /** Replaces everything in it: empties it, or undoes that. */
  replace(emptied: Emptied): void {
    Object.assign(this, emptied);
  }
}

/** Everything that a flush removes. */
export type Emptied = Pick<
  LocalQueue,
  "events" | "cold" | "ready" | "front" | "claimed" | "contentBytes" | "idBytes" | "number"
>;

function idOf(event: LocalEvent): string {
  return event.id;
}

/** A cold event in the front part was pushed at the right end: its place is its key. */
function placeOf(entry: EventOrKey): number {
  return typeof entry === "number" ? entry : entry.place;
}

/** Ascending by deadline, then by claim. */
function isDueBefore(a: LocalEvent, b: LocalEvent): boolean {
  return a.deadlineMs === b.deadlineMs ? a.place > b.place : a.deadlineMs < b.deadlineMs;
}

/** The keys of all these events, one at a time: there may be millions. */
export function* keysOf({ ready, front, claimed }: Emptied): Generator<number> {
  for (const line of [ready, front ?? []]) {
    for (const entry of line) yield typeof entry === "number" ? entry : entry.key;
  }
  for (const { key } of claimed.elements) yield key;
}

/** Both queues have claimed events. */
export function isQueueDueBefore(a: LocalQueue, b: LocalQueue): boolean {
  return isDueBefore(a.claimed.first as LocalEvent, b.claimed.first as LocalEvent);
}
