// Values in order of a time, and of a rank where times are equal. They can be added and removed
// anywhere. Times and ranks are arrays of numbers, which the garbage collector does not scan.

const blockLengthMax = 256;

/** Three columns; what is before `first` is gone. */
interface Block<T> {
  first: number;
  times: number[];
  ranks: number[];
  values: (T | undefined)[];
}

/** A value's position: no two values have the same. */
export type TimeAndRank = [atMs: number, rank: number];

/** Finding takes O(log n); a change moves at most one block. */
export class TimeLine<T> {
  /** No block is empty. */
  readonly #blocks: Block<T>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The earliest time; Infinity when it is empty. */
  get firstMs(): number {
    if (this.#length === 0) return Infinity;
    const { times, first } = this.#blocks[0]!;
    return times[first]!;
  }

  get first(): T | undefined {
    const block = this.#blocks[0];
    return block?.values[block.first];
  }

  add(atMs: number, rank: number, value: T): void {
    this.#length++;
    const blockAt = this.#blockAt(atMs, rank);
    const block = this.#blocks[blockAt];
    if (block === undefined) {
      this.#blocks.push({ first: 0, times: [atMs], ranks: [rank], values: [value] });
      return;
    }
    const index = indexIn(block, atMs, rank);
    if (index === block.times.length) {
      block.times.push(atMs);
      block.ranks.push(rank);
      block.values.push(value);
    } else {
      block.times.splice(index, 0, atMs);
      block.ranks.splice(index, 0, rank);
      block.values.splice(index, 0, value);
    }
    if (block.times.length > blockLengthMax) this.#split(blockAt);
  }

  /** The value at that position must exist. */
  remove(atMs: number, rank: number): void {
    const blockAt = this.#blockAt(atMs, rank);
    const block = this.#blocks[blockAt]!;
    removeAt(block, found(block, atMs, rank));
    this.#length--;
    if (block.first === block.times.length) this.#blocks.splice(blockAt, 1);
  }

  /** How many have that time or an earlier one. */
  countTo(atMs: number): number {
    let count = 0;
    for (const { first, times } of this.#blocks) {
      if (times.at(-1)! <= atMs) count += times.length - first;
      else return count + times.filter((time, at) => at >= first && time <= atMs).length;
    }
    return count;
  }

  /** Whether there is a value at that position. */
  has(atMs: number, rank: number): boolean {
    return this.at(atMs, rank) !== undefined;
  }

  /** The value at that position, if there is one. */
  at(atMs: number, rank: number): T | undefined {
    const block = this.#blocks[this.#blockAt(atMs, rank)];
    if (block === undefined) return undefined;
    const index = indexIn(block, atMs, rank);
    const isThere = block.times[index] === atMs && block.ranks[index] === rank;
    return isThere ? block.values[index] : undefined;
  }

  /** Replaces the value at that position, which must exist. */
  replace(atMs: number, rank: number, value: T): void {
    const block = this.#blocks[this.#blockAt(atMs, rank)]!;
    block.values[found(block, atMs, rank)] = value;
  }

  /** At most `limit` values with their positions, behind that position or from the beginning. */
  page(after: TimeAndRank | null, limit: number, isReverse: boolean): [TimeAndRank, T][] {
    const step = isReverse ? -1 : 1;
    let [blockAt, index] = this.#start(after, isReverse);
    const page: [TimeAndRank, T][] = [];
    while (page.length < limit) {
      const block = this.#blocks[blockAt];
      if (block === undefined) break;
      if (index < block.first || index >= block.times.length) {
        blockAt += step;
        index = this.#endOf(blockAt, isReverse);
        continue;
      }
      page.push([[block.times[index]!, block.ranks[index]!], block.values[index]!]);
      index += step;
    }
    return page;
  }

  /** In order. */
  *[Symbol.iterator](): Generator<T> {
    for (const { first, values } of this.#blocks) {
      for (let at = first; at < values.length; at++) yield values[at]!;
    }
  }

  /** Block and index of the first value behind that position. */
  #start(after: TimeAndRank | null, isReverse: boolean): [number, number] {
    if (after === null) {
      const blockAt = isReverse ? this.#blocks.length - 1 : 0;
      return [blockAt, this.#endOf(blockAt, isReverse)];
    }
    const blockAt = this.#blockAt(...after);
    const block = this.#blocks[blockAt];
    if (block === undefined) return [0, 0];
    const index = indexIn(block, ...after);
    if (isReverse) return [blockAt, index - 1];
    const isThere = block.times[index] === after[0] && block.ranks[index] === after[1];
    return [blockAt, isThere ? index + 1 : index];
  }

  /** Index of the first value of that block, in that direction. */
  #endOf(blockAt: number, isReverse: boolean): number {
    const block = this.#blocks[blockAt];
    if (block === undefined) return 0;
    return isReverse ? block.times.length - 1 : block.first;
  }

  /** The values of a block that is too long become two blocks, or stay one if few are left. */
  #split(blockAt: number): void {
    const { first, times, ranks, values } = this.#blocks[blockAt]!;
    const partFrom = (from: number, to: number) => ({
      first: 0,
      times: times.slice(from, to),
      ranks: ranks.slice(from, to),
      values: values.slice(from, to),
    });
    const length = times.length;
    const middle = length - first > blockLengthMax >> 1 ? (first + length) >> 1 : length;
    const parts = [partFrom(first, middle)];
    if (middle < length) parts.push(partFrom(middle, length));
    this.#blocks.splice(blockAt, 1, ...parts);
  }

  /** Index of the block that a value at that position is in, or belongs to. */
  #blockAt(atMs: number, rank: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const { first, times, ranks } = this.#blocks[middle]!;
      const firstMs = times[first]!;
      if (firstMs < atMs || (firstMs === atMs && ranks[first]! <= rank)) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Moves the values on the shorter side of it. Array.splice would make an array of the value. */
function removeAt<T>(block: Block<T>, index: number): void {
  const { first, times, ranks, values } = block;
  const last = times.length - 1;
  if (index - first <= last - index) {
    for (let at = index; at > first; at--) {
      times[at] = times[at - 1]!;
      ranks[at] = ranks[at - 1]!;
      values[at] = values[at - 1];
    }
    values[first] = undefined;
    block.first = first + 1;
    return;
  }
  for (let at = index; at < last; at++) {
    times[at] = times[at + 1]!;
    ranks[at] = ranks[at + 1]!;
    values[at] = values[at + 1];
  }
  times.pop();
  ranks.pop();
  values.pop();
}

/** Index of the first value in the block that is not before that position. */
function indexIn<T>({ first, times, ranks }: Block<T>, atMs: number, rank: number): number {
  let low = first;
  let high = times.length;
  // Most values come behind all others.
  if (isBefore(times, ranks, high - 1, atMs, rank)) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(times, ranks, middle, atMs, rank)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the value at that index is before that position. */
function isBefore(
  times: number[],
  ranks: number[],
  index: number,
  atMs: number,
  rank: number,
): boolean {
  const ms = times[index]!;
  return ms < atMs || (ms === atMs && ranks[index]! < rank);
}

function found<T>(block: Block<T>, atMs: number, rank: number): number {
  const { first, times, ranks } = block;
  // Most values that leave are the first ones.
  if (times[first] === atMs && ranks[first] === rank) return first;
  const index = indexIn(block, atMs, rank);
  if (block.times[index] !== atMs || block.ranks[index] !== rank) {
    throw new Error(`nothing at ${atMs}, ${rank}`);
  }
  return index;
}
