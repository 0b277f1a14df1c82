// How many queues and events a model has, and about how much memory they take.

import type { LocalEvent, LocalQueue } from "./local-queue.ts";

/** Bytes of an event besides its contents and id: the object, its places in line and index. */
export const eventOverheadBytes = 400;
/** Bytes of a cold event: its places in line and index. */
const coldEventBytes = 70;
/** Bytes of a queue besides its name and events, measured with 100,000 queues. */
const queueOverheadBytes = 1500;

/** Bytes that an event takes in memory. */
export function bytesOf(event: LocalEvent): number {
  return event.contentBytes + event.id.length + eventOverheadBytes;
}

export class Usage {
  queues = 0;
  /** Events in memory, ready and claimed. */
  warm = 0;
  /** Events that only the journal has, all of them ready. */
  cold = 0;
  claimed = 0;
  /** Contents in memory. */
  contentBytes = 0;
  #idBytes = 0;
  #nameBytes = 0;

  get ready(): number {
    return this.warm + this.cold - this.claimed;
  }

  /** About how much memory events and queues take. */
  get heldBytes(): number {
    const events = this.warm * eventOverheadBytes + this.cold * coldEventBytes;
    const queues = this.queues * queueOverheadBytes + this.#nameBytes;
    return this.contentBytes + this.#idBytes + events + queues;
  }

  addQueue(name: string): void {
    this.queues++;
    this.#nameBytes += name.length;
  }

  removeQueue(name: string): void {
    this.queues--;
    this.#nameBytes -= name.length;
  }

  addWarm(event: LocalEvent): void {
    this.warm++;
    this.contentBytes += event.contentBytes;
    this.#idBytes += event.id.length;
  }

  removeWarm(event: LocalEvent): void {
    this.warm--;
    this.contentBytes -= event.contentBytes;
    this.#idBytes -= event.id.length;
  }

  /** Adds all events of a queue, or with -1 takes them off. */
  addEventsOf(queue: LocalQueue, sign: 1 | -1 = 1): void {
    this.warm += sign * queue.events.size;
    this.cold += sign * (queue.cold?.size ?? 0);
    this.claimed += sign * queue.claimed.length;
    this.contentBytes += sign * queue.contentBytes;
    this.#idBytes += sign * queue.idBytes;
  }
}
