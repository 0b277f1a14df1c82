// The rows of what is gone, which are deleted little by little: the events, windows and groups of
// flushed queues, ended windows, and the members of counters. What a process does not delete is
// found again at the next start.

import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { EventRows } from "./event-rows.ts";

const deletedAtOnce = 1000;

/** What is gone and not deleted yet. */
export interface Gone {
  /** The keys of events. */
  flushed: number[];
  /** The numbers of queues that have windows or groups. */
  flushedQueues: Iterable<number>;
  /** The numbers of counters that have members. */
  goneCounters: Iterable<number>;
}

export class Garbage {
  readonly #db: Database;
  readonly #rows: EventRows;
  readonly #events: Iterator<number>[] = [];
  /**
   * Windows that ended before that time, by the number of their queue; Infinity: all of them, and
   * its groups.
   */
  readonly #windows = new Map<number, number>();
  /** The numbers of counters. */
  readonly #members = new Set<number>();

  constructor(db: Database, rows: EventRows) {
    this.#db = db;
    this.#rows = rows;
  }

  get isEmpty(): boolean {
    return this.#events.length + this.#windows.size + this.#members.size === 0;
  }

  /** What an earlier process left. */
  add({ flushed, flushedQueues, goneCounters }: Gone): void {
    this.#events.push(flushed[Symbol.iterator]());
    for (const number of flushedQueues) this.#addWindows(number, Infinity);
    for (const number of goneCounters) this.#members.add(number);
  }

  /** What these changes leave, which were committed. */
  addOf({ retired, windowsEnded, counters }: Changes): void {
    for (const { number, keys } of retired.values()) {
      this.#events.push(keys[Symbol.iterator]());
      this.#addWindows(number, Infinity);
    }
    for (const [number, beforeMs] of windowsEnded) this.#addWindows(number, beforeMs);
    for (const { kind, counter } of counters) {
      if (kind === "drop") this.#members.add(counter.number);
    }
  }

  #addWindows(queue: number, beforeMs: number): void {
    this.#windows.set(queue, Math.max(beforeMs, this.#windows.get(queue) ?? 0));
  }

  deleteSome(): void {
    if (this.#events.length > 0) this.#deleteEvents();
    else if (this.#windows.size > 0) this.#deleteWindows();
    else this.#deleteMembers();
  }

  #deleteEvents(): void {
    const keys: number[] = [];
    while (keys.length < deletedAtOnce && this.#events.length > 0) {
      const { value, done } = (this.#events[0] as Iterator<number>).next();
      if (done) this.#events.shift();
      else keys.push(value);
    }
    this.#db.run("BEGIN");
    this.#rows.deleteKeys(keys);
    this.#db.run("COMMIT");
  }

  #deleteWindows(): void {
    const [queue, beforeMs] = this.#windows.entries().next().value!;
    if (this.#rows.deleteWindows(queue, beforeMs)) return;
    // All its windows are to go: it was flushed.
    const hasGroups = beforeMs === Infinity && this.#rows.deleteGroups(queue);
    if (!hasGroups) this.#windows.delete(queue);
  }

  #deleteMembers(): void {
    const [counter] = this.#members;
    if (!this.#rows.deleteMembers(counter!)) this.#members.delete(counter!);
  }
}
