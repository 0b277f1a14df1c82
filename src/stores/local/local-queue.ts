// One queue of the local store: its events, the line of the ready ones, the claimed ones by
// deadline. Names, ids and short contents are latin1 strings: one character per byte, exact for
// any bytes, and a small copy that pins no network chunk. It knows nothing of time or other queues.

import { Deque } from "./deque.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { IndexedHeap } from "./indexed-heap.ts";

export class LocalEvent {
  /** When the claim ends; only of use while the event is claimed. */
  deadlineMs = 0;
  heapAt = -1;
  readonly hash: number;

  constructor(
    readonly id: string,
    readonly contents: string | Buffer,
  ) {
    this.hash = hashOf(id);
  }

  get isClaimed(): boolean {
    return this.heapAt !== -1;
  }
}

export class LocalQueue {
  /** Ready and claimed, by id. */
  events = new HashIndex<LocalEvent>(idOf);
  ready = new Deque<LocalEvent>();
  claimed = new IndexedHeap<LocalEvent>(isDueBefore);
  consumers = 0;
  contentBytes = 0;
  /** Where it is among the queues that have claimed events. */
  heapAt = -1;

  constructor(readonly name: string) {}

  /** Neither events nor consumers: as if it were not there. */
  get isUnused(): boolean {
    return this.events.size === 0 && this.consumers === 0;
  }

  /** The event of that id, ready or claimed. */
  get(id: string): LocalEvent | undefined {
    return this.events.get(id, hashOf(id));
  }

  /** The caller has made sure that the id is not there. */
  add(event: LocalEvent, end: "left" | "right"): void {
    this.events.add(event);
    this.contentBytes += event.contents.length;
    if (end === "left") this.ready.pushLeft(event);
    else this.ready.pushRight(event);
  }

  /** The event must neither be in line nor claimed any more. */
  drop(event: LocalEvent): void {
    this.events.remove(event);
    this.contentBytes -= event.contents.length;
  }

  clear(): void {
    this.events = new HashIndex(idOf);
    this.ready = new Deque();
    this.claimed = new IndexedHeap(isDueBefore);
    this.contentBytes = 0;
  }
}

function idOf(event: LocalEvent): string {
  return event.id;
}

/** Ascending by deadline, then by the bytes of the id. */
export function isDueBefore(a: LocalEvent, b: LocalEvent): boolean {
  return a.deadlineMs === b.deadlineMs ? a.id < b.id : a.deadlineMs < b.deadlineMs;
}
