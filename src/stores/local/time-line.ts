// Values in order of a time, and of a rank where times are equal. They can be added and removed
// anywhere. Times and ranks are arrays of numbers, which the garbage collector does not scan.

const blockLengthMax = 256;

interface Block<T> {
  times: number[];
  ranks: number[];
  values: T[];
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
    return this.#length === 0 ? Infinity : this.#blocks[0]!.times[0]!;
  }

  get first(): T | undefined {
    return this.#blocks[0]?.values[0];
  }

  add(atMs: number, rank: number, value: T): void {
    this.#length++;
    const blockAt = this.#blockAt(atMs, rank);
    const block = this.#blocks[blockAt];
    if (block === undefined) {
      this.#blocks.push({ times: [atMs], ranks: [rank], values: [value] });
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
    const index = found(block, atMs, rank);
    this.#length--;
    removeAt(block.times, index);
    removeAt(block.ranks, index);
    removeAt(block.values, index);
    if (block.times.length === 0) this.#blocks.splice(blockAt, 1);
  }

  /** How many have that time or an earlier one. */
  countTo(atMs: number): number {
    let count = 0;
    for (const { times } of this.#blocks) {
      if (times.at(-1)! <= atMs) count += times.length;
      else return count + times.filter((time) => time <= atMs).length;
    }
    return count;
  }

  /** Whether there is a value at that position. */
  has(atMs: number, rank: number): boolean {
    const block = this.#blocks[this.#blockAt(atMs, rank)];
    if (block === undefined) return false;
    const index = indexIn(block, atMs, rank);
    return block.times[index] === atMs && block.ranks[index] === rank;
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
      if (index < 0 || index >= block.times.length) {
        blockAt += step;
        index = isReverse ? (this.#blocks[blockAt]?.times.length ?? 0) - 1 : 0;
        continue;
      }
      page.push([[block.times[index]!, block.ranks[index]!], block.values[index]!]);
      index += step;
    }
    return page;
  }

  /** In order. */
  *[Symbol.iterator](): Generator<T> {
    for (const { values } of this.#blocks) yield* values;
  }

  /** Block and index of the first value behind that position. */
  #start(after: TimeAndRank | null, isReverse: boolean): [number, number] {
    if (after === null) {
      const blockAt = isReverse ? this.#blocks.length - 1 : 0;
      return [blockAt, isReverse ? (this.#blocks[blockAt]?.times.length ?? 0) - 1 : 0];
    }
    const blockAt = this.#blockAt(...after);
    const block = this.#blocks[blockAt];
    if (block === undefined) return [0, 0];
    const index = indexIn(block, ...after);
    if (isReverse) return [blockAt, index - 1];
    const isThere = block.times[index] === after[0] && block.ranks[index] === after[1];
    return [blockAt, isThere ? index + 1 : index];
  }

  #split(blockAt: number): void {
    const { times, ranks, values } = this.#blocks[blockAt]!;
    const half = blockLengthMax >> 1;
    const right = {
      times: times.splice(half),
      ranks: ranks.splice(half),
      values: values.splice(half),
    };
    this.#blocks.splice(blockAt + 1, 0, right);
  }

  /** Index of the block that a value at that position is in, or belongs to. */
  #blockAt(atMs: number, rank: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const { times, ranks } = this.#blocks[middle]!;
      if (times[0]! < atMs || (times[0] === atMs && ranks[0]! <= rank)) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Array.splice would make an array of what it removes. */
function removeAt(column: unknown[], index: number): void {
  if (index === 0) column.shift();
  else if (index === column.length - 1) column.pop();
  else column.splice(index, 1);
}

/** Index of the first value in the block that is not before that position. */
function indexIn<T>({ times, ranks }: Block<T>, atMs: number, rank: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < atMs || (times[middle] === atMs && ranks[middle]! < rank)) {
      low = middle + 1;
    } else high = middle;
  }
  return low;
}

function found<T>(block: Block<T>, atMs: number, rank: number): number {
  const index = indexIn(block, atMs, rank);
  if (block.times[index] !== atMs || block.ranks[index] !== rank) {
    throw new Error(`nothing at ${atMs}, ${rank}`);
  }
  return index;
}
