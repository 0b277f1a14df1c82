// One client as a consumer: the queues that it is registered on, and those of its last pop.
import type { Consumers } from "./consumers.ts";
import { nameOf } from "./name-cache.ts";

/** What a consumer waits for: events of queues, entries of streams, or the end of events. */
export interface Awaited {
  queues: Buffer[];
  /** The name of its worker, with a character for each byte; may be empty. Null: it takes none. */
  worker: string | null;
  /** It only reads the entries. */
  reads?: true;
  /** Into which it pushes what it takes; null: it pushes nothing. */
  target: Buffer | null;
}

/** Which of these queues may stay. */
type IsKept = (queue: Buffer) => boolean;

export class Consumer {
  readonly #consumers: Consumers;
  #queues: Buffer[] = [];
  #hasRegistered = false;
  /** The queues of its last pop, for a minute. */
  #popped: Buffer[] = [];
  #poppedAtMs = 0;
  /** Of each of its commands that waits, for events or for their end. */
  readonly #awaited = new Set<Awaited>();
  /** The queues that it counts on: all of the above, each once. */
  #counted: Buffer[] = [];

  constructor(consumers: Consumers) {
    this.#consumers = consumers;
  }

  /** In the order in which they are searched for ready events. The list never changes. */
  get queues(): Buffer[] {
    return this.#queues;
  }

  /** Whether it may wait: it registered, even on no queue, and did not leave all queues since. */
  get hasRegistered(): boolean {
    return this.#hasRegistered;
  }

  /** What its commands wait for. */
  get awaited(): Iterable<Awaited> {
    return this.#awaited;
  }

  get isWaiting(): boolean {
    return this.#awaited.size > 0;
  }

  /** About how much memory the registrations of all consumers would take if it had these queues. */
  bytesWith(queues: Buffer[]): number {
    return this.#consumers.bytesWith(this.#counted, queues);
  }

  /**
   * Registers on these queues and on no others. Resolves when the store knows of it; if the store
   * cannot be told, rejects and changes nothing.
   */
  async register(queues: Buffer[]): Promise<void> {
    const before = this.#queues;
    const hadRegistered = this.#hasRegistered;
    this.#hasRegistered = true;
    this.#queues = queues;
    try {
      await this.#consumers.report(this.#count());
    } catch (error) {
      this.#hasRegistered &&= hadRegistered;
      // It may have left these queues meanwhile.
      if (this.#queues === queues) {
        this.#queues = before;
        this.#count();
      }
      throw error;
    }
  }

  /**
   * It pops from these queues, and counts on them for a minute, unless the registrations of all
   * would then take more than that many bytes. The list must not change.
   */
  popsFrom(queues: Buffer[], bytesMax: number): void {
    this.#poppedAtMs = this.#consumers.nowMs;
    if (isSame(queues, this.#popped)) return;
    const copies = queues.map((queue) => Buffer.from(queue));
    if (this.bytesWith([...this.#queues, ...copies]) > bytesMax) return;
    this.#popped = copies;
    this.#consumers.addPopping(this);
    void this.#consumers.reportLeft(this.#count());
  }

  /** If its last pop was before that time, and it does not wait, it counts as popping no more. */
  forgetPopBefore(ms: number): void {
    if (this.isWaiting || this.#poppedAtMs >= ms) return;
    this.#forgetPop();
    void this.#consumers.reportLeft(this.#count());
  }

  /** Counts the wait of a command, which ends when the promise settles. */
  async waits<T>(wait: Promise<T>, awaited: Awaited): Promise<T> {
    // Several of its commands may wait for the same.
    const own = { ...awaited };
    this.#awaited.add(own);
    try {
      return await wait;
    } finally {
      this.#awaited.delete(own);
      this.#poppedAtMs = this.#consumers.nowMs;
    }
  }

  /** Whether all its queues may stay. */
  isAllowed(isKept: IsKept): boolean {
    return this.#queues.every(isKept) && this.#popped.every(isKept);
  }

  /**
   * Leaves all queues that may not stay, at once and even if the store cannot be told: the next
   * full report tells it. Resolves when the store was told or could not be.
   */
  async leaveAllBut(isKept: IsKept): Promise<void> {
    const registered = this.#queues.filter(isKept);
    if (registered.length === 0) this.#hasRegistered = false;
    if (this.isAllowed(isKept)) return;
    this.#queues = registered;
    if (!this.#popped.every(isKept)) this.#forgetPop();
    await this.#consumers.reportLeft(this.#count());
  }

  /** As leaveAllBut(), with none that may stay. */
  async leaveAll(): Promise<void> {
    await this.leaveAllBut(() => false);
  }

  /** From now on the search starts after this queue, so that no queue starves the others. */
  searchAfter(queue: Buffer): void {
    const next = this.#queues.findIndex((each) => each.equals(queue)) + 1;
    this.#queues = [...this.#queues.slice(next), ...this.#queues.slice(0, next)];
  }

  #forgetPop(): void {
    this.#popped = [];
    this.#consumers.removePopping(this);
  }

  /** Counts itself on its present queues. Returns the counts that changed. */
  #count() {
    const before = this.#counted;
    const all = [...this.#queues, ...this.#popped];
    this.#counted = [...new Map(all.map((queue) => [nameOf(queue), queue])).values()];
    return this.#consumers.replace(before, this.#counted);
  }
}

function isSame(a: Buffer[], b: Buffer[]): boolean {
  return a.length === b.length && a.every((each, at) => each.equals(b[at]!));
}
