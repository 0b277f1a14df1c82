// The claimed events that wait for a handler: how many more there is room for, and when enough are
// there for a handler to start. A worker that handles single events has batches of one.
import type { Claim } from "./claim.ts";

export interface BacklogOptions {
  /** Handlers at the same time. */
  concurrency: number;
  /** Events of a batch, at most. */
  size: number;
  /** A batch starts when its first event has waited so long, full or not. */
  fillMs: number;
  /** Events claimed beyond those that could start now. */
  prefetch: number;
}

export class Backlog {
  readonly #options: BacklogOptions;
  #claims: Claim[] = [];

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#claims.length;
  }

  add(claim: Claim): void {
    this.#claims.push(claim);
  }

  /** It was lost while it waited. */
  delete(claim: Claim): void {
    const at = this.#claims.indexOf(claim);
    if (at !== -1) this.#claims.splice(at, 1);
  }

  /**
   * How many events to pop now, while so many handlers run. With prefetch it is 0 until half of the
   * prefetched events are used up, so that the next pop brings many.
   */
  room(running: number): number {
    const { concurrency, size, prefetch } = this.#options;
    const startable = Math.max(0, concurrency - running) * size;
    const room = startable + prefetch - this.#claims.length;
    const isLow = this.#claims.length < startable || this.#claims.length <= prefetch / 2;
    return isLow ? Math.max(0, room) : 0;
  }

  /** How long the next batch may still wait for more events. Infinity: it has none yet. */
  fillLeftMs(nowMs: number): number {
    const [first] = this.#claims;
    return first ? Math.max(0, first.arrivedAtMs + this.#options.fillMs - nowMs) : Infinity;
  }

  /** The next batch, if it is full, or its time is over or `isLast`. */
  take(nowMs: number, isLast: boolean): Claim[] | null {
    const { size } = this.#options;
    if (this.#claims.length === 0) return null;
    const isReady = isLast || this.#claims.length >= size || this.fillLeftMs(nowMs) <= 0;
    if (!isReady) return null;
    if (size === 1) return [this.#claims.shift()!];
    return this.#claims.splice(0, size);
  }

  /** Removes all, in the order in which they came. */
  takeAll(): Claim[] {
    const all = this.#claims;
    this.#claims = [];
    return all;
  }
}
