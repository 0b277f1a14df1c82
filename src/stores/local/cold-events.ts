// Cold events, which only the journal or a slab has: ready events beyond the memory budget or from
// before this process, and delayed, failed and completed ones. The model has their places and
// times, and the hashes of their ids. Here they become events again.
import { ColdIndex, hashOfNumber } from "./cold-index.ts";
import type { ColdSource } from "./cold-source.ts";
import type { Line } from "./line.ts";
import type { StoredEvent } from "./stored-event.ts";
import { isTakenIn, keyIn } from "./keys.ts";
import { type EventOrKey, type LocalQueue, LocalEvent } from "./local-queue.ts";
import { decodeMore } from "./more.ts";
import type { Usage } from "./usage.ts";
import { CLAIMED, DELAYED, GONE, LEFT_END, rankOf, READY } from "./states.ts";

/** Events read at once: the neighbours of a popped event are popped next. */
const warmedAtOnceMax = 64;
/** Keys from the first to the last of them. Events of other queues between them are read too. */
const warmedSpanMax = 512;

export class ColdEvents {
  readonly #source: ColdSource;
  readonly #usage: Usage;

  constructor(source: ColdSource, usage: Usage) {
    this.#source = source;
    this.#usage = usage;
  }

  /** The cold event of that id; it stays cold. Throws a JournalError. */
  find(queue: LocalQueue, id: string, hash: number): LocalEvent | undefined {
    let event: LocalEvent | undefined;
    queue.cold?.find(hash, (key) => {
      const stored = this.#lookAt(queue, key);
      if (stored.id === id) event = revived(queue, stored);
      return stored.id === id;
    });
    return event;
  }

  /** The cold ready event at that place; it stays cold. Throws a JournalError. */
  atPlace(queue: LocalQueue, place: number): LocalEvent {
    let found: StoredEvent | undefined;
    queue.moved?.find(hashOfNumber(place), (moved) => {
      const stored = this.#lookAt(queue, moved);
      if (stored.place === place) found = stored;
      return stored.place === place;
    });
    return revived(queue, found ?? this.#lookAt(queue, LEFT_END - place));
  }

  /** The cold event of that key; it stays cold. Throws a JournalError. */
  withKey(queue: LocalQueue, key: number): LocalEvent {
    return revived(queue, this.#lookAt(queue, key));
  }

  /** Throws a JournalError. */
  readThen(counter: number): string | Buffer {
    return this.#source.readThen(counter);
  }

  /** Throws a JournalError. */
  contentsOf(event: LocalEvent): string | Buffer {
    const { contents, queue, key } = event;
    return contents ?? (this.#source.read(queue, key).contents as string | Buffer);
  }

  /**
   * The next event of that line, which is cold. From now on it is in memory, and so are the ones
   * behind it, up to `atOnce` together. Throws a JournalError.
   */
  warmNext(queue: LocalQueue, line: Line<LocalEvent>, atOnce: number): LocalEvent {
    const place = line.next as number;
    if (line.hasFront || queue.moved !== null) return this.warm(this.atPlace(queue, place));
    // Pushed on the left, neighbours in line have ascending keys.
    const first = LEFT_END - place;
    const keys = [first];
    while (keys.length < Math.min(atOnce, warmedAtOnceMax)) {
      const entry = line.behindNext(keys.length);
      const key = typeof entry === "number" ? LEFT_END - entry : 0;
      if (key <= keys.at(-1)! || key > first + warmedSpanMax) break;
      keys.push(key);
    }
    for (const one of this.#source.look(queue, keys)) this.warm(revived(queue, one));
    return line.next as LocalEvent;
  }

  /** From now on the event is in memory, where it was. */
  warm(event: LocalEvent): LocalEvent {
    const { queue, hash } = event;
    event.isCold = false;
    this.#source.release(queue, event.key);
    queue.cold!.remove(hash, event.key);
    if (queue.cold!.size === 0) queue.cold = null;
    if (event.state === READY && isMoved(event)) {
      queue.moved!.remove(hashOfNumber(event.place), event.key);
      if (queue.moved!.size === 0) queue.moved = null;
    }
    const key = takenKey(event);
    if (key !== null) {
      queue.keys!.removeCold(key, event.key);
      queue.keys!.add(key, event);
    }
    this.#replace(event, event);
    queue.index(event);
    this.#usage.cold--;
    this.#usage.addWarm(event);
    return event;
  }

  /** From now on the model has only the key of the event. It must not be claimed. */
  cool(event: LocalEvent): void {
    const { queue } = event;
    this.#source.keep(event);
    const key = takenKey(event);
    if (key !== null) {
      queue.keys!.remove(key);
      queue.keys!.addCold(key, event.key);
    }
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
      (queue.moved ??= new ColdIndex()).add(hashOfNumber(place), key);
    }
    this.#usage.cold++;
  }

  /** Puts an entry where the event is. */
  #replace(event: LocalEvent, entry: EventOrKey): void {
    const { queue, state, atMs, place, more, key } = event;
    if (state === GONE || state === CLAIMED) return;
    if (state === READY) queue.lineOf(more).replace(entry);
    else queue.timed(state).replace(atMs, rankOf(state, place), entry);
    if (more === null || more.expiresAtMs === 0) return;
    if (state !== READY && state !== DELAYED) return;
    queue.expiring!.replace(more.expiresAtMs, key, entry === event ? event : key);
  }

  #lookAt(queue: LocalQueue, key: number): StoredEvent {
    return this.#source.look(queue, [key])[0]!;
  }
}

/** The unique key that it has taken. */
function takenKey({ state, more }: LocalEvent): string | null {
  if (more === null || more.unique === null) return null;
  return isTakenIn(state, more.unique) ? keyIn(more.unique) : null;
}

function isMoved({ key, place }: { key: number; place: number }): boolean {
  return place !== LEFT_END - key;
}

function revived(queue: LocalQueue, stored: StoredEvent): LocalEvent {
  const event = new LocalEvent(queue, stored.id, stored.contents);
  event.key = stored.key;
  event.state = stored.state;
  event.atMs = stored.atMs;
  event.place = stored.place;
  event.lease = stored.lease;
  event.pushedAtMs = stored.pushedAtMs;
  event.more = decodeMore(stored);
  event.isStored = true;
  event.isCold = true;
  return event;
}
