// What changes counters. With a journal each change is recorded.
import type { CounterChange } from "./changes.ts";
import { Counters, type LocalCounter } from "./counters.ts";
import type { LocalQueue } from "./local-queue.ts";
import { LocalWindows } from "./local-windows.ts";

export class LocalCounters extends LocalWindows {
  /** The counter of that key, if its time is not over. */
  counterOf(queue: LocalQueue | undefined, key: string): LocalCounter | undefined {
    const counter = queue?.counters?.get(key);
    return counter !== undefined && counter.endsAtMs > this.nowMs ? counter : undefined;
  }

  /** There is none of its key. */
  addCounter(counter: LocalCounter): void {
    if (this.changes && counter.number === 0) counter.number = this.changes.next();
    this.#change({ kind: "add", counter, member: "" }, () => this.#drop(counter));
    this.#keep(counter);
  }

  dropCounter(counter: LocalCounter): void {
    this.#change({ kind: "drop", counter, member: "" }, () => this.#keep(counter));
    this.#drop(counter);
  }

  /** The counter has not counted that member. */
  countMember(counter: LocalCounter, member: string): void {
    this.#change({ kind: "count", counter, member }, () => this.#count(counter, member, -1));
    this.#count(counter, member, 1);
  }

  /** The counter has counted that member. */
  uncountMember(counter: LocalCounter, member: string): void {
    this.#change({ kind: "uncount", counter, member }, () => this.#count(counter, member, 1));
    this.#count(counter, member, -1);
  }

  /** Removes the first counter whose time is over. */
  endCounter({ counters }: LocalQueue): void {
    this.dropCounter(counters!.first!);
  }

  /** At start. */
  restoreCounter(counter: LocalCounter): void {
    this.#keep(counter);
  }

  restoreMember(counter: LocalCounter, member: string): void {
    counter.members.add(member);
    this.usage.members++;
  }

  #change(change: CounterChange, undo: () => void): void {
    this.changes?.changedCounter(change, undo);
  }

  #keep(counter: LocalCounter): void {
    const queue = this.open(counter.queue);
    (queue.counters ??= new Counters()).add(counter);
    this.usage.addCounter(counter, 1);
    this.noteDue(queue);
  }

  #drop(counter: LocalCounter): void {
    const queue = this.open(counter.queue);
    queue.counters!.remove(counter);
    if (queue.counters!.size === 0) queue.counters = null;
    this.usage.addCounter(counter, -1);
    this.noteDue(queue);
    this.noteIfUnused(queue);
  }

  #count(counter: LocalCounter, member: string, sign: 1 | -1): void {
    const isAdded = (sign === 1) !== counter.isBack;
    if (isAdded) counter.members.add(member);
    else counter.members.remove(member);
    counter.left -= sign;
    this.usage.members += isAdded ? 1 : -1;
  }
}
