// A double-ended queue of any length.
//
// It has a ring at each end and blocks of one length between them. The garbage collector scans an
// array again whenever references were written into it: one array for millions of places would make
// every short collection long, and its growth a pause.

import { Ring } from "./ring.ts";

const blockLengthDefault = 1024;

/** Both ends in amortised O(1); its memory follows its length down as well as up. */
export class Deque<T> {
  readonly #blockLength: number;
  readonly #left = new Ring<T>();
  /** null when it is empty. */
  #right: Ring<T> | null = null;
  #blocks: Ring<T[]> | null = null;
  #length = 0;

  constructor(blockLength = blockLengthDefault) {
    this.#blockLength = blockLength;
  }

  get length(): number {
    return this.#length;
  }

  pushLeft(value: T): void {
    this.#length++;
    this.#left.pushLeft(value);
    if (this.#left.length <= 2 * this.#blockLength) return;
    const block = taken(this.#blockLength, () => this.#left.popRight() as T);
    (this.#blocks ??= new Ring()).pushLeft(block.toReversed());
  }

  pushRight(value: T): void {
    this.#length++;
    const right = (this.#right ??= new Ring());
    right.pushRight(value);
    if (right.length <= 2 * this.#blockLength) return;
    const block = taken(this.#blockLength, () => right.popLeft() as T);
    (this.#blocks ??= new Ring()).pushRight(block);
  }

  popLeft(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    if (this.#left.length === 0 && this.#blocks !== null) {
      for (const value of this.#blocks.popLeft()!) this.#left.pushRight(value);
      if (this.#blocks.length === 0) this.#blocks = null;
    }
    return this.#left.length > 0 ? this.#left.popLeft() : this.#popFromRight("left");
  }

  popRight(): T | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    if (this.#right === null && this.#blocks !== null) {
      this.#right = new Ring();
      for (const value of this.#blocks.popRight()!) this.#right.pushRight(value);
      if (this.#blocks.length === 0) this.#blocks = null;
    }
    return this.#right === null ? this.#left.popRight() : this.#popFromRight("right");
  }

  peekLeft(): T | undefined {
    return this.#length === 0 ? undefined : this.fromRight(this.#length - 1);
  }

  peekRight(): T | undefined {
    return this.fromRight(0);
  }

  /** The value `distance` places left of the right end. */
  fromRight(distance: number): T | undefined {
    const inRight = this.#right === null ? 0 : this.#right.length;
    if (distance < inRight) return this.#right!.fromRight(distance);
    const inBlocks = this.#blocks === null ? 0 : this.#blocks.length * this.#blockLength;
    const beyond = distance - inRight;
    if (beyond >= inBlocks) return this.#left.fromRight(beyond - inBlocks);
    return this.#blockAt(beyond)[this.#placeInBlock(beyond)];
  }

  /** Replaces the value there, which must exist. */
  setFromRight(distance: number, value: T): void {
    const inRight = this.#right === null ? 0 : this.#right.length;
    if (distance < inRight) return this.#right!.setFromRight(distance, value);
    const inBlocks = this.#blocks === null ? 0 : this.#blocks.length * this.#blockLength;
    const beyond = distance - inRight;
    if (beyond >= inBlocks) return this.#left.setFromRight(beyond - inBlocks, value);
    this.#blockAt(beyond)[this.#placeInBlock(beyond)] = value;
  }

  /** From left to right. */
  *[Symbol.iterator](): Generator<T> {
    yield* this.#left;
    for (const block of this.#blocks ?? []) yield* block;
    yield* this.#right ?? [];
  }

  /** How many values fit before it grows again. */
  get capacity(): number {
    const blocks = this.#blocks === null ? 0 : this.#blocks.length * this.#blockLength;
    return this.#left.capacity + blocks + (this.#right === null ? 0 : this.#right.capacity);
  }

  #popFromRight(end: "left" | "right"): T | undefined {
    const right = this.#right as Ring<T>;
    const value = end === "left" ? right.popLeft() : right.popRight();
    if (right.length === 0) this.#right = null;
    return value;
  }

  /** `beyond` places left of the right ring. */
  #blockAt(beyond: number): T[] {
    return this.#blocks!.fromRight(Math.floor(beyond / this.#blockLength)) as T[];
  }

  #placeInBlock(beyond: number): number {
    return this.#blockLength - 1 - (beyond % this.#blockLength);
  }
}

function taken<T>(count: number, take: () => T): T[] {
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(take());
  return values;
}
