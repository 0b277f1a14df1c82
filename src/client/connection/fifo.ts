// A queue in memory.

/** Before so many were taken, their places are kept. */
const TAKEN_MIN = 64;

export class Fifo<T> {
  #items: T[] = [];
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#taken]!;
    this.#items[this.#taken++] = undefined as never;
    if (this.length === 0) this.takeAll();
    else if (this.#taken >= TAKEN_MIN && this.#taken >= this.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return item;
  }

  /** Removes all items and returns them. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#taken);
    this.#items = [];
    this.#taken = 0;
    return items;
  }
}
