// Those who wait for an event to become ready, first come first served per queue, for all stores.
// A wake-up is only a hint: it makes a waiter attempt what it came for, and one whose attempt
// finds nothing keeps its place in line.
//
//   attempting --nothing there--> waiting --wake--> attempting --found--> gone
//                                    +--time is up, abort--> gone
import { nameOf } from "./name-cache.ts";

/** Attempts what it waits for; null when there is nothing after all, so that it waits on. */
export type Attempt<T> = () => Promise<T | null>;

export interface Wait<T> {
  queues: Buffer[];
  /** 0 attempts once. The first attempt is always made to its end. */
  timeoutMs: number;
  attempt: Attempt<T>;
  /** Ends the waiting, as if the time were up. What is found all the same, others hear of too. */
  signal: AbortSignal;
}

/** setTimeout takes no longer delays than this. */
const TIMER_MAX_MS = 2 ** 31 - 1;

interface Line {
  waiters: Set<Waiter>;
  /** Events that became ready while everyone in line was attempting already. */
  missed: number;
}

export class Waiters {
  readonly #lines = new Map<string, Line>();
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** The queues that somebody waits for. */
  queues(): Buffer[] {
    return [...this.#lines.keys()].map((queue) => Buffer.from(queue, "latin1"));
  }

  /**
   * Resolves with what an attempt found, or with null when the time is up or the signal aborts.
   * Attempts at once, then whenever one of the queues is woken. Rejects if the first attempt
   * does; when a later one fails (the store went away) it waits on.
   */
  wait<T>(wait: Wait<T>): Promise<T | null> {
    if (wait.signal.aborted) return wait.attempt();
    return new Promise<T | null>((resolve, reject) => {
      const waiter = new Waiter(wait as Wait<unknown>, {
        resolve: resolve as (found: unknown) => void,
        reject,
        missedOne: () => this.#takeMissed(waiter),
        passOn: () => waiter.queues.forEach((queue) => this.#wake(queue, 1)),
        leave: () => this.#leave(waiter),
      });
      this.#enter(waiter);
      void waiter.attempt();
    });
  }

  /** So many events became ready in that queue: as many waiters attempt, in order of arrival. */
  wake(queue: Buffer, count: number): void {
    if (this.#size > 0) this.#wake(nameOf(queue), count);
  }

  #wake(queue: string, count: number): void {
    const line = this.#lines.get(queue);
    if (!line) return;
    let left = count;
    for (const waiter of line.waiters) {
      if (left === 0) return;
      if (waiter.attempting) continue;
      void waiter.attempt();
      left -= 1;
    }
    line.missed = Math.min(line.missed + left, line.waiters.size);
  }

  #enter(waiter: Waiter): void {
    this.#size += 1;
    for (const queue of waiter.queues) {
      const line = this.#lines.get(queue);
      if (line) line.waiters.add(waiter);
      else this.#lines.set(queue, { waiters: new Set([waiter]), missed: 0 });
    }
  }

  #leave(waiter: Waiter): void {
    this.#size -= 1;
    for (const queue of waiter.queues) {
      const line = this.#lines.get(queue)!;
      line.waiters.delete(waiter);
      if (line.waiters.size === 0) this.#lines.delete(queue);
    }
  }

  /** Whether a wake-up came while the waiter was attempting, which is then its own. */
  #takeMissed(waiter: Waiter): boolean {
    const line = waiter.queues.map((queue) => this.#lines.get(queue)!).find((l) => l.missed > 0);
    if (line) line.missed -= 1;
    return line !== undefined;
  }
}

interface WaiterEnds {
  resolve(found: unknown): void;
  reject(error: unknown): void;
  missedOne(): boolean;
  /** Wakes another in its place. */
  passOn(): void;
  leave(): void;
}

class Waiter {
  readonly queues: string[];
  attempting = false;
  readonly #wait: Wait<unknown>;
  readonly #ends: WaiterEnds;
  #endsAt: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isGone = false;

  constructor(wait: Wait<unknown>, ends: WaiterEnds) {
    this.queues = [...new Set(wait.queues.map(nameOf))];
    this.#wait = wait;
    this.#ends = ends;
    this.#endsAt = performance.now() + wait.timeoutMs;
    wait.signal.addEventListener("abort", this.#giveUp);
  }

  async attempt(): Promise<void> {
    this.attempting = true;
    try {
      do {
        const found = await this.#wait.attempt();
        if (found !== null) return this.#found(found);
      } while (!this.#isGone && this.#ends.missedOne());
    } catch (error) {
      if (!this.#timer) return this.#end(() => this.#ends.reject(error));
    }
    this.attempting = false;
    if (!this.#isGone) this.#setTimer();
  }

  /** A waiter that left will hardly fetch its event: the others must hear of this event. */
  #found(found: unknown): void {
    const hasLeft = this.#isGone || this.#wait.signal.aborted;
    this.#end(() => this.#ends.resolve(found));
    if (hasLeft) this.#ends.passOn();
  }

  readonly #giveUp = () => {
    this.#endsAt = 0;
    // Without a timer yet the first attempt is under way.
    if (this.#timer) this.#end(() => this.#ends.resolve(null));
  };

  /** An attempt under way when the time is up is awaited: what it finds must not be lost. */
  #setTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    const leftMs = Math.ceil(this.#endsAt - performance.now());
    if (leftMs > 0) {
      this.#timer = setTimeout(() => this.#setTimer(), Math.min(leftMs, TIMER_MAX_MS));
    } else if (!this.attempting) {
      this.#end(() => this.#ends.resolve(null));
    }
  }

  #end(settle: () => void): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#wait.signal.removeEventListener("abort", this.#giveUp);
    this.#ends.leave();
    settle();
  }
}
