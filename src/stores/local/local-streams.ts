// What makes a queue a list or a stream, and what changes the record of a stream. With a journal
// each change is recorded.
import { STREAM_CONSUMERS_MAX } from "../../queue/streams.ts";
import { LocalCounters } from "./local-counters.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import { laterOf, type Place } from "./places.ts";
import { GONE } from "./states.ts";
import { bytesOfConsumer, LocalStream, type Seen } from "./stream.ts";
import { workersOf } from "./workers.ts";

type Record = Pick<LocalStream, "removedId" | "group">;

export class LocalStreams extends LocalCounters {
  /** The journal has no room: what an operation need not keep is dropped. */
  isFull = false;
  /** The queue into which an operation on a list or a stream pushes; null: none does. */
  pushesInto: LocalQueue | null = null;
  /** Streams of which the journal has not all. */
  readonly #late = new Set<LocalQueue>();

  /** Does that; what it pushes into the queue leaves it a list, or comes by a StreamAdd. */
  pushing<T>(queue: LocalQueue, does: () => T): T {
    const { pushesInto } = this;
    this.pushesInto = queue;
    try {
      return does();
    } finally {
      this.pushesInto = pushesInto;
    }
  }

  /** A list without events is none, whatever this says. */
  setList(queue: LocalQueue, isList: boolean): void {
    const { isList: before } = queue;
    if (before === isList) return;
    this.changes?.undoBy(() => (queue.isList = before));
    this.changes?.noteFacts(queue);
    queue.isList = isList;
  }

  /** The queue is a stream from now on. */
  makeStream(queue: LocalQueue): LocalStream {
    if (queue.stream !== null) return queue.stream;
    this.setList(queue, false);
    const stream = new LocalStream();
    const set = (value: LocalStream | null) => {
      this.usage.settingBytes += (value ?? stream).bytes * (value === null ? -1 : 1);
      queue.stream = value;
      this.noteIfUnused(queue);
    };
    this.changes?.undoBy(() => set(null));
    this.changes?.noteFacts(queue);
    set(stream);
    return stream;
  }

  changeStream(queue: LocalQueue, stream: LocalStream, changes: Partial<Record>): void {
    const { removedId, group } = stream;
    this.changes?.undoBy(() => Object.assign(stream, { removedId, group }));
    this.changes?.noteFacts(queue);
    Object.assign(stream, changes);
  }

  /** A StreamAdd has given that id. isKept: the queue has the event, not only bound ones. */
  addedTo(queue: LocalQueue, stream: LocalStream, id: Place, isKept: boolean): void {
    const { lastId, added } = stream;
    const { changes } = this;
    if (changes !== null) {
      changes.undoBy(() => {
        stream.lastId = lastId;
        stream.added = added;
      });
      if (added === 0 || !isKept) changes.noteFacts(queue);
    }
    stream.lastId = id;
    stream.added++;
  }

  /** A StreamTake has taken the event of that place. The journal may hear of it later. */
  delivered(queue: LocalQueue, stream: LocalStream, place: Place): void {
    const { deliveredId } = stream;
    const latest = laterOf(deliveredId, place);
    if (latest === deliveredId) return;
    this.changes?.undoBy(() => (stream.deliveredId = deliveredId));
    stream.deliveredId = latest;
    this.#isLate(queue);
  }

  /**
   * A consumer of a group asked for something, which it got, or not (isActive). A stream keeps its
   * name; the journal may hear of the times later, and nothing takes them back.
   */
  saw(queue: LocalQueue, name: string, isActive: boolean): void {
    const { stream } = queue;
    if (stream === null) return;
    const { nowMs } = this;
    const known = stream.consumers.get(name);
    if (known) {
      known.seenMs = nowMs;
      if (isActive) known.activeMs = nowMs;
      this.#isLate(queue);
    } else if (!this.isFull && this.#hasRoomFor(queue, stream)) {
      this.#setConsumer(queue, stream, name, { seenMs: nowMs, activeMs: isActive ? nowMs : -1 });
    }
  }

  forgetConsumers(queue: LocalQueue, stream: LocalStream, names: Iterable<string>): void {
    for (const name of names) this.#setConsumer(queue, stream, name, null);
  }

  /** null: it is forgotten. */
  #setConsumer(queue: LocalQueue, stream: LocalStream, name: string, seen: Seen | null): void {
    const set = (value: Seen | null) => {
      const before = stream.consumers.has(name);
      this.usage.settingBytes += bytesOfConsumer(name) * (Number(value !== null) - Number(before));
      if (value === null) stream.consumers.delete(name);
      else stream.consumers.set(name, value);
    };
    const before = stream.consumers.get(name) ?? null;
    this.changes?.undoBy(() => set(before));
    this.changes?.noteFacts(queue);
    set(seen);
  }

  /** One of many consumers makes room for another, unless all have claims. */
  #hasRoomFor(queue: LocalQueue, stream: LocalStream): boolean {
    const { consumers } = stream;
    if (consumers.size < STREAM_CONSUMERS_MAX) return true;
    const isAsSeen = ([name, seenMs]: [string, number]) => consumers.get(name)?.seenMs === seenMs;
    stream.forgettable = stream.forgettable.filter(isAsSeen);
    if (stream.forgettable.length === 0) stream.forgettable = forgettableOf(queue, stream);
    const [first] = stream.forgettable;
    if (first === undefined) return false;
    this.#setConsumer(queue, stream, first[0], null);
    return true;
  }

  #isLate(queue: LocalQueue): void {
    if (this.changes !== null) this.#late.add(queue);
  }

  /** The journal is to hear now of what it may hear later. */
  writeLate(): void {
    for (const queue of this.#late) if (queue.stream !== null) this.changes!.noteFacts(queue);
    if (this.#late.size > 0) this.demandWrite();
    this.#late.clear();
  }

  /** To be called before an event moves into that queue. */
  protected noteEntry(event: LocalEvent, to: LocalQueue): void {
    if (event.state !== GONE) {
      if (event.queue === to) return;
      this.noteLeaving(event);
    }
    if (to === this.pushesInto) return;
    if (to.isList && to.size === 0) this.setList(to, false);
    if (to.stream !== null && to.stream.added > 0) this.changes?.noteFacts(to);
  }

  /** To be called before an event leaves its queue. */
  protected noteLeaving({ queue, key }: LocalEvent): void {
    const { stream } = queue;
    if (stream === null || stream.added === 0 || key <= stream.writtenTo) return;
    this.changes?.noteFacts(queue);
  }
}

/** So many are looked for at once: that takes a look at all claims. */
const forgettableAtOnce = 100;

/** The consumers without claims that were seen longest ago. */
function forgettableOf(queue: LocalQueue, { consumers }: LocalStream): [string, number][] {
  const claiming = workersOf(queue.claimed);
  const others = [...consumers].filter(([name]) => !claiming.has(name));
  const seen = others.map(([name, { seenMs }]): [string, number] => [name, seenMs]);
  return seen.toSorted((one, other) => one[1] - other[1]).slice(0, forgettableAtOnce);
}
