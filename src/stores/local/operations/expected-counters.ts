// What operations that follow each other will make of counters, before they are done.
import { findIn, isTakenBy, treeIn } from "../bound-queues.ts";
import { type LocalCounter } from "../counters.ts";
import { hashOf } from "../hash-index.ts";
import type { LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";

interface Expected {
  left: number;
  hasEvent: boolean;
  counted: Set<string>;
  /** null: one of these operations makes it. */
  there: LocalCounter | null;
}

export class ExpectedCounters {
  readonly #model: Model;
  /** By queue and key; null: it will be gone. */
  readonly #queues = new Map<string, Map<string, Expected | null>>();

  constructor(model: Model) {
    this.#model = model;
  }

  init(queue: string, key: string, count: number, hasEvent: boolean): void {
    // One that is there stays, or begins anew without having counted.
    if (this.#of(queue, key)) return;
    this.#set(queue, key, { left: count, hasEvent, counted: new Set(), there: null });
  }

  drop(queue: string, key: string): void {
    this.#set(queue, key, null);
  }

  /** Whether the counter pushes its event then: the name of its queue. Throws a JournalError. */
  count(name: string, key: string, member: string): string | null {
    const counter = this.#of(name, key);
    if (!counter || counter.counted.has(member)) return null;
    const { there, counted, hasEvent } = counter;
    if (there && !isNew(there, member)) return null;
    counted.add(member);
    counter.left -= 1;
    if (counter.left > 0) return null;
    this.drop(name, key);
    if (!hasEvent) return null;
    // From here on its contents are in memory: a read may fail, and nothing is changed yet.
    if (there) there.event!.contents ??= this.#model.readThen(there.number);
    const queue = this.#model.get(name);
    return queue && isTaken(this.#model, queue, key) ? null : name;
  }

  #of(queue: string, key: string): Expected | null {
    const known = this.#queues.get(queue)?.get(key);
    if (known !== undefined) return known;
    const there = this.#model.counterOf(this.#model.get(queue), key);
    if (!there) return null;
    const { left, event } = there;
    const expected = { left, hasEvent: event !== null, counted: new Set<string>(), there };
    this.#set(queue, key, expected);
    return expected;
  }

  #set(queue: string, key: string, expected: Expected | null): void {
    const counters = this.#queues.get(queue) ?? new Map<string, Expected | null>();
    this.#queues.set(queue, counters.set(key, expected));
  }
}

/** Whether the counter has not counted that member yet. */
export function isNew({ isBack, members }: LocalCounter, member: string): boolean {
  return members.has(member) === isBack;
}

/** Whether the event of a counter is not pushed: its id is taken. Throws a JournalError. */
export function isTaken(model: Model, queue: LocalQueue, id: string): boolean {
  const met = findIn(model, treeIn(model, queue), id, hashOf(id));
  return isTakenBy(met) || model.isWindowed(queue, id);
}
