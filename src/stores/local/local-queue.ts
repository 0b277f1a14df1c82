// One queue of the local store: its events, the line of the ready ones, the claimed ones by
// deadline. Names, ids and short contents are latin1 strings: one character per byte, exact for
// any bytes, and a small copy that pins no network chunk. It knows nothing of time or other queues.

import type { ColdIndex } from "./cold-index.ts";
import { Deque } from "./deque.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { IndexedHeap } from "./indexed-heap.ts";

export class LocalEvent {
  /** When the claim ends; only of use while the event is claimed. */
  deadlineMs = 0;
  heapAt = -1;
  readonly hash: number;
  /** Its number in the journal, if there is one: rises with every push, in all queues together. */
  key = 0;
  /** Ascending from left to right; as old as its last way into the line. */
  place = 0;
  /** Whether the journal has it, from the last commit. */
  isStored = false;
  /** Whether it is among the changes of the batch under way. */
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
}

/** In line: an event in memory, or the key of a cold one, which only the journal has. */
export type Slot = LocalEvent | number;

export class LocalQueue {
  /** Ready and claimed ones in memory, by id. */
  events = new HashIndex<LocalEvent>(idOf);
  /** The cold ones; all of them are ready. */
  cold: ColdIndex | null = null;
  ready = new Deque<Slot>();
  claimed = new IndexedHeap<LocalEvent>(isDueBefore);
  consumers = 0;
  contentBytes = 0;
  /** Of the events in memory. */
  idBytes = 0;
  /** Where it is among the queues that have claimed events. */
  heapAt = -1;
  /** Its number in the journal, 0 when it has none. */
  number = 0;

  constructor(readonly name: string) {}

  /** How many events it has, ready and claimed. */
  get size(): number {
    return this.events.size + (this.cold === null ? 0 : this.cold.size);
  }

  /** Neither events nor consumers: as if it were not there. */
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

  pushReady(slot: Slot, end: "left" | "right"): void {
    if (end === "left") this.ready.pushLeft(slot);
    else this.ready.pushRight(slot);
  }

  /** The event must neither be in line nor claimed any more. */
  drop(event: LocalEvent): void {
    this.events.remove(event);
    this.contentBytes -= event.contentBytes;
    this.idBytes -= event.id.length;
  }

  /** Empties it; what it held is handed over. */
  clear(): Held {
    const { events, cold, ready, claimed, contentBytes, idBytes, number } = this;
    this.hold({
      events: new HashIndex(idOf),
      cold: null,
      ready: new Deque(),
      claimed: new IndexedHeap(isDueBefore),
      contentBytes: 0,
      idBytes: 0,
      number: 0,
    });
    return { events, cold, ready, claimed, contentBytes, idBytes, number };
  }

  hold(held: Held): void {
    Object.assign(this, held);
  }
}

/** All that a flush takes away. */
export type Held = Pick<
  LocalQueue,
  "events" | "cold" | "ready" | "claimed" | "contentBytes" | "idBytes" | "number"
>;

function idOf(event: LocalEvent): string {
  return event.id;
}

/** Ascending by deadline, then by the bytes of the id. */
export function isDueBefore(a: LocalEvent, b: LocalEvent): boolean {
  return a.deadlineMs === b.deadlineMs ? a.id < b.id : a.deadlineMs < b.deadlineMs;
}
