// The tree of a queue in the reference store: what enters the queue concerns all of it.
import { treeOf } from "../../../src/queue/bindings.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";

export class ReferenceTree {
  readonly #top: ReferenceQueue;
  readonly #queues: Set<ReferenceQueue>;
  /** Those that keep what enters. */
  readonly keepers: ReferenceQueue[];

  constructor(top: ReferenceQueue, queueNamed: (name: string) => ReferenceQueue) {
    this.#top = top;
    this.#queues = treeOf(top, ({ name, bindings }) =>
      [...bindings].map((bound) => queueNamed(`${name}@${bound}`)),
    );
    this.keepers = [...this.#queues].filter(
      ({ given, bindings }) => !given.isBoundOnly || bindings.size === 0,
    );
  }

  get all(): ReferenceQueue[] {
    return [...this.#queues];
  }

  has(queue: ReferenceQueue): boolean {
    return this.#queues.has(queue);
  }

  get pausedOne(): ReferenceQueue | undefined {
    return [...this.#queues].find((queue) => queue.isPaused("in"));
  }

  /**
   * The first keeper that has no room for a batch of so many events, so many of which are new. One
   * event leaves the line of `makesRoom`.
   */
  fullOne(
    count: number,
    added = count,
    makesRoom?: ReferenceQueue | null,
  ): ReferenceQueue | undefined {
    return this.keepers.find((queue) => {
      const more = queue === makesRoom ? added - 1 : added;
      return !queue.hasRoomFor(queue.given.full === "drop-oldest" ? count : more);
    });
  }

  /** Whether one more event may enter. */
  get isOpen(): boolean {
    return this.pausedOne === undefined && this.fullOne(1) === undefined;
  }

  makeRoomFor(count: number, spared?: ReadonlySet<string | null>): void {
    for (const queue of this.keepers) queue.makeRoomFor(count, spared);
  }

  /** Whether an event has that id, other than a completed one. */
  isTaken(id: string): boolean {
    return [...this.#queues].some((queue) => queue.taken(id) !== undefined);
  }

  /** Whether an event has that id, in any state. */
  isKnown(id: string): boolean {
    return [...this.#queues].some(({ events }) => events.has(id));
  }

  /**
   * Gives each keeper an event of its own, like that one. A copy has no unique key and is no
   * member of a counter. from: the queue that it comes from.
   */
  enter(
    event: ReferenceEvent,
    enter: (queue: ReferenceQueue, event: ReferenceEvent) => void,
    from: string | null = null,
  ): void {
    const facts = from === null ? {} : { from: Buffer.from(from, "latin1") };
    for (const queue of this.keepers) {
      const isCopy = queue !== this.#top;
      const { options } = event;
      const bare = { options: { ...options, unique: null }, part: null };
      const own = { ...event, ...(isCopy ? bare : {}) };
      queue.events.delete(own.id);
      queue.events.set(own.id, own);
      enter(queue, own);
      if (!isCopy) continue;
      queue.tally("pushed");
      queue.report("pushed", own, facts);
    }
  }
}
