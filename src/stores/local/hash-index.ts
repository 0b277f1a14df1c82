// A hash table of elements by a key of bytes that they carry. It replaces a Map, because JSC's Map
// keeps deleted entries in their chains until it is rehashed: a lookup of an id that is added and
// removed again and again, beside a million others, would walk over all its deleted entries.

/** `hash` is hashOf the element's key; kept there, so that growing reads no keys. */
export interface HashElement {
  readonly hash: number;
}

const capacityMin = 8;
// Clients choose the keys: with a seed per process they cannot choose collisions in advance.
const seed = crypto.getRandomValues(new Int32Array(1))[0] as number;

/** All in O(1), amortised where it grows or shrinks. Removing an element frees its place. */
export class HashIndex<T extends HashElement> {
  readonly #keyOf: (element: T) => string;
  // Open addressing with linear probing; at most three quarters are taken.
  #slots: (T | undefined)[] = emptySlots(capacityMin);
  #size = 0;

  constructor(keyOf: (element: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  /** How many slots there are: the memory it takes. */
  get capacity(): number {
    return this.#slots.length;
  }

  get(key: string, hash: number): T | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const element = slots[at];
      if (element === undefined) return undefined;
      if (element.hash === hash && this.#keyOf(element) === key) return element;
    }
  }

  /** The caller has made sure that the key is not there. */
  add(element: T): void {
    if (++this.#size > this.#slots.length * 0.75) this.#resize(this.#slots.length * 2);
    put(this.#slots, element);
  }

  /** The element must be in here. */
  remove(element: T): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = element.hash & mask;
    while (slots[gap] !== element) gap = (gap + 1) & mask;
    // Moves elements into the gap that come after it only because their own place was taken.
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const next = slots[at];
      if (next === undefined) break;
      if (((at - next.hash) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = next;
      gap = at;
    }
    slots[gap] = undefined;
    const isSparse = --this.#size < slots.length >> 3;
    if (isSparse && slots.length > capacityMin) this.#resize(slots.length >> 1);
  }

  /** In no particular order. */
  *[Symbol.iterator](): Generator<T> {
    for (const element of this.#slots) if (element !== undefined) yield element;
  }

  #resize(capacity: number): void {
    const slots: (T | undefined)[] = emptySlots(capacity);
    for (const element of this.#slots) if (element !== undefined) put(slots, element);
    this.#slots = slots;
  }
}

/** A 32-bit hash of a string of bytes, another one in every process. */
export function hashOf(key: string): number {
  let hash = seed ^ key.length;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash ^ (hash >>> 13);
}

function put<T extends HashElement>(slots: (T | undefined)[], element: T): void {
  const mask = slots.length - 1;
  let at = element.hash & mask;
  while (slots[at] !== undefined) at = (at + 1) & mask;
  slots[at] = element;
}

// By push, since JSC makes `new Array(n)` sparse, and slow, when n is large.
function emptySlots(count: number): undefined[] {
  const slots: undefined[] = [];
  for (let i = 0; i < count; i++) slots.push(undefined);
  return slots;
}
