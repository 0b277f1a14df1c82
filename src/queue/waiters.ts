// Clients that wait for events. Each queue serves them in the order in which they came.
// A wake-up is only a hint: it makes a waiter try to get what it waits for. A waiter whose attempt
// finds nothing keeps its place in the wait list.
//
//   queueing --those before it are done--> attempting --nothing there--> waiting
//   waiting --wake-up--> attempting --found--> gone
//   queueing, waiting --timeout or abort--> gone
import type { Cancel, Clock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import { type Taker, WaitList } from "./wait-list.ts";

/** Tries to get what the waiter waits for; null when it is not there, so that it waits on. */
export type Attempt<T> = () => Promise<T | null>;

export interface Wait<T> {
  queues: Buffer[];
  /** With 0 there is one attempt. The first attempt is always awaited. */
  timeoutMs: number;
  attempt: Attempt<T>;
  /**
   * An attempt takes the event that it finds, and those that are made in one turn of the event loop
   * find events in their order. Then the wait ends only between two attempts, and no waiter
   * attempts before one that has waited longer for the same queue, if that may have events.
   */
  takes?: Taker;
  /** Ends the wait, as a timeout does. If an attempt then finds something, another is woken. */
  signal: AbortSignal;
}

/** How many events a look found in a queue. */
interface Look {
  queue: string;
  count: number;
}

export class Waiters {
  readonly #clock: Clock;
  readonly #waitLists = new Map<string, WaitList<Waiter>>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** The queues that somebody waits for. */
  queues(): Buffer[] {
    return [...this.#waitLists.keys()].map((queue) => Buffer.from(queue, "latin1"));
  }

  /** Whether somebody waits for any of these queues. */
  areAwaited(queues: Buffer[]): boolean {
    return this.#size > 0 && queues.some((queue) => this.#waitLists.has(nameOf(queue)));
  }

  /**
   * Resolves with the first thing that an attempt finds, or with null at the timeout or when the
   * signal aborts. Attempts at once, then whenever one of the queues is woken. Rejects if the first
   * attempt rejects; if a later one does, because the store went away, it waits on.
   */
  wait<T>(wait: Wait<T>): Promise<T | null> {
    if (wait.signal.aborted) return wait.attempt();
    return new Promise<T | null>((resolve, reject) => {
      const waiter = new Waiter(wait as Wait<unknown>, this.#clock, {
        resolve: resolve as (found: unknown) => void,
        reject,
        takeMissed: () => this.#takeMissed(waiter),
        wakeAnother: () => waiter.queues.forEach((queue) => this.#wake(queue, 1)),
        wakeMissed: () => this.#wakeMissed(waiter),
        wakeIdle: () => this.#wakeIdle(waiter),
        lookOn: (look, hasFound) => this.#lookOn(waiter, look, hasFound),
        passOn: () => this.#passOn(waiter),
        leave: () => this.#leave(waiter),
      });
      const earlier = wait.takes ? this.#attemptsBefore(waiter) : [];
      this.#enter(waiter);
      void waiter.begin(earlier);
    });
  }

  /** So many events became ready in that queue: as many waiters attempt, in order of arrival. */
  wake(queue: Buffer, count: number): void {
    if (this.#size > 0) this.#wake(nameOf(queue), count);
  }

  /** All waiters of that queue attempt, once more if they are attempting. */
  wakeAll(queue: Buffer): void {
    if (this.#size === 0) return;
    for (const waiter of this.#waitLists.get(nameOf(queue))?.waiters ?? []) {
      if (waiter.isAttempting) waiter.isToRepeat = true;
      else this.#start(waiter);
    }
  }

  /**
   * A look at that queue found so many events, but perhaps no waiter may have any. One waiter
   * attempts, and if it finds something the next one, up to so many. If it finds nothing, because
   * its worker is paused, another one may: the next look begins behind it.
   */
  look(queue: Buffer, count: number): void {
    this.#look({ queue: nameOf(queue), count });
  }

  /** The named workers that wait for that queue. */
  workersAt(queue: Buffer): Set<string> {
    const workers = new Set<string>();
    for (const { taker } of this.#waitLists.get(nameOf(queue))?.waiters ?? []) {
      if (taker && taker.worker !== "") workers.add(taker.worker);
    }
    return workers;
  }

  /** That queue hands out nothing to these workers now. */
  holdBack(queue: Buffer, workers: ReadonlySet<string>): void {
    const list = this.#waitLists.get(nameOf(queue));
    if (list) list.heldBack = workers;
  }

  #wake(queue: string, count: number): void {
    const list = this.#waitLists.get(queue);
    if (!list) return;
    let left = count;
    for (const waiter of list.inOrder()) {
      if (left === 0) return;
      // Its attempt may have come too early: another one must not overtake it.
      if (waiter.isTaking) break;
      if (waiter.isAttempting) continue;
      this.#start(waiter);
      left -= 1;
    }
    list.missed = Math.min(list.missed + left, list.waiters.size);
  }

  /** Wakes those that a waiter, which has left, kept from attempting. */
  #wakeMissed({ queues }: Waiter): void {
    for (const queue of queues) {
      const list = this.#waitLists.get(queue);
      if (!list || list.missed === 0) continue;
      const { missed } = list;
      list.missed = 0;
      this.#wake(queue, missed);
    }
  }

  #look({ queue, count }: Look): void {
    const list = this.#waitLists.get(queue);
    const behind = list?.passed && list.idleBehind(list.passed);
    const waiter = behind || this.#longestIdle(queue);
    if (!waiter || count === 0) return;
    waiter.look = { queue, count };
    this.#start(waiter);
  }

  /** The waiter that a look has woken found something, or nothing. */
  #lookOn(waiter: Waiter, { queue, count }: Look, hasFound: boolean): void {
    const list = this.#waitLists.get(queue);
    if (list) list.passed = hasFound ? null : waiter;
    if (hasFound) this.#look({ queue, count: count - 1 });
  }

  /** The idle waiter that has waited longest; undefined if it would overtake another. */
  #longestIdle(queue: string): Waiter | undefined {
    return this.#waitLists.get(queue)?.idleBehind(null);
  }

  /**
   * A waiter that claims was woken and found nothing. It may be that there are as many claims as
   * may be: then a waiter that takes without a claim may have the event.
   */
  #passOn({ queues }: Waiter): void {
    for (const queue of queues) {
      const list = this.#waitLists.get(queue);
      const [other] = list?.unclaiming ?? [];
      if (!list || !other) continue;
      if (!other.isAttempting) this.#start(other);
      else list.missed = Math.min(list.missed + 1, list.waiters.size);
    }
  }

  #start(waiter: Waiter): void {
    waiter.isWoken = true;
    for (const queue of waiter.queues) this.#waitLists.get(queue)!.lastWoken = waiter;
    void waiter.attempt();
  }

  /** The attempts of waiters that have waited for its queues: it must not overtake them. */
  #attemptsBefore({ queues }: Waiter): Promise<void>[] {
    const attempts: Promise<void>[] = [];
    for (const queue of queues) {
      const woken = this.#waitLists.get(queue)?.lastWoken;
      if (woken?.isAttempting) attempts.push(woken.attempted);
    }
    return attempts;
  }

  /**
   * Before its first attempt a waiter lets one that has waited attempt, in the same turn: it may be
   * that an event is ready, and the wake-up on its way.
   */
  #wakeIdle(waiter: Waiter): void {
    for (const queue of waiter.queues) {
      const idle = this.#longestIdle(queue);
      if (idle && idle !== waiter) this.#start(idle);
    }
  }

  #enter(waiter: Waiter): void {
    this.#size += 1;
    for (const queue of waiter.queues) {
      const list = this.#waitLists.get(queue) ?? new WaitList<Waiter>();
      this.#waitLists.set(queue, list);
      list.add(waiter);
    }
  }

  #leave(waiter: Waiter): void {
    this.#size -= 1;
    for (const queue of waiter.queues) {
      const list = this.#waitLists.get(queue)!;
      list.delete(waiter);
      if (list.waiters.size === 0) this.#waitLists.delete(queue);
    }
  }

  /** Whether a wake-up was missed in a wait list of this waiter. If so, the waiter has taken it. */
  #takeMissed(waiter: Waiter): boolean {
    const lists = waiter.queues.map((queue) => this.#waitLists.get(queue)!);
    const list = lists.find(({ missed }) => missed > 0);
    if (list) list.missed -= 1;
    return list !== undefined;
  }
}

/** The wait lists of a waiter and the promise of its caller, as the waiter uses them. */
interface WaiterOwner {
  resolve(found: unknown): void;
  reject(error: unknown): void;
  takeMissed(): boolean;
  wakeAnother(): void;
  wakeMissed(): void;
  wakeIdle(): void;
  lookOn(look: Look, hasFound: boolean): void;
  passOn(): void;
  leave(): void;
}

class Waiter {
  readonly queues: string[];
  isAttempting = false;
  /** Whether its attempt may have come too early. */
  isToRepeat = false;
  /** Whether its attempt has another reason than that it begins to wait. */
  isWoken = false;
  /** Resolves when the latest attempt is over. */
  attempted: Promise<void> = Promise.resolve();
  /** The look that woke it. */
  look: Look | null = null;
  readonly #wait: Wait<unknown>;
  readonly #clock: Clock;
  readonly #owner: WaiterOwner;
  readonly #endsAtMs: number;
  /** Null until the first attempt is over. */
  #timer: Cancel | null = null;
  #hasBegun = false;
  #isTimeUp = false;
  #isGone = false;

  constructor(wait: Wait<unknown>, clock: Clock, owner: WaiterOwner) {
    this.queues = [...new Set(wait.queues.map(nameOf))];
    this.#wait = wait;
    this.#clock = clock;
    this.#owner = owner;
    this.#endsAtMs = clock.nowMs() + wait.timeoutMs;
    wait.signal.addEventListener("abort", this.#abort);
  }

  /** Whether an attempt is in progress that takes what it finds. */
  get isTaking(): boolean {
    return this.isAttempting && this.taker !== null;
  }

  /** null: its attempts take nothing. */
  get taker(): Taker | null {
    return this.#wait.takes ?? null;
  }

  /** Makes the first attempt after those attempts. */
  async begin(earlier: Promise<void>[]): Promise<void> {
    if (earlier.length > 0) await Promise.all(earlier);
    if (this.#hasBegun || this.#isGone) return;
    if (this.#wait.takes) this.#owner.wakeIdle();
    void this.attempt();
  }

  attempt(): Promise<void> {
    this.#hasBegun = true;
    this.isAttempting = true;
    this.attempted = this.#attempt();
    return this.attempted;
  }

  async #attempt(): Promise<void> {
    try {
      do {
        this.isToRepeat = false;
        const found = await this.#wait.attempt();
        if (found !== null) return this.#found(found);
      } while (!this.#isGone && (this.isToRepeat || this.#owner.takeMissed()));
    } catch (error) {
      if (!this.#timer) return this.#end(() => this.#owner.reject(error));
    }
    if (this.look && !this.#isGone) this.#owner.lookOn(this.look, false);
    this.isAttempting = false;
    this.look = null;
    if (this.isWoken && this.taker?.claims) this.#owner.passOn();
    this.isWoken = false;
    if (!this.#isGone) this.#waitOn();
  }

  /** A waiter that left will hardly fetch its event: another one must hear of it. */
  #found(found: unknown): void {
    const hasLeft = this.#isGone || this.#wait.signal.aborted;
    this.#end(() => this.#owner.resolve(found));
    // It is attempting no more: new waiters need not wait for it.
    this.isAttempting = false;
    if (hasLeft && !this.#wait.takes) this.#owner.wakeAnother();
    if (this.look) this.#owner.lookOn(this.look, true);
  }

  #waitOn(): void {
    if (this.#isTimeUp) return this.#giveUp();
    if (this.#timer) return;
    const leftMs = this.#endsAtMs - this.#clock.nowMs();
    if (leftMs <= 0) return this.#giveUp();
    this.#timer = this.#clock.after(leftMs, () => {
      this.#isTimeUp = true;
      // The result of an attempt in progress must not be lost.
      if (!this.isAttempting) this.#giveUp();
    });
  }

  readonly #abort = () => {
    this.#isTimeUp = true;
    // The first attempt is awaited, and so is one that takes what it finds.
    const isFirst = this.#timer === null;
    if (!this.isAttempting || !(isFirst || this.#wait.takes)) this.#giveUp();
  };

  #giveUp(): void {
    this.#end(() => this.#owner.resolve(null));
  }

  #end(settle: () => void): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#timer?.();
    this.#wait.signal.removeEventListener("abort", this.#abort);
    this.#owner.leave();
    settle();
    this.#owner.wakeMissed();
  }
}
