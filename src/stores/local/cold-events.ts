// Cold events, which only the journal has: ready events beyond the memory budget or from before
// this process, and delayed, failed and completed ones. The model has their places and times, and
// the hashes of their ids. Here they become events again.
import { ColdIndex } from "./cold-index.ts";
import { type Journal, JournalError, type StoredEvent } from "./journal.ts";
import { type EventOrKey, type LocalQueue, LocalEvent } from "./local-queue.ts";
import { decodeMore } from "./more.ts";
import type { Usage } from "./usage.ts";
import { CLAIMED, DELAYED, GONE, LEFT_END, rankOf, READY } from "./states.ts";

/** Events read at once: the neighbours of a popped event are popped next. */
const warmedAtOnceMax = 64;
/** Keys from the first to the last of them. Events of other queues between them are read too. */
const warmedSpanMax = 512;

export class ColdEvents {
  readonly #journal: Journal;
  readonly #usage: Usage;

  constructor(journal: Journal, usage: Usage) {
    this.#journal = journal;
    this.#usage = usage;
  }

  /** The cold event of that id; it stays cold. Throws a JournalError. */
  find(queue: LocalQueue, id: string, hash: number): LocalEvent | undefined {
    let event: LocalEvent | undefined;
    queue.cold?.find(hash, (key) => {
      const stored = this.#readRange(key, key)[0]!;
      if (stored.id === id) event = revived(queue, stored);
      return stored.id === id;
    });
    return event;
  }

  /** The cold ready event at that place; it stays cold. Throws a JournalError. */
  atPlace(queue: LocalQueue, place: number): LocalEvent {
    let found: StoredEvent | undefined;
    queue.moved?.find(hashOfPlace(place), (moved) => {
      const stored = this.#readRange(moved, moved)[0]!;
      if (stored.place === place) found = stored;
      return stored.place === place;
    });
    const key = LEFT_END - place;
    return revived(queue, found ?? this.#readRange(key, key)[0]!);
  }

  /** The cold event of that key; it stays cold. Throws a JournalError. */
  withKey(queue: LocalQueue, key: number): LocalEvent {
    return revived(queue, this.#readRange(key, key)[0]!);
  }

  /** Throws a JournalError. */
  contentsOf(event: LocalEvent): string | Buffer {
    return event.contents ?? (this.#journal.read(event.key).contents as string | Buffer);
  }

  /**
   * The next event of the line, which has that place. From now on it is in memory, and so are the
   * ones behind it, up to `atOnce` together. Throws a JournalError.
   */
  warmNext(queue: LocalQueue, place: number, atOnce: number): LocalEvent {
    if (queue.line.hasFront || queue.moved !== null) return this.warm(this.atPlace(queue, place));
    // Pushed on the left, neighbours in line have ascending keys.
    const first = LEFT_END - place;
    const keys = [first];
    while (keys.length < Math.min(atOnce, warmedAtOnceMax)) {
      const entry = queue.line.behindNext(keys.length);
      const key = typeof entry === "number" ? LEFT_END - entry : 0;
      if (key <= keys.at(-1)! || key > first + warmedSpanMax) break;
      keys.push(key);
    }
    const stored = this.#readRange(first, keys.at(-1)!);
    // A key between two of them may belong to an event elsewhere.
    const found = new Map(stored.map((one) => [one.key, one]));
    for (const key of keys) {
      const one = found.get(key);
      if (!one) throw missing(key);
      this.warm(revived(queue, one));
    }
    return queue.line.next as LocalEvent;
  }

  /** From now on the event is in memory, where it was. */
  warm(event: LocalEvent): LocalEvent {
    const { queue, hash, key } = event;
    event.isCold = false;
    queue.cold!.remove(hash, key);
    if (queue.cold!.size === 0) queue.cold = null;
    if (event.state === READY && isMoved(event)) {
      queue.moved!.remove(hashOfPlace(event.place), key);
      if (queue.moved!.size === 0) queue.moved = null;
    }
    this.#replace(event, event);
    queue.index(event);
    this.#usage.cold--;
    this.#usage.addWarm(event);
    return event;
  }

  /** From now on only the journal has the event, where it was. It must not be claimed. */
  cool(event: LocalEvent): void {
    const { queue } = event;
    this.#replace(event, event.state === READY ? event.place : event.key);
    queue.drop(event);
    this.#usage.removeWarm(event);
    this.restore(queue, event);
  }

  /** Notes a cold event that is in its place already. */
  restore(queue: LocalQueue, event: Pick<LocalEvent, "hash" | "key" | "state" | "place">): void {
    const { hash, key, state, place } = event;
    (queue.cold ??= new ColdIndex()).add(hash, key);
    if (state === READY && isMoved(event)) {
      (queue.moved ??= new ColdIndex()).add(hashOfPlace(place), key);
    }
    this.#usage.cold++;
  }

  /** Puts an entry where the event is. */
  #replace(event: LocalEvent, entry: EventOrKey): void {
    const { queue, state, atMs, place, more, key } = event;
    if (state === GONE || state === CLAIMED) return;
    if (state === READY) queue.line.replace(entry);
    else queue.timed(state).replace(atMs, rankOf(state, place), entry);
    if (more === null || more.expiresAtMs === 0) return;
    if (state !== READY && state !== DELAYED) return;
    queue.expiring!.replace(more.expiresAtMs, key, entry === event ? event : key);
  }

  #readRange(from: number, to: number): StoredEvent[] {
    const stored = this.#journal.readRange(from, to);
    if (stored.length === 0) throw missing(from);
    return stored;
  }
}

function isMoved({ key, place }: { key: number; place: number }): boolean {
  return place !== LEFT_END - key;
}

function hashOfPlace(place: number): number {
  const hash = Math.imul(place % 2 ** 32, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

function revived(queue: LocalQueue, stored: StoredEvent): LocalEvent {
  const event = new LocalEvent(queue, stored.id, stored.contents);
  const { key, state, atMs, place, lease, pushedAtMs, more, expiresAtMs } = stored;
  Object.assign(event, { key, state, atMs, place, lease, pushedAtMs });
  event.more = decodeMore(more, expiresAtMs);
  event.isStored = true;
  event.isCold = true;
  return event;
}

function missing(key: number): JournalError {
  return new JournalError("failed", `event ${key} is not in the database any more`);
}
