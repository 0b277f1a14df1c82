// The queues of the local store as plain data in memory, and the changes that keep it
// consistent. It knows nothing of operations, sessions, batches or how changes become durable.

import { IndexedHeap } from "./indexed-heap.ts";
import { isDueBefore, LocalQueue, type LocalEvent } from "./local-queue.ts";

/** What an event takes beside its contents: the object, its id, its places in line and index. */
const eventOverheadBytes = 200;

export class Model {
  /** The time of the batch under way: all its operations see the same. */
  nowMs = 0;
  /** The queues that have consumers. */
  readonly consumed = new Set<LocalQueue>();
  readonly #queues = new Map<string, LocalQueue>();
  /** Queues that may have become unused: most of them are used again at once. */
  readonly #unused = new Set<LocalQueue>();
  /** Queues that have claimed events, the one whose claim ends first on top. */
  readonly #byDeadline = new IndexedHeap<LocalQueue>(isQueueDueBefore);
  #sortedNames: string[] | null = null;
  #becameReady = new Map<string, number>();
  #eventCount = 0;
  #claimedCount = 0;
  #contentBytes = 0;

  get(name: string): LocalQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of that name, made if it is not there. */
  open(name: string): LocalQueue {
    let queue = this.get(name);
    if (queue === undefined) {
      queue = new LocalQueue(name);
      this.#queues.set(name, queue);
      this.#sortedNames = null;
    }
    return queue;
  }

  setConsumers(name: string, count: number): void {
    const queue = count > 0 ? this.open(name) : this.get(name);
    if (!queue) return;
    queue.consumers = count;
    if (count > 0) this.consumed.add(queue);
    else this.consumed.delete(queue);
    this.#noteIfUnused(queue);
  }

  add(queue: LocalQueue, event: LocalEvent, end: "left" | "right"): void {
    queue.add(event, end);
    this.#eventCount++;
    this.#contentBytes += event.contents.length;
    this.#noteReady(queue.name);
  }

  /** Takes the right-most ready event out of line and out of the queue. */
  takeRight(queue: LocalQueue): LocalEvent | undefined {
    const event = queue.ready.popRight();
    if (event === undefined) return undefined;
    this.#drop(queue, event);
    return event;
  }

  /** Takes the right-most ready event out of line; it is claimed until deadlineMs. */
  claimRight(queue: LocalQueue, deadlineMs: number): LocalEvent | undefined {
    const event = queue.ready.popRight();
    if (event === undefined) return undefined;
    event.deadlineMs = deadlineMs;
    queue.claimed.add(event);
    this.#claimedCount++;
    this.#placeByDeadline(queue);
    return event;
  }

  /** Ends a claim for good. */
  dropClaimed(queue: LocalQueue, event: LocalEvent): void {
    this.#unclaim(queue, event);
    this.#drop(queue, event);
  }

  /** Ends a claim: the event is the next one out again. */
  redoClaimed(queue: LocalQueue, event: LocalEvent): void {
    this.#unclaim(queue, event);
    queue.ready.pushRight(event);
    this.#noteReady(queue.name);
  }

  /** Redoes at most `limit` events whose deadline is not after nowMs; how many it was. */
  reclaim(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const queue = this.#byDeadline.first;
      const event = queue?.claimed.first;
      if (!queue || !event || event.deadlineMs > this.nowMs) return count;
      this.redoClaimed(queue, event);
    }
    return limit;
  }

  clear(queue: LocalQueue): void {
    if (queue.heapAt !== -1) this.#byDeadline.remove(queue);
    this.#eventCount -= queue.events.size;
    this.#claimedCount -= queue.claimed.length;
    this.#contentBytes -= queue.contentBytes;
    queue.clear();
    this.#noteIfUnused(queue);
  }

  /** Ascending by bytes, unused ones among them; sorted again only when a queue came or went. */
  get sortedNames(): readonly string[] {
    // Code units of latin1 strings are their bytes, and the default order is that of code units.
    this.#sortedNames ??= Array.from(this.#queues.keys()).toSorted();
    return this.#sortedNames;
  }

  /** Lets go of the queues that are still unused. To be called now and then. */
  sweep(): void {
    for (const queue of this.#unused) {
      if (queue.isUnused && this.#queues.delete(queue.name)) this.#sortedNames = null;
    }
    this.#unused.clear();
  }

  /** How many events of which queues became ready since it was asked last. */
  takeBecameReady(): Map<string, number> {
    const taken = this.#becameReady;
    if (taken.size > 0) this.#becameReady = new Map();
    return taken;
  }

  totals(): { queues: number; ready: number; claimed: number; contentBytes: number } {
    this.sweep();
    return {
      queues: this.#queues.size,
      ready: this.#eventCount - this.#claimedCount,
      claimed: this.#claimedCount,
      contentBytes: this.#contentBytes,
    };
  }

  /** About how much memory the events take. */
  get heldBytes(): number {
    return this.#contentBytes + this.#eventCount * eventOverheadBytes;
  }

  #drop(queue: LocalQueue, event: LocalEvent): void {
    queue.drop(event);
    this.#eventCount--;
    this.#contentBytes -= event.contents.length;
    this.#noteIfUnused(queue);
  }

  #noteIfUnused(queue: LocalQueue): void {
    if (queue.isUnused) this.#unused.add(queue);
  }

  #unclaim(queue: LocalQueue, event: LocalEvent): void {
    queue.claimed.remove(event);
    this.#claimedCount--;
    if (queue.claimed.length === 0) this.#byDeadline.remove(queue);
    else this.#byDeadline.moved(queue);
  }

  #placeByDeadline(queue: LocalQueue): void {
    if (queue.heapAt === -1) this.#byDeadline.add(queue);
    else this.#byDeadline.moved(queue);
  }

  #noteReady(name: string): void {
    this.#becameReady.set(name, (this.#becameReady.get(name) ?? 0) + 1);
  }
}

/** Both queues have claimed events. */
function isQueueDueBefore(a: LocalQueue, b: LocalQueue): boolean {
  return isDueBefore(a.claimed.first as LocalEvent, b.claimed.first as LocalEvent);
}
