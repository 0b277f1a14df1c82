// Cold events, which only the journal has: ready events of a backlog that is larger than the memory
// budget or older than this process. In line they are keys; here they become events again.

import { ColdIndex } from "./cold-index.ts";
import { type Journal, JournalError, type StoredEvent } from "./journal.ts";
import { LEFT_END, LocalEvent, type LocalQueue } from "./local-queue.ts";

/** The parts of an event that a peek shows. */
export interface Shown {
  id: string;
  contents: string | Buffer;
}

/** Events read at once: the neighbours of a popped event are popped next. */
const warmedAtOnceMax = 64;
/** Keys from the first to the last of them. Events of other queues between them are read too. */
const warmedSpanMax = 512;

export class ColdEvents {
  readonly #journal: Journal;
  /** Cold events that are not committed yet, by key: the journal cannot read them. */
  readonly #pending = new Map<number, LocalEvent>();
  readonly #onWarm: (event: LocalEvent) => void;

  /** onWarm is called for events that now take memory. */
  constructor(journal: Journal, onWarm: (event: LocalEvent) => void) {
    this.#journal = journal;
    this.#onWarm = onWarm;
  }

  /** Adds a new event; keeps it until forgetPending(). */
  add(queue: LocalQueue, event: LocalEvent): void {
    this.#pending.set(event.key, event);
    this.restore(queue, event.hash, event.key);
  }

  /** Adds an event that the journal has. */
  restore(queue: LocalQueue, hash: number, key: number): void {
    queue.cold ??= new ColdIndex();
    queue.cold.add(hash, key);
  }

  remove(queue: LocalQueue, hash: number, key: number): void {
    queue.cold?.remove(hash, key);
    if (queue.cold?.size === 0) queue.cold = null;
  }

  /** The events that were pending are committed or undone. */
  forgetPending(): void {
    if (this.#pending.size > 0) this.#pending.clear();
  }

  has(queue: LocalQueue, id: string, hash: number): boolean {
    if (queue.cold === null) return false;
    return queue.cold.find(hash, (key) => this.#idOf(key) === id) !== 0;
  }

  contentsOf(event: LocalEvent): string | Buffer {
    return event.contents ?? this.#read(event.key);
  }

  /** The event of that key, which stays cold. Throws a JournalError. */
  peek(key: number): Shown {
    const { id, contents } = this.#pending.get(key) ?? this.#journal.read(key);
    return { id, contents: contents as string | Buffer };
  }

  /**
   * The event at the right end of the line, which has that key. From now on it is in memory, and so
   * are the next ones, up to `atOnce` together. Throws a JournalError.
   */
  rightMost(queue: LocalQueue, key: number, atOnce: number): LocalEvent {
    const pending = this.#pending.get(key);
    if (queue.front === null) {
      return pending ? this.#warm(queue, pending, 0) : this.#warmRight(queue, key, atOnce);
    }
    const event = pending ?? revived(this.#readRange(key, key)[0] as StoredEvent, key);
    this.#warmed(queue, event);
    queue.front.replace(event);
    return event;
  }

  /** Pushed on the left, neighbours in line have ascending keys from right to left. */
  #warmRight(queue: LocalQueue, first: number, atOnce: number): LocalEvent {
    let count = 1;
    let last = first;
    for (; count < Math.min(atOnce, warmedAtOnceMax); count++) {
      const entry = queue.ready.fromRight(count);
      if (typeof entry !== "number" || entry <= last || entry > first + warmedSpanMax) break;
      if (this.#pending.has(entry)) break;
      last = entry;
    }
    // A key between two of them may belong to an event elsewhere.
    const found = new Map(this.#readRange(first, last).map((stored) => [stored.key, stored]));
    for (let distance = 0; distance < count; distance++) {
      const stored = found.get(queue.ready.fromRight(distance) as number);
      if (!stored) throw missing(queue.ready.fromRight(distance) as number);
      this.#warm(queue, revived(stored, LEFT_END - stored.key), distance);
    }
    return queue.ready.peekRight() as LocalEvent;
  }

  #warm(queue: LocalQueue, event: LocalEvent, distance: number): LocalEvent {
    this.#warmed(queue, event);
    queue.ready.setFromRight(distance, event);
    return event;
  }

  #warmed(queue: LocalQueue, event: LocalEvent): void {
    this.remove(queue, event.hash, event.key);
    queue.index(event);
    this.#onWarm(event);
  }

  #idOf(key: number): string {
    return this.#pending.get(key)?.id ?? (this.#readRange(key, key)[0] as StoredEvent).id;
  }

  #readRange(from: number, to: number): StoredEvent[] {
    const stored = this.#journal.readRange(from, to);
    if (stored.length === 0) throw missing(from);
    return stored;
  }

  #read(key: number): string | Buffer {
    return this.#journal.read(key).contents as string | Buffer;
  }
}

function revived({ key, id, contents }: StoredEvent, place: number): LocalEvent {
  const event = new LocalEvent(id, contents);
  event.key = key;
  event.place = place;
  event.isStored = true;
  return event;
}

function missing(key: number): JournalError {
  return new JournalError("failed", `event ${key} is not in the database any more`);
}
