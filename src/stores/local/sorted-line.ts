// A line in ascending order of place, from left to right. Values can be added and removed anywhere.

const blockLengthMax = 512;

/** Values with different places. Finding takes O(log n); a change moves at most one block. */
export class SortedLine<T> {
  readonly #placeOf: (value: T) => number;
  /** No block is empty, except the first one of an empty line. */
  readonly #blocks: T[][] = [[]];
  #length = 0;

  constructor(placeOf: (value: T) => number) {
    this.#placeOf = placeOf;
  }

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#blocks[0]![0];
  }

  get last(): T | undefined {
    return this.#blocks.at(-1)!.at(-1);
  }

  add(value: T): void {
    const place = this.#placeOf(value);
    const blockAt = this.#blockAt(place);
    const block = this.#blocks[blockAt]!;
    this.#length++;
    if (block.length === 0 || this.#placeOf(block.at(-1)!) < place) block.push(value);
    else block.splice(this.#indexIn(block, place), 0, value);
    if (block.length <= blockLengthMax) return;
    this.#blocks.splice(blockAt + 1, 0, block.splice(blockLengthMax / 2));
  }

  /** Replaces the value at the same place, which must exist. */
  replace(value: T): void {
    const place = this.#placeOf(value);
    const block = this.#blocks[this.#blockAt(place)]!;
    block[this.#indexIn(block, place)] = value;
  }

  /** Removes and returns the value at that place, which must exist. */
  remove(place: number): T {
    const blockAt = this.#blockAt(place);
    const block = this.#blocks[blockAt]!;
    this.#length--;
    const index = this.#indexIn(block, place);
    const value = index === block.length - 1 ? block.pop() : block.splice(index, 1)[0];
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(blockAt, 1);
    return value as T;
  }

  /** At most `limit` values behind that place or from the beginning, the right-most first. */
  page(after: number | null, limit: number, isReverse: boolean): T[] {
    const step = isReverse ? 1 : -1;
    const place = after ?? (isReverse ? -Infinity : Infinity);
    let blockAt = this.#blockAt(place);
    let index = this.#indexIn(this.#blocks[blockAt]!, place);
    if (!isReverse) index--;
    else if (index < this.#blocks[blockAt]!.length) {
      if (this.#placeOf(this.#blocks[blockAt]![index]!) === place) index++;
    }
    const page: T[] = [];
    while (page.length < limit) {
      const block = this.#blocks[blockAt];
      if (block === undefined) break;
      if (index < 0 || index >= block.length) {
        blockAt += step;
        index = isReverse ? 0 : (this.#blocks[blockAt]?.length ?? 0) - 1;
        continue;
      }
      page.push(block[index]!);
      index += step;
    }
    return page;
  }

  /** From left to right. */
  *[Symbol.iterator](): Generator<T> {
    for (const block of this.#blocks) yield* block;
  }

  /** Index of the block that a value of that place is in, or belongs to. */
  #blockAt(place: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#placeOf(this.#blocks[middle]![0]!) <= place) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Index of the first value in the block whose place is not less. */
  #indexIn(block: T[], place: number): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#placeOf(block[middle]!) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
