// The line of the ready events of a queue: a long plain part in order of arrival and, to the right
// of it, a sorted front part, which most queues do not have.
//
// An event that leaves the middle of the plain part leaves a gap there. The ends are never gaps.
import { Deque } from "./deque.ts";
import { SortedLine } from "./sorted-line.ts";
import { LEFT_END } from "./states.ts";

/** A ready event: the event if it is in memory, else its place. */
export type EventOrPlace<E extends Placed> = E | number;

export interface Placed {
  place: number;
}

/** Few gaps are left where they are. */
const gapsKept = 64;

export class Line<E extends Placed> {
  /** Its events entered at the left end, and have not left the line since. */
  #plain = new Deque<EventOrPlace<E>>();
  /** null when it is empty. */
  #front: SortedLine<EventOrPlace<E>> | null = null;
  #gaps = 0;
  /** The left-most place so far. */
  #lowest = Infinity;

  get length(): number {
    return this.#plain.length - this.#gaps + (this.#front === null ? 0 : this.#front.length);
  }

  /** The right-most event: the next one out. */
  get next(): EventOrPlace<E> | undefined {
    return this.#front === null ? this.#plain.peekRight() : this.#front.last;
  }

  get leftMost(): EventOrPlace<E> | undefined {
    return this.#plain.peekLeft() ?? this.#front?.first;
  }

  /** How far the plain part reaches, with its gaps. */
  get plainReach(): number {
    return this.#plain.length;
  }

  /** The entry so far from the right end of the plain part; undefined for a gap. */
  inPlain(distance: number): EventOrPlace<E> | undefined {
    const entry = this.#plain.fromRight(distance);
    return isGap(entry) ? undefined : entry;
  }

  /** The front part. */
  get front(): Iterable<EventOrPlace<E>> & { length: number } {
    return this.#front ?? [];
  }

  /** Whether there is a front part. */
  get hasFront(): boolean {
    return this.#front !== null;
  }

  /** Adds an event at its place. */
  add(entry: EventOrPlace<E>): void {
    const place = placeOf(entry);
    const plain = this.#plain;
    if (place > LEFT_END) return this.#addToFront(entry);
    if (place < this.#lowest) {
      this.#lowest = place;
      return plain.pushLeft(entry);
    }
    // It comes back to its old place.
    const left = plain.peekLeft();
    if (left === undefined || place > placeOf(plain.peekRight()!)) this.#addToFront(entry);
    else if (place < placeOf(left)) plain.pushLeft(entry);
    else {
      const distance = this.#distanceOf(place);
      if (placeOf(plain.fromRight(distance)!) !== place) return this.#insert(entry);
      plain.setFromRight(distance, entry);
      this.#gaps--;
    }
  }

  /** Its gap went with the event that was left of it, which came back first. This is rare. */
  #insert(entry: EventOrPlace<E>): void {
    const all = [...this.#plain, entry].toSorted((a, b) => placeOf(a) - placeOf(b));
    this.#plain = new Deque<EventOrPlace<E>>();
    for (const one of all) this.#plain.pushRight(one);
  }

  /** Removes the event at that place, which must exist. */
  remove(place: number): void {
    const plain = this.#plain;
    const right = plain.peekRight();
    if (right === undefined || place > placeOf(right)) {
      this.#front!.remove(place);
      if (this.#front!.length === 0) this.#front = null;
    } else if (place === placeOf(right)) {
      plain.popRight();
      for (; isGap(plain.peekRight()); this.#gaps--) plain.popRight();
    } else if (place === placeOf(plain.peekLeft()!)) {
      plain.popLeft();
      for (; isGap(plain.peekLeft()); this.#gaps--) plain.popLeft();
    } else {
      plain.setFromRight(this.#distanceOf(place), place + 0.5);
      this.#gaps++;
    }
  }

  /** Replaces the entry at the same place, which must exist. */
  replace(entry: EventOrPlace<E>): void {
    const place = placeOf(entry);
    const right = this.#plain.peekRight();
    if (right === undefined || place > placeOf(right)) this.#front!.replace(entry);
    else this.#plain.setFromRight(this.#distanceOf(place), entry);
  }

  /** The entry so far left of the next one, if both are in the plain part and none is a gap. */
  behindNext(distance: number): EventOrPlace<E> | undefined {
    if (this.#front !== null) return undefined;
    const entry = this.#plain.fromRight(distance);
    return isGap(entry) ? undefined : entry;
  }

  /** At most `limit` entries behind that place or from the beginning; next one out first. */
  page(after: number | null, limit: number, isReverse: boolean): EventOrPlace<E>[] {
    const page: EventOrPlace<E>[] = [];
    const plain = this.#plain;
    const takeFront = () => {
      const left = limit - page.length;
      if (left <= 0 || this.#front === null) return;
      for (const entry of this.#front.page(after, left, isReverse)) page.push(entry);
    };
    const takePlain = () => {
      const step = isReverse ? -1 : 1;
      let distance = this.#startOf(after, isReverse);
      for (; page.length < limit && distance >= 0 && distance < plain.length; distance += step) {
        const entry = plain.fromRight(distance)!;
        if (!isGap(entry)) page.push(entry);
      }
    };
    for (const take of isReverse ? [takePlain, takeFront] : [takeFront, takePlain]) take();
    return page;
  }

  /** Whether closing its gaps is worth the work. */
  get hasManyGaps(): boolean {
    return this.#gaps > gapsKept && this.#gaps > this.#plain.length >> 1;
  }

  /** Not safe while a change may be undone: an event may come back to a gap. */
  closeGaps(): void {
    if (!this.hasManyGaps) return;
    const plain = new Deque<EventOrPlace<E>>();
    for (const entry of this.#plain) if (!isGap(entry)) plain.pushRight(entry);
    this.#plain = plain;
    this.#gaps = 0;
  }

  #addToFront(entry: EventOrPlace<E>): void {
    this.#front ??= new SortedLine<EventOrPlace<E>>(placeOf);
    this.#front.add(entry);
  }

  /** Distance from the right of the first entry of the plain part behind that place. */
  #startOf(after: number | null, isReverse: boolean): number {
    const { length } = this.#plain;
    if (after === null) return isReverse ? length - 1 : 0;
    const distance = this.#distanceOf(after);
    if (isReverse) return distance - 1;
    const entry = this.#plain.fromRight(distance);
    return entry !== undefined && placeOf(entry) === after ? distance + 1 : distance;
  }

  /** Distance from the right of the first entry of the plain part whose place is not greater. */
  #distanceOf(place: number): number {
    let low = 0;
    let high = this.#plain.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (placeOf(this.#plain.fromRight(middle)!) > place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A gap is the place of the event that left it, plus a half. */
function isGap(entry: Placed | number | undefined): boolean {
  return typeof entry === "number" && !Number.isInteger(entry);
}

/** Also of a gap. */
export function placeOf(entry: Placed | number): number {
  return typeof entry === "number" ? Math.floor(entry) : entry.place;
}
