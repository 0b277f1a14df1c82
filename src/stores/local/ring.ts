// A ring buffer that doubles when full and halves when mostly empty: a double-ended queue for
// moderate lengths.

const capacityMin = 8;

/** Both ends in amortised O(1); its memory follows its length down as well as up. */
export class Ring<T> {
  // Filled by push, never by `new Array(n)`: JSC makes that one sparse, and slow, when n is large.
  #slots: (T | undefined)[] = emptySlots(capacityMin);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  pushLeft(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = value;
    this.#length++;
  }

  pushRight(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value;
    this.#length++;
  }

  popLeft(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    this.#shrink();
    return value;
  }

  popRight(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    const at = (this.#head + this.#length) & (this.#slots.length - 1);
    const value = this.#slots[at];
    this.#slots[at] = undefined;
    this.#shrink();
    return value;
  }

  peekLeft(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  peekRight(): T | undefined {
    if (this.#length === 0) return undefined;
    return this.#slots[(this.#head + this.#length - 1) & (this.#slots.length - 1)];
  }

  /** The value `distance` places left of the right end. */
  fromRight(distance: number): T | undefined {
    if (distance >= this.#length) return undefined;
    return this.#slots[(this.#head + this.#length - 1 - distance) & (this.#slots.length - 1)];
  }

  /** Replaces the value there, which must exist. */
  setFromRight(distance: number, value: T): void {
    this.#slots[(this.#head + this.#length - 1 - distance) & (this.#slots.length - 1)] = value;
  }

  /** From left to right. */
  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.#length; i++) {
      yield this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T;
    }
  }

  /** How many values fit before it grows again. */
  get capacity(): number {
    return this.#slots.length;
  }

  #grow(): void {
    const slots = this.#slots;
    const capacity = slots.length;
    for (let i = 0; i < capacity; i++) {
      slots.push(i < this.#head ? slots[i] : undefined);
      if (i < this.#head) slots[i] = undefined;
    }
  }

  // At a quarter, so that a length that goes back and forth around a bound moves nothing.
  #shrink(): void {
    const slots = this.#slots;
    if (slots.length === capacityMin || this.#length > slots.length >> 2) return;
    const half: (T | undefined)[] = [];
    for (let i = 0; i < slots.length >> 1; i++) {
      half.push(i < this.#length ? slots[(this.#head + i) & (slots.length - 1)] : undefined);
    }
    this.#slots = half;
    this.#head = 0;
  }
}

function emptySlots(count: number): undefined[] {
  const slots: undefined[] = [];
  for (let i = 0; i < count; i++) slots.push(undefined);
  return slots;
}
