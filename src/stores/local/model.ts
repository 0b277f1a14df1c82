// The queues of the local store as plain data in memory, and the changes that keep it consistent.
// With a journal every change is recorded, so that the journal can write it and the model undo it.

import type { Changes } from "./changes.ts";
import type { ColdEvents, Shown } from "./cold-events.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import { isQueueDueBefore, keysOf, LEFT_END, type LocalEvent, LocalQueue } from "./local-queue.ts";
import { SortedNames } from "./sorted-names.ts";
import { UnusedQueues } from "./unused-queues.ts";
import { bytesOf, eventOverheadBytes, Usage } from "./usage.ts";

/** Cold events that are read together with a popped one may take this part of the budget. */
const readAheadShare = 1 / 4;
/** Larger contents are not read ahead. */
const readAheadBytesMax = 4096 + eventOverheadBytes;

/** The parts that a journal adds to a model: a record of changes, and events on disk only. */
export interface Recording {
  changes: Changes;
  cold: ColdEvents;
  /** New events that would take more memory become cold. */
  heldBytesMax: number;
}

export class Model {
  /** The time of the current batch: all its operations see the same time. */
  nowMs = 0;
  /** The queues that have consumers. */
  readonly consumed = new Set<LocalQueue>();
  /** Of all queues, also unused ones; ascending by bytes, which is the order of latin1 strings. */
  readonly names = new SortedNames();
  readonly usage = new Usage();
  readonly #queues = new Map<string, LocalQueue>();
  readonly #unused = new UnusedQueues();
  /** Queues that have claimed events; the queue with the earliest deadline is first. */
  readonly #byDeadline = new IndexedHeap<LocalQueue>(isQueueDueBefore);
  #recording: Recording | null = null;
  #becameReady = new Map<string, number>();
  /** The last number given to an event or a place; unused when a journal gives the numbers. */
  #lastNumber = 0;
  #lastClaim = 0;

  /** From now on changes are recorded, and events may be cold. */
  record(recording: Recording): void {
    this.#recording = recording;
  }

  get(name: string): LocalQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of that name; creates it if needed. */
  open(name: string): LocalQueue {
    let queue = this.get(name);
    if (queue === undefined) {
      queue = new LocalQueue(name);
      this.#queues.set(name, queue);
      this.names.add(name);
      this.usage.addQueue(name);
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

  /** The right-most ready event; reads it into memory if it is cold. Throws a JournalError. */
  rightMost(queue: LocalQueue): LocalEvent | undefined {
    const entry = queue.readyAt("right");
    if (typeof entry !== "number") return entry;
    return this.#recording?.cold.rightMost(queue, entry, this.#readAtOnce);
  }

  /** The ready event at that end; a cold one stays cold. Throws a JournalError. */
  peek(queue: LocalQueue, end: "left" | "right"): Shown | undefined {
    const entry = queue.readyAt(end);
    if (typeof entry === "number") return this.#recording?.cold.peek(entry);
    return entry && { id: entry.id, contents: this.contentsOf(entry) };
  }

  /** Events to read at once. They stay in memory until they are popped: fewer with many queues. */
  get #readAtOnce(): number {
    const budget = this.#recording!.heldBytesMax * readAheadShare;
    return Math.max(2, Math.floor(budget / readAheadBytesMax / this.#queues.size));
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
    if (recording === null || this.usage.heldBytes + bytesOf(event) <= recording.heldBytesMax) {
      return this.#add(queue, event, end === "right");
    }
    this.usage.cold++;
    this.#noteReady(queue.name);
    recording.changes.touch(queue, event, () => this.#unAdd(queue, event, end === "right"));
    recording.cold.add(queue, event);
    if (end === "left") queue.ready.pushLeft(event.key);
    else queue.putInFront(event.key);
  }

  /** Adds an event again, at the place that it had before it was removed. */
  addAt(queue: LocalQueue, event: LocalEvent, place: number): void {
    event.key = this.next();
    event.place = place;
    this.#add(queue, event, true);
  }

  /** Removes the right-most ready event, which must be in memory. */
  takeNext(queue: LocalQueue): void {
    const wasInFront = queue.front !== null;
    const event = queue.takeNext();
    this.#recording?.changes.touch(queue, event, () => {
      this.#unDrop(queue, event);
      queue.putNext(event, wasInFront);
    });
    this.#drop(queue, event);
  }

  /** Claims the right-most ready event, which must be in memory. Returns the claim's number. */
  claimNext(queue: LocalQueue, deadlineMs: number): number {
    const wasInFront = queue.front !== null;
    const event = queue.takeNext();
    const { deadlineMs: deadlineBefore, place } = event;
    this.#recording?.changes.touch(queue, event, () => {
      this.#unclaim(queue, event);
      // They belong to an earlier claim that ended in the same batch: it is restored next.
      event.deadlineMs = deadlineBefore;
      event.place = place;
      queue.putNext(event, wasInFront);
    });
    event.deadlineMs = deadlineMs;
    event.place = -++this.#lastClaim;
    this.#claim(queue, event);
    return this.#lastClaim;
  }

  /** Ends a claim: the event is gone. */
  dropClaimed(queue: LocalQueue, event: LocalEvent): void {
    this.#recording?.changes.touch(queue, event, () => {
      this.#unDrop(queue, event);
      this.#claim(queue, event);
    });
    this.#unclaim(queue, event);
    this.#drop(queue, event);
  }

  /** Requeues a claimed event at that place, which is in the front part of the line. */
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

  /** Requeues at most `limit` events whose lease has expired. Returns how many. */
  reclaim(limit: number): number {
    for (let count = 0; count < limit; count++) {
      const queue = this.#byDeadline.first;
      const event = queue?.claimed.first;
      if (!queue || !event || event.deadlineMs > this.nowMs) return count;
      this.unclaim(queue, event, event.place);
    }
    return limit;
  }

  /** When the next lease ends; at once if an unused queue can be forgotten; or Infinity. */
  get dueAtMs(): number {
    if (this.#unused.size > 0) return 0;
    return this.#byDeadline.first?.claimed.first?.deadlineMs ?? Infinity;
  }

  clear(queue: LocalQueue): void {
    if (queue.size === 0) return;
    if (queue.heapAt !== -1) this.#byDeadline.remove(queue);
    this.usage.addEventsOf(queue, -1);
    const emptied = queue.clear();
    this.noteIfUnused(queue);
    this.#recording?.changes.retire({ number: emptied.number, keys: keysOf(emptied) }, () => {
      queue.replace(emptied);
      this.usage.addEventsOf(queue);
      if (queue.claimed.length > 0) this.#byDeadline.add(queue);
    });
  }

  /** Call it before the first operation of a batch. */
  begin(nowMs: number): void {
    this.nowMs = nowMs;
    if (this.#unused.isSweepDue) this.sweep();
  }

  /** Forgets unused queues; waits for the next batch while changes may still be undone. */
  sweep(): void {
    this.#unused.sweep(this.#recording?.changes.isEmpty !== false, this.#forget);
  }

  readonly #forget = (queue: LocalQueue): void => {
    if (!this.#queues.delete(queue.name)) return;
    this.names.remove(queue.name);
    this.usage.removeQueue(queue.name);
    if (queue.number === 0) return;
    this.#recording?.changes.forgotten.push(queue.number);
    this.demandWrite();
  };

  /** How many events became ready since the last call, by queue. */
  takeBecameReady(): Map<string, number> {
    const taken = this.#becameReady;
    if (taken.size > 0) this.#becameReady = new Map();
    return taken;
  }

  /** Makes the journal write with this batch, even if nothing has changed. */
  demandWrite(): void {
    if (this.#recording) this.#recording.changes.isDemanded = true;
  }

  /** The changes are durable: frees the contents of claimed events. */
  committed(): void {
    if (this.#recording === null) return;
    const { changes, cold } = this.#recording;
    cold.forgetPending();
    changes.committed(this.#release);
  }

  /** The changes are not durable: takes all of them back. */
  undo(): void {
    this.#recording?.changes.undo();
    this.#recording?.cold.forgetPending();
    this.#becameReady = new Map();
  }

  /** At start: a ready event that only the journal has, at the place of its push. */
  restoreCold(queue: LocalQueue, hash: number, key: number, end: "left" | "right"): void {
    this.#recording!.cold.restore(queue, hash, key);
    if (end === "left") queue.ready.pushLeft(key);
    else queue.putInFront(key);
    this.usage.cold++;
  }

  /** At start: a claimed event, or a ready one that is not at the place of its push. */
  restoreWarm(queue: LocalQueue, event: LocalEvent, isClaimed: boolean): void {
    this.#index(queue, event);
    if (isClaimed) this.#claim(queue, event);
    else queue.putInFront(event);
  }

  /** At start: new claims get numbers above this one. */
  numberClaimsAfter(last: number): void {
    this.#lastClaim = last;
  }

  /** Call it for a cold event that is in memory now. */
  warmed(event: LocalEvent): void {
    this.usage.cold--;
    this.usage.addWarm(event);
  }

  /** A number that no other event or place has. As a place it is the right end. */
  next(): number {
    return this.#recording === null ? ++this.#lastNumber : this.#recording.changes.next();
  }

  #add(queue: LocalQueue, event: LocalEvent, isInFront: boolean): void {
    this.#noteReady(queue.name);
    this.#recording?.changes.touch(queue, event, () => this.#unAdd(queue, event, isInFront));
    this.#index(queue, event);
    if (isInFront) queue.putInFront(event);
    else queue.ready.pushLeft(event);
  }

  #index(queue: LocalQueue, event: LocalEvent): void {
    queue.index(event);
    this.usage.addWarm(event);
  }

  #drop(queue: LocalQueue, event: LocalEvent): void {
    queue.drop(event);
    event.isGone = true;
    this.usage.removeWarm(event);
    this.noteIfUnused(queue);
  }

  #unDrop(queue: LocalQueue, event: LocalEvent): void {
    event.isGone = false;
    this.#index(queue, event);
  }

  #unAdd(queue: LocalQueue, event: LocalEvent, isInFront: boolean): void {
    const entry = isInFront ? queue.takeFromFront(event.place) : queue.ready.popLeft();
    if (typeof entry !== "number") return this.#drop(queue, event);
    this.#recording!.cold.remove(queue, event.hash, event.key);
    this.usage.cold--;
    this.noteIfUnused(queue);
  }

  noteIfUnused(queue: LocalQueue): void {
    this.#unused.note(queue);
  }

  #claim(queue: LocalQueue, event: LocalEvent): void {
    queue.claimed.add(event);
    this.usage.claimed++;
    if (queue.heapAt === -1) this.#byDeadline.add(queue);
    else this.#byDeadline.moved(queue);
  }

  #unclaim(queue: LocalQueue, event: LocalEvent): void {
    queue.claimed.remove(event);
    this.usage.claimed--;
    if (queue.claimed.length === 0) this.#byDeadline.remove(queue);
    else this.#byDeadline.moved(queue);
  }

  #noteReady(name: string): void {
    this.#becameReady.set(name, (this.#becameReady.get(name) ?? 0) + 1);
  }

  /** A claimed event was handed out: its contents are read again only if it is requeued. */
  readonly #release = (queue: LocalQueue, event: LocalEvent): void => {
    if (!event.isClaimed || event.contents === null) return;
    queue.contentBytes -= event.contentBytes;
    this.usage.contentBytes -= event.contentBytes;
    event.contents = null;
  };
}
