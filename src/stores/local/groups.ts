// The groups of one queue: by name, in the order in which they came into being, and those that can
// go in the order of their turns.
import { Group } from "./group.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import type { Placed } from "./line.ts";
import { TimeLine } from "./time-line.ts";

export class Groups<E extends Placed> {
  // Not a Map: groups of the same names come and go. See hash-index.ts.
  readonly #byName = new HashIndex<Group<E>>(({ name }) => name);
  /** The group that was found last. An operation asks for it several times. */
  #latest: Group<E> | null = null;
  readonly #byNumber = new TimeLine<Group<E>>();
  /** Those that can go, by their turns. */
  readonly #turns = new TimeLine<Group<E>>();
  readonly #due = new IndexedHeap<Group<E>>((a, b) => a.dueMs < b.dueMs);
  /** How many have something of their own. */
  owners = 0;
  /** Their ready events, and how many of these they offer. */
  ready = 0;
  offered = 0;
  /** The latest turn of the events without a group. */
  otherTurn = 0;
  /** Those that had no events when they were last looked at. */
  readonly emptied = new Set<Group<E>>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Group<E> | undefined {
    const latest = this.#latest;
    if (latest !== null && latest.name === name) return latest;
    const group = this.#byName.get(name, hashOf(name));
    if (group !== undefined) this.#latest = group;
    return group;
  }

  add(group: Group<E>): void {
    this.#byName.add(group);
    this.#byNumber.add(group.number, 0, group);
  }

  /** It must be empty. */
  remove(group: Group<E>): void {
    this.#byName.remove(group);
    this.#latest = null;
    this.#byNumber.remove(group.number, 0);
    if (group.heapAt >= 0) this.#due.remove(group);
    group.dueMs = Infinity;
  }

  /** The one that can go and has waited longest for its turn. */
  get next(): Group<E> | undefined {
    const { first } = this.#turns;
    if (first !== undefined) this.#latest = first;
    return first;
  }

  /** When something is due in one of them. */
  get dueMs(): number {
    return this.#due.first?.dueMs ?? Infinity;
  }

  get due(): Group<E> | undefined {
    return this.#due.first;
  }

  /** It offers so many events from now on, and has to be looked at then. */
  offer(group: Group<E>, offered: number, dueMs: number): void {
    this.offered += offered - group.offered;
    if (offered > 0 !== group.offered > 0) {
      if (offered > 0) this.#turns.add(group.turn, 0, group);
      else this.#turns.remove(group.turn, 0);
    }
    group.offered = offered;
    if (dueMs === group.dueMs) return;
    group.dueMs = dueMs;
    if (group.heapAt === -1) this.#due.add(group);
    else if (dueMs === Infinity) this.#due.remove(group);
    else this.#due.moved(group);
  }

  /** It has its turn. */
  setTurn(group: Group<E>, turn: number): void {
    if (group.offered > 0) this.#turns.remove(group.turn, 0);
    group.turn = turn;
    if (group.offered > 0) this.#turns.add(group.turn, 0, group);
  }

  /** At most so many behind the one of that number (null: from the first one), or before it. */
  page(after: number | null, limit: number, isReverse = false): Group<E>[] {
    const from: [number, number] | null = after === null ? null : [after, 0];
    return this.#byNumber.page(from, limit, isReverse).map(([, group]) => group);
  }

  /** Those that can go, in the order of their turns. */
  inTurn(limit: number): Group<E>[] {
    return this.#turns.page(null, limit, false).map(([, group]) => group);
  }

  /** In the order of their numbers. */
  [Symbol.iterator](): Iterator<Group<E>> {
    return this.#byNumber[Symbol.iterator]();
  }
}
