// The queues of the local store as plain data in memory, and the changes that keep it consistent.
// It notes its changes for the journal, if there is one.

import type { Changes } from "./changes.ts";
import type { ColdEvents, Shown } from "./cold-events.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { isQueueDueBefore, keysOf, LEFT_END, type LocalEvent, LocalQueue } from "./local-queue.ts";
import { SortedNames } from "./sorted-names.ts";
import { UnusedQueues } from "./unused-queues.ts";

/** Bytes of an event besides its contents and id: the object, its places in line and index. */
const eventOverheadBytes = 400;
/** Bytes of a cold event: its places in line and index. */
const coldEventBytes = 70;
/** Bytes of a queue besides its name and events, measured with 100,000 queues. */
const queueOverheadBytes = 1500;
/** Cold events that are read with one that is popped may together take this part of the budget. */
const aheadShare = 1 / 4;
/** Larger contents are never read ahead. */
const aheadBytesMax = 4096 + eventOverheadBytes;

/** What a journal adds to a model: notes of its changes, and events that are not in memory. */
export interface Recording {
  changes: Changes;
  cold: ColdEvents;
  /** New events that would take more memory become cold. */
  heldBytesMax: number;
}

export class Model {
  /** The time of the batch under way: all its operations see the same. */
  nowMs = 0;
  /** The queues that have consumers. */
  readonly consumed = new Set<LocalQueue>();
  /** Of all queues, unused ones among them; ascending by bytes, as latin1 strings are. */
  readonly names = new SortedNames();
  readonly #queues = new Map<string, LocalQueue>();
  readonly #unused = new UnusedQueues();
  /** Queues that have claimed events, the one whose claim ends first on top. */
  readonly #byDeadline = new IndexedHeap<LocalQueue>(isQueueDueBefore);
  #recording: Recording | null = null;
  #becameReady = new Map<string, number>();
  #eventCount = 0;
  #claimedCount = 0;
  #contentBytes = 0;
  /** Of events in memory, and of queues. */
  #idBytes = 0;
  #nameBytes = 0;
  #coldCount = 0;
  /** The last number given to an event or a place, where no journal counts them. */
  #lastNumber = 0;
  #lastClaim = 0;

  /** From now on changes are noted, and events may be cold. */
  record(recording: Recording): void {
    this.#recording = recording;
  }

  get(name: string): LocalQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of that name, made if it is not there. */
  open(name: string): LocalQueue {
    let queue = this.get(name);
    if (queue === undefined) {
      queue = new LocalQueue(name);
      this.#queues.set(name, queue);
      this.names.add(name);
      this.#nameBytes += name.length;
    }
    return queue;
  }

  setConsumers(name: string, count: number): void {
    const queue = count > 0 ? this.open(name) : this.get(name);
    if (!queue) return;
    queue.consumers = count;
    if (count > 0) this.consumed.add(queue);
    else this.consumed.delete(queue);
    this.noteIfUnused(queue);
  }

  /** Whether an event of that id is ready or claimed. Throws a JournalError. */
  has(queue: LocalQueue, { id, hash }: LocalEvent): boolean {
    if (queue.events.get(id, hash)) return true;
    return queue.cold !== null && (this.#recording?.cold.has(queue, id, hash) ?? false);
  }

  /** The right-most ready event, in memory from now on. Throws a JournalError. */
  rightMost(queue: LocalQueue): LocalEvent | undefined {
    const slot = queue.slotAt("right");
    if (typeof slot !== "number") return slot;
    return this.#recording?.cold.rightMost(queue, slot, this.#readAtOnce);
  }

  /** The ready event at that end; a cold one stays cold. Throws a JournalError. */
  peek(queue: LocalQueue, end: "left" | "right"): Shown | undefined {
    const slot = queue.slotAt(end);
    if (typeof slot === "number") return this.#recording?.cold.peek(slot);
    return slot && { id: slot.id, contents: this.contentsOf(slot) };
  }

  /** With many queues only few each: events read ahead stay in memory until they are popped. */
  get #readAtOnce(): number {
    const budget = this.#recording!.heldBytesMax * aheadShare;
    return Math.max(2, Math.floor(budget / aheadBytesMax / this.#queues.size));
  }

  /** Throws a JournalError. */
  contentsOf(event: LocalEvent): string | Buffer {
    return event.contents ?? this.#recording!.cold.contentsOf(event);
  }

  /** A new event at that end. */
  add(queue: LocalQueue, event: LocalEvent, end: "left" | "right"): void {
    event.key = this.next();
    event.place = end === "left" ? LEFT_END - event.key : event.key;
    const recording = this.#recording;
    const bytes = event.contentBytes + event.id.length + eventOverheadBytes;
    if (recording === null || this.heldBytes + bytes <= recording.heldBytesMax) {
      return this.#add(queue, event, end === "right");
    }
    this.#eventCount++;
    this.#coldCount++;
    this.#noteReady(queue.name);
    recording.changes.touch(queue, event, () => this.#unAdd(queue, event, end === "right"));
    recording.cold.add(queue, event);
    if (end === "left") queue.ready.pushLeft(event.key);
    else queue.putInFront(event.key);
  }

  /** A new event at the place that it had before it was removed. */
  addAt(queue: LocalQueue, event: LocalEvent, place: number): void {
    event.key = this.next();
    event.place = place;
    this.#add(queue, event, true);
  }

  /** Takes the next one out, which must be in memory, out of the queue. */
  takeNext(queue: LocalQueue): void {
    const wasInFront = queue.front !== null;
    const event = queue.takeNext();
    this.#recording?.changes.touch(queue, event, () => {
      this.#unDrop(queue, event);
      queue.putNext(event, wasInFront);
    });
    this.#drop(queue, event);
  }

  /** Claims the next one out, which must be in memory, until deadlineMs; its claim's number. */
  claimNext(queue: LocalQueue, deadlineMs: number): number {
    const wasInFront = queue.front !== null;
    const event = queue.takeNext();
    const { deadlineMs: deadlineBefore, place } = event;
    this.#recording?.changes.touch(queue, event, () => {
      this.#unclaim(queue, event);
      // Of an earlier claim that ended in the same batch and is to be restored next.
      event.deadlineMs = deadlineBefore;
      event.place = place;
      queue.putNext(event, wasInFront);
    });
    event.deadlineMs = deadlineMs;
    event.place = -++this.#lastClaim;
    this.#claim(queue, event);
    return this.#lastClaim;
  }

  /** Ends a claim for good. */
  dropClaimed(queue: LocalQueue, event: LocalEvent): void {
    this.#recording?.changes.touch(queue, event, () => {
      this.#unDrop(queue, event);
      this.#claim(queue, event);
    });
    this.#unclaim(queue, event);
    this.#drop(queue, event);
  }

  /** Ends a claim: the event is ready at that place, which is not in the plain part of the line. */
  unclaim(queue: LocalQueue, event: LocalEvent, place: number): void {
    const { place: placeBefore } = event;
    this.#recording?.changes.touch(queue, event, () => {
      queue.takeFromFront(place);
      event.place = placeBefore;
      this.#claim(queue, event);
    });
    this.#unclaim(queue, event);
    event.place = place;
    queue.putInFront(event);
    this.#noteReady(queue.name);
  }

  /** Ends at most `limit` leases whose deadline is not after nowMs; how many it was. */
  reclaim(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const queue = this.#byDeadline.first;
      const event = queue?.claimed.first;
      if (!queue || !event || event.deadlineMs > this.nowMs) return count;
      this.unclaim(queue, event, event.place);
    }
    return limit;
  }

  /** Whether a claim has ended by then, or an unused queue can be forgotten. */
  isDueAt(nowMs: number): boolean {
    const first = this.#byDeadline.first?.claimed.first;
    return this.#unused.size > 0 || (first !== undefined && first.deadlineMs <= nowMs);
  }

  clear(queue: LocalQueue): void {
    if (queue.size === 0) return;
    if (queue.heapAt !== -1) this.#byDeadline.remove(queue);
    this.#count(queue, -1);
    const held = queue.clear();
    this.noteIfUnused(queue);
    this.#recording?.changes.retire({ number: held.number, keys: keysOf(held) }, () => {
      queue.hold(held);
      this.#count(queue, 1);
      if (queue.claimed.length > 0) this.#byDeadline.add(queue);
    });
  }

  /** To be called before the first operation of a batch. */
  begin(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.#unused.isSweepDue) this.sweep();
  }

  /** Forgets unused queues; if changes may still be undone, before the next batch. */
  sweep(): void {
    this.#unused.sweep(this.#recording?.changes.isEmpty !== false, this.#forget);
  }

  readonly #forget = (queue: LocalQueue): void => {
    if (!this.#queues.delete(queue.name)) return;
    this.names.remove(queue.name);
    this.#nameBytes -= queue.name.length;
    if (queue.number === 0) return;
    this.#recording?.changes.forgotten.push(queue.number);
    this.demandWrite();
  };

  /** How many events of which queues became ready since it was asked last. */
  takeBecameReady(): Map<string, number> {
    const taken = this.#becameReady;
    if (taken.size > 0) this.#becameReady = new Map();
    return taken;
  }

  /** The journal, if there is one, writes something with this batch. */
  demandWrite(): void {
    if (this.#recording) this.#recording.changes.isDemanded = true;
  }

  /** The changes are durable: contents that nobody waits for need no memory any more. */
  committed(): void {
    if (this.#recording === null) return;
    const { changes, cold } = this.#recording;
    cold.committed();
    changes.committed(this.#release);
  }

  /** The changes are not durable: everything is as before the batch. */
  undo(): void {
    this.#recording?.changes.undo();
    this.#recording?.cold.committed();
    this.#becameReady = new Map();
  }

  /** A ready event that only the journal has, as it was pushed. */
  restoreCold(queue: LocalQueue, hash: number, key: number, end: "left" | "right"): void {
    this.#recording!.cold.restore(queue, hash, key);
    if (end === "left") queue.ready.pushLeft(key);
    else queue.putInFront(key);
    this.#eventCount++;
    this.#coldCount++;
  }

  /** A claimed event, or a ready one that has another place than it was pushed to. */
  restoreWarm(queue: LocalQueue, event: LocalEvent, isClaimed: boolean): void {
    this.#eventCount++;
    this.#index(queue, event);
    if (isClaimed) this.#claim(queue, event);
    else queue.putInFront(event);
  }

  /** The claims that exist have numbers up to this one. */
  numberClaimsAfter(last: number): void {
    this.#lastClaim = last;
  }

  /** To be told of a cold event that is in memory now. */
  warmed(event: LocalEvent): void {
    this.#coldCount--;
    this.#contentBytes += event.contentBytes;
    this.#idBytes += event.id.length;
  }

  totals() {
    return {
      queues: this.#queues.size,
      ready: this.#eventCount - this.#claimedCount,
      claimed: this.#claimedCount,
      contentBytes: this.#contentBytes,
      cold: this.#coldCount,
      heldBytes: this.heldBytes,
    };
  }

  /** About how much memory events and queues take. */
  get heldBytes(): number {
    const warmCount = this.#eventCount - this.#coldCount;
    const events = warmCount * eventOverheadBytes + this.#coldCount * coldEventBytes;
    const queues = this.#queues.size * queueOverheadBytes + this.#nameBytes;
    return this.#contentBytes + this.#idBytes + events + queues;
  }

  /** A number that no other event or place has: a place at the right end. */
  next(): number {
    return this.#recording === null ? ++this.#lastNumber : this.#recording.changes.next();
  }

  #add(queue: LocalQueue, event: LocalEvent, isInFront: boolean): void {
    this.#eventCount++;
    this.#noteReady(queue.name);
    this.#recording?.changes.touch(queue, event, () => this.#unAdd(queue, event, isInFront));
    this.#index(queue, event);
    if (isInFront) queue.putInFront(event);
    else queue.ready.pushLeft(event);
  }

  #index(queue: LocalQueue, event: LocalEvent): void {
    queue.index(event);
    this.#contentBytes += event.contentBytes;
    this.#idBytes += event.id.length;
  }

  #drop(queue: LocalQueue, event: LocalEvent): void {
    queue.drop(event);
    event.isGone = true;
    this.#eventCount--;
    this.#contentBytes -= event.contentBytes;
    this.#idBytes -= event.id.length;
    this.noteIfUnused(queue);
  }

  #unDrop(queue: LocalQueue, event: LocalEvent): void {
    event.isGone = false;
    this.#eventCount++;
    this.#index(queue, event);
  }

  #unAdd(queue: LocalQueue, event: LocalEvent, isInFront: boolean): void {
    const slot = isInFront ? queue.takeFromFront(event.place) : queue.ready.popLeft();
    if (typeof slot !== "number") return this.#drop(queue, event);
    this.#recording!.cold.remove(queue, event.hash, event.key);
    this.#coldCount--;
    this.#eventCount--;
    this.noteIfUnused(queue);
  }

  noteIfUnused(queue: LocalQueue): void {
    this.#unused.note(queue);
  }

  #claim(queue: LocalQueue, event: LocalEvent): void {
    queue.claimed.add(event);
    this.#claimedCount++;
    if (queue.heapAt === -1) this.#byDeadline.add(queue);
    else this.#byDeadline.moved(queue);
  }

  #unclaim(queue: LocalQueue, event: LocalEvent): void {
    queue.claimed.remove(event);
    this.#claimedCount--;
    if (queue.claimed.length === 0) this.#byDeadline.remove(queue);
    else this.#byDeadline.moved(queue);
  }

  /** Adds all that a queue holds to the totals, or takes it off. */
  #count(queue: LocalQueue, sign: 1 | -1): void {
    this.#eventCount += sign * queue.size;
    this.#coldCount += sign * (queue.cold?.size ?? 0);
    this.#claimedCount += sign * queue.claimed.length;
    this.#contentBytes += sign * queue.contentBytes;
    this.#idBytes += sign * queue.idBytes;
  }

  #noteReady(name: string): void {
    this.#becameReady.set(name, (this.#becameReady.get(name) ?? 0) + 1);
  }

  /** What is claimed was handed out: its contents are read again only for a redo. */
  readonly #release = (queue: LocalQueue, event: LocalEvent): void => {
    if (!event.isClaimed || event.contents === null) return;
    queue.contentBytes -= event.contentBytes;
    this.#contentBytes -= event.contentBytes;
    event.contents = null;
  };
}
