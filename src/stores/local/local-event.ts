// An event of the local store. Ids and short contents are latin1 strings: one character per byte,
// exact for any bytes, and a small copy that pins no network chunk.
import { hashOf } from "./hash-index.ts";
import type { LocalQueue } from "./local-queue.ts";
import type { More } from "./more.ts";

/**
 * Places ascend from left to right; the right-most ready event is the next one out.
 * - LEFT_END - number: entered at the left end
 * - -claim: requeued when that claim failed or crashed; claims have ascending numbers
 * - number: entered at the right end
 * The number of a place is that of its event (its key), or a later one. Events that are neither
 * ready nor claimed have a number as their place: it ascends in the order in which they became so.
 */
export const LEFT_END = -(2 ** 50);

/** Where an event is. The values are those of the journal. */
export const GONE = 0;
export const READY = 2;
export const DELAYED = 3;
export const CLAIMED = 4;
export const FAILED = 5;
export const COMPLETED = 6;
export type StateNumber =
  typeof GONE | typeof READY | typeof DELAYED | typeof CLAIMED | typeof FAILED | typeof COMPLETED;

/** The states that a journal knows. */
export type StoredState = Exclude<StateNumber, typeof GONE>;

/** What a transition changes. */
export interface Position {
  queue: LocalQueue;
  state: StateNumber;
  /** delayed: when it is due; claimed: when the lease ends; failed, completed: since when. */
  atMs: number;
  place: number;
  /** How long its lease is; meaningless unless the event is claimed. */
  leaseMs: number;
  more: More | null;
}

export class LocalEvent implements Position {
  state: StateNumber = GONE;
  atMs = 0;
  place = 0;
  leaseMs = 0;
  more: More | null = null;
  readonly hash: number;
  /** Its number: ascends with every push, over all queues. */
  key = 0;
  pushedAtMs = 0;
  /** Whether the last commit left it in the journal. */
  isStored = false;
  /** It was read from the journal, and the model has only its key. */
  isCold = false;
  /** Its index among the events that the current batch has changed; -1 when it has not. */
  touchedAt = -1;
  hasNewMore = false;

  constructor(
    public queue: LocalQueue,
    readonly id: string,
    /** null when only the journal has them. */
    public contents: string | Buffer | null,
  ) {
    this.hash = hashOf(id);
  }

  /** How much of its contents is in memory. */
  get contentBytes(): number {
    return this.contents === null ? 0 : this.contents.length;
  }

  /** How much its id and its rare facts take. */
  get otherBytes(): number {
    return this.id.length + (this.more === null ? 0 : this.more.bytes);
  }

  /** The number of its claim; 0 when it is not claimed. */
  get claim(): number {
    return this.state === CLAIMED ? -this.place : 0;
  }

  /** 1 + failures + crashes. */
  get attempt(): number {
    return this.more === null ? 1 : 1 + this.more.failures + this.more.crashes;
  }

  /** Another text whenever the event has changed its state or was pushed anew. */
  get version(): string {
    return `${this.key}.${this.pushedAtMs}.${this.state}.${this.place}`;
  }
}

/** When an event expires while it waits; 0: never. Without a TTL of its own its queue's counts. */
export function expiryOf(pushedAtMs: number, more: More | null, queueTtlMs: number | null): number {
  const ttlMs = more?.ttlMs ?? queueTtlMs;
  return ttlMs === null ? 0 : (more?.ttlFromMs ?? pushedAtMs) + ttlMs;
}

/** The number in a place; that of a claim counts too. */
export function numberOf(place: number): number {
  return place < LEFT_END ? LEFT_END - place : Math.abs(place);
}

/** Orders events with the same time: claims by their number, others in the order they came. */
export function rankOf(place: number): number {
  return place < 0 ? -place : place;
}
