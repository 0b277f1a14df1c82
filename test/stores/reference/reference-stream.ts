// What a queue of the reference store has as a list or a stream beside its events.
import { FIRST_ID, placeOf, type StreamId } from "../../../src/queue/stream-ids.ts";
import { STREAM_CONSUMERS_MAX } from "../../../src/queue/streams.ts";
import { workerOf } from "../../../src/queue/claimant.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";

/** When a consumer was seen, and when it took something the last time; -1: never. */
interface Seen {
  seenMs: number;
  activeMs: number;
}

export class ReferenceStream {
  lastId = FIRST_ID;
  added = 0;
  removedId = FIRST_ID;
  deliveredId = FIRST_ID;
  /** The name of the first group; null if it was not created. */
  group: string | null = null;
  readonly consumers = new Map<string, Seen>();

  /** A consumer of the queue asked for something, and got it or not. */
  saw(queue: ReferenceQueue, consumer: string, isActive: boolean): void {
    const { nowMs } = queue;
    const known = this.consumers.get(consumer);
    if (!known && !this.#hasRoom(queue)) return;
    const activeMs = isActive ? nowMs : (known?.activeMs ?? -1);
    this.consumers.set(consumer, { seenMs: nowMs, activeMs });
  }

  /** One of many consumers makes room for another, unless all have claims. */
  #hasRoom(queue: ReferenceQueue): boolean {
    if (this.consumers.size < STREAM_CONSUMERS_MAX) return true;
    const claiming = new Set(queue.inState("claimed").map(consumerOf));
    const others = [...this.consumers].filter(([name]) => !claiming.has(name));
    const [first] = others.toSorted(([, a], [, b]) => a.seenMs - b.seenMs);
    return first !== undefined && this.consumers.delete(first[0]);
  }
}

/** Tells when no event is left. */
export class ReferenceEvents extends Map<string, ReferenceEvent> {
  readonly #onEmpty: () => void;

  constructor(onEmpty: () => void) {
    super();
    this.#onEmpty = onEmpty;
  }

  override delete(id: string): boolean {
    const isThere = super.delete(id);
    if (this.size === 0) this.#onEmpty();
    return isThere;
  }

  override clear(): void {
    super.clear();
    this.#onEmpty();
  }
}

export function placeOfEvent({ id, pushedAtMs }: ReferenceEvent): StreamId {
  return placeOf(Buffer.from(id, "latin1"), pushedAtMs);
}

/** Of a claimed event. */
export function consumerOf({ claim }: ReferenceEvent): string {
  return claim?.claimant ? workerOf(claim.claimant).toString("latin1") : "";
}
