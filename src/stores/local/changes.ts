// The net changes that a batch made to the model. The journal writes them; if that fails,
// they are undone in reverse order.
import type { LocalCounter } from "./counters.ts";
import type { LocalHistory } from "./history.ts";
import { type LocalQueue, type LocalEvent, type Position } from "./local-queue.ts";
import type { Sets } from "./sets.ts";
import { GONE } from "./states.ts";

/** The events of a queue that was flushed; the journal deletes them little by little. */
export interface Retired {
  number: number;
  /** Their keys, in any order; produced one at a time, because there may be millions. */
  keys: Iterable<number>;
}

/** The window of an id or of a unique key was taken, or lasts longer now. */
export interface TakenWindow {
  kind: "windows" | "keyWindows";
  id: string;
  endsAtMs: number;
  /** The id of the event that has taken a key. */
  owner: string;
  /** When it was to end before; 0 if there was none. */
  before: number;
  ownerBefore: string;
  /** null, or there were too many, and this puts the first one of the queue back. */
  putBack: (() => void) | null;
}

/** What became of a counter. */
export interface CounterChange {
  kind: "add" | "drop" | "count" | "uncount";
  counter: LocalCounter;
  /** That was counted, or is not counted any more. */
  member: string;
}

/** A member came to a set or left it, or the set was dropped (null). */
export interface SetChange {
  sets: Sets;
  name: string;
  member: string | null;
}

/** A group had its turn, or came into being; null: the events without a group had theirs. */
export interface Turn {
  queue: LocalQueue;
  group: string | null;
}

/** How far a record of changes was at a time. */
export interface Mark {
  steps: number;
  named: number;
  windows: number;
  counters: number;
  turns: number;
  retired: ReadonlySet<number>;
  defaults: ReadonlyMap<string, string> | null;
}

/** The position of an event before a transition. */
interface Before extends Position {
  event: LocalEvent;
}

export class Changes {
  /** Events that were changed, each once, in the order of their first change. */
  readonly touched: LocalEvent[] = [];
  /** The number that the queue of each had when it was last changed. */
  readonly queueNumbers: number[] = [];
  /** Queues that were given a number or other settings, with their number then. */
  readonly named: { queue: LocalQueue; number: number }[] = [];
  /** Queues whose facts were changed, such as their figures. */
  readonly figured = new Set<LocalQueue>();
  /** Queues that have more minutes and ten minutes in their history that are over. */
  readonly hours = new Set<LocalQueue>();
  readonly days = new Set<LocalQueue>();
  readonly retired = new Map<number, Retired>();
  /** Groups of which something was changed beside their events, by the number of the queue then. */
  readonly groups = new Map<string, { queue: LocalQueue; number: number; name: string }>();
  /** In the order in which they were taken. */
  readonly windows: { number: number; taken: TakenWindow }[] = [];
  /** In the order in which they were made. */
  readonly counters: CounterChange[] = [];
  /** In their order. */
  readonly turns: Turn[] = [];
  /** Windows that ended before that time are forgotten, by the number of their queue. */
  readonly windowsEnded = new Map<number, number>();
  /** Cron entries that were set or removed. */
  readonly crons: { queue: LocalQueue; name: string }[] = [];
  /** In their order. Some may have been undone. */
  readonly sets: SetChange[] = [];
  /** Numbers of forgotten queues; kept until a commit has succeeded. */
  readonly forgotten: number[] = [];
  /** The settings of all queues, if they were changed. */
  defaults: ReadonlyMap<string, string> | null = null;
  /** The latest time in a token or made id; 0 if there is none. */
  countedMs = 0;
  /** The journal has to write, even if nothing has changed. */
  isDemanded = false;
  readonly #undos: (Before | (() => void))[] = [];
  #last = 0;

  /** Whether there is nothing to commit. */
  get isEmpty(): boolean {
    return this.#undos.length === 0 && !this.isDemanded;
  }

  /** A number that is new in the journal: for keys, places and queues. */
  next(): number {
    return ++this.#last;
  }

  /** The highest number that was given. */
  get last(): number {
    return this.#last;
  }

  /** Numbers up to this one are taken. */
  startAfter(last: number): void {
    this.#last = last;
  }

  /** The number of a queue; gives it one if it has none. */
  numberOf(queue: LocalQueue): number {
    if (queue.number === 0) {
      queue.number = this.next();
      this.#undos.push(() => (queue.number = 0));
      this.named.push({ queue, number: queue.number });
    }
    return queue.number;
  }

  /** The settings or pauses of a queue were changed. */
  configured(queue: LocalQueue, undo: () => void): void {
    this.#undos.push(undo);
    this.named.push({ queue, number: this.numberOf(queue) });
  }

  /** The journal is to write the facts of a queue with this batch. */
  noteFacts(queue: LocalQueue): void {
    this.numberOf(queue);
    this.figured.add(queue);
  }

  /** Something was changed that the journal does not have. */
  undoBy(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** The figures of a queue were changed, which has a number. */
  counted(queue: LocalQueue, undo: () => void): void {
    this.#undos.push(undo);
    this.figured.add(queue);
  }

  /** The history of a queue is changed to that. */
  recorded(queue: LocalQueue, history: LocalHistory, undo: () => void): void {
    this.counted(queue, undo);
    const { hour, day } = queue.history ?? {};
    if (history.hour !== hour) this.hours.add(queue);
    if (history.day !== day) this.days.add(queue);
  }

  /** What a group of that name has beside its events was changed, or it is gone. */
  grouped(queue: LocalQueue, name: string, undo: () => void): void {
    const number = this.numberOf(queue);
    this.#undos.push(undo);
    this.groups.set(`${number} ${name}`, { queue, number, name });
  }

  hadTurn(queue: LocalQueue, group: string | null, undo: () => void): void {
    this.#undos.push(undo);
    this.turns.push({ queue, group });
  }

  /** Something else was changed that the journal has to write. */
  step(undo: () => void): void {
    this.#undos.push(undo);
    this.isDemanded = true;
  }

  /** Call it before an event is moved into that queue. */
  touch(event: LocalEvent, to: LocalQueue): void {
    const { queue, state, atMs, place, lease, token, claimant, pushedAtMs, more } = event;
    // Field by field: a spread takes several times as long.
    this.#undos.push({
      event,
      queue,
      state,
      atMs,
      place,
      lease,
      token,
      claimant,
      pushedAtMs,
      more,
    });
    if (event.touchedAt === -1) {
      event.touchedAt = this.touched.length;
      this.touched.push(event);
    }
    this.queueNumbers[event.touchedAt] = this.numberOf(to);
  }

  /** Other contents were given to an event that was touched. */
  noteContents(event: LocalEvent, undo: () => void): void {
    const { hasNewContents } = event;
    this.#undos.push(() => {
      undo();
      event.hasNewContents = hasNewContents;
    });
    event.hasNewContents = true;
  }

  tookWindow(queue: LocalQueue, taken: TakenWindow, undo: () => void): void {
    const number = this.numberOf(queue);
    this.#undos.push(undo);
    this.windows.push({ number, taken });
  }

  changedCounter(change: CounterChange, undo: () => void): void {
    this.#undos.push(undo);
    this.counters.push(change);
  }

  changedCron(queue: LocalQueue, name: string, undo: () => void): void {
    this.#undos.push(undo);
    this.crons.push({ queue, name });
  }

  changedSet(sets: Sets, name: string, members: (string | null)[], undo: () => void): void {
    this.#undos.push(undo);
    for (const member of members) this.sets.push({ sets, name, member });
  }

  endedWindows(queue: LocalQueue, beforeMs: number): void {
    this.windowsEnded.set(this.numberOf(queue), beforeMs);
    this.isDemanded = true;
  }

  /** Records that a queue lost all its events at once. */
  retire(retired: Retired, undo: () => void): void {
    this.retired.set(retired.number, retired);
    this.#undos.push(undo);
  }

  /** The journal has them. Settles each event that was touched and not flushed, latest first. */
  committed(settle: (event: LocalEvent) => void): void {
    for (const event of this.touched) event.isStored = true;
    for (const { counter } of this.counters) if (counter.event) counter.event.contents = null;
    this.forgotten.length = 0;
    for (const { queue } of this.named) this.#noteWritten(queue);
    for (const queue of this.figured) this.#noteWritten(queue);
    this.#settle(settle);
  }

  /** Undoes every step, the latest first. Then settles the events as committed() does. */
  undo(
    revert: (event: LocalEvent, before: Position) => void,
    settle: (event: LocalEvent) => void,
  ): void {
    for (let at = this.#undos.length - 1; at >= 0; at--) {
      const step = this.#undos[at]!;
      if (typeof step === "function") step();
      else revert(step.event, step);
    }
    this.#settle(settle);
  }

  mark(): Mark {
    const { named, windows, counters, turns, retired, defaults } = this;
    return {
      steps: this.#undos.length,
      named: named.length,
      windows: windows.length,
      counters: counters.length,
      turns: turns.length,
      retired: new Set(retired.keys()),
      defaults,
    };
  }

  /**
   * Undoes the steps since then, the latest first. The journal may write an event that was changed
   * and is as before, or was new and is gone.
   */
  undoTo(mark: Mark, revert: (event: LocalEvent, before: Position) => void): void {
    for (const step of this.#undos.splice(mark.steps).toReversed()) {
      if (typeof step === "function") step();
      else {
        revert(step.event, step);
        const { touchedAt, queue } = step.event;
        this.queueNumbers[touchedAt] = queue.number;
      }
    }
    this.named.length = mark.named;
    this.windows.length = mark.windows;
    this.counters.length = mark.counters;
    this.turns.length = mark.turns;
    for (const number of this.retired.keys()) {
      if (!mark.retired.has(number)) this.retired.delete(number);
    }
    this.defaults = mark.defaults;
  }

  #noteWritten({ stream }: LocalQueue): void {
    if (stream !== null) stream.writtenTo = this.#last;
  }

  #settle(settle: (event: LocalEvent) => void): void {
    for (let at = this.touched.length - 1; at >= 0; at--) {
      const event = this.touched[at]!;
      const isFlushed = event.queue.number !== this.queueNumbers[at];
      event.touchedAt = -1;
      event.hasNewMore = false;
      event.hasNewContents = false;
      if (event.isStored && event.state !== GONE && !isFlushed) settle(event);
    }
    this.#clear();
  }

  #clear(): void {
    this.touched.length = 0;
    this.queueNumbers.length = 0;
    this.named.length = 0;
    if (this.figured.size > 0) this.figured.clear();
    if (this.hours.size > 0) this.hours.clear();
    if (this.days.size > 0) this.days.clear();
    this.windows.length = 0;
    this.counters.length = 0;
    this.turns.length = 0;
    this.crons.length = 0;
    this.sets.length = 0;
    if (this.windowsEnded.size > 0) this.windowsEnded.clear();
    this.defaults = null;
    this.countedMs = 0;
    this.isDemanded = false;
    this.#undos.length = 0;
    if (this.retired.size > 0) this.retired.clear();
    if (this.groups.size > 0) this.groups.clear();
  }
}
