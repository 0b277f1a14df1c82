// A hash table of elements by a key of bytes. A Map will not do: JSC's Map keeps deleted entries in
// their chains until it is rehashed, so if one id comes and goes beside a million others, as in a
// queue, every lookup of it walks all its deleted entries.

/** `hash` is hashOf(key of the element), stored so that growing reads no keys. */
export interface HashElement {
  readonly hash: number;
}

const capacityMin = 8;
// Clients choose the keys. A new seed per process prevents chosen collisions.
const seed = crypto.getRandomValues(new Int32Array(1))[0] as number;

/** Every operation is O(1), amortised. A removed element leaves nothing behind. */
export class HashIndex<T extends HashElement> {
  readonly #keyOf: (element: T) => string;
  // Open addressing with linear probing; at most three quarters full.
  #slots: (T | undefined)[] = emptySlots(capacityMin);
  #size = 0;

  constructor(keyOf: (element: T) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  /** The number of slots, and so the memory that it takes. */
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

  /** The key must not be in the index. */
  add(element: T): void {
    if (++this.#size > this.#slots.length * 0.75) this.#resize(this.#slots.length * 2);
    put(this.#slots, element);
  }

  /** The element must be in the index. */
  remove(element: T): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = element.hash & mask;
    while (slots[gap] !== element) gap = (gap + 1) & mask;
    // Fills the gap with an element that is behind it only because its own slot was taken.
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

/** A 32-bit hash of a string of bytes, different in every process. */
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
