// Steps of a history as bytes, one behind the other. Each is a byte with its length, then integers
// as MessagePack has them: how many steps it is after the first one, which of its values are not 0
// (a bit for each), and these values. Most steps take about a dozen bytes, and none more than 100.
import type { Step } from "./history.ts";

/** Of values in a step, the frequent ones first: those of counts, and of levels. */
const COUNT_PLACES = [0, 1, 2, 7, 8];
const LEVEL_PLACES = [3, 4, 5, 6];
const PLACES = COUNT_PLACES.length + LEVEL_PLACES.length;

export const NO_STEPS = new Uint8Array(0);

/** since: the first step of that history. */
export function packStep({ at, counts, levels }: Step, since: number): Uint8Array {
  const values = Array<number>(PLACES).fill(0);
  for (const [index, place] of COUNT_PLACES.entries()) values[place] = counts[index]!;
  for (const [index, place] of LEVEL_PLACES.entries()) values[place] = levels[index]!;
  let mask = 0;
  for (const [place, value] of values.entries()) if (value !== 0) mask |= 1 << place;
  const bytes: number[] = [0];
  for (const value of [at - since, mask, ...values.filter((each) => each !== 0)]) {
    writeInteger(bytes, value);
  }
  bytes[0] = bytes.length - 1;
  return new Uint8Array(bytes);
}

/** A step from all its values and, behind them, how many steps it is after the first one. */
export function unpackLatest(bytes: Uint8Array, since: number): Step {
  const reader = new IntegerReader(bytes, 0);
  const values = Array.from({ length: PLACES }, () => reader.next());
  const at = since + reader.next();
  if (reader.at !== bytes.length) throw new RangeError("no step");
  return stepOf(at, values);
}

/** Throws where the bytes are something else. */
export function unpackSteps(bytes: Uint8Array, since: number): Step[] {
  const steps: Step[] = [];
  for (let from = 0; from < bytes.length; from = endOf(bytes, from)) {
    steps.push(stepIn(bytes, from, since));
  }
  return steps;
}

/**
 * The steps with one more behind them, without those of which nothing is shown: all before the
 * latest one that is older than `oldest`.
 */
export function withStep(
  bytes: Uint8Array,
  step: Step,
  { since, oldest }: { since: number; oldest: number },
): Uint8Array {
  const all = Buffer.concat([bytes, packStep(step, since)]);
  let from = 0;
  for (let next = endOf(all, 0); next < all.length; next = endOf(all, next)) {
    if (atIn(all, next, since) >= oldest) break;
    from = next;
  }
  return new Uint8Array(all.subarray(from));
}

function endOf(bytes: Uint8Array, from: number): number {
  return from + 1 + bytes[from]!;
}

function atIn(bytes: Uint8Array, from: number, since: number): number {
  return since + new IntegerReader(bytes, from + 1).next();
}

function stepIn(bytes: Uint8Array, from: number, since: number): Step {
  const reader = new IntegerReader(bytes, from + 1);
  const at = since + reader.next();
  const mask = reader.next();
  const values: number[] = [];
  for (let place = 0; place < PLACES; place++) {
    values.push((mask >> place) & 1 ? reader.next() : 0);
  }
  if (reader.at !== endOf(bytes, from)) throw new RangeError("no step");
  return stepOf(at, values);
}

function stepOf(at: number, values: number[]): Step {
  return {
    at,
    counts: COUNT_PLACES.map((place) => values[place]!),
    levels: LEVEL_PLACES.map((place) => values[place]!),
  };
}

/** By the first byte of an integer, how many bytes follow. */
const UNSIGNED: Record<number, number> = { 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8 };
const SIGNED: Record<number, number> = { 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8 };

class IntegerReader {
  readonly #bytes: Uint8Array;
  /** Where the next one begins. */
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  next(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    if (first >= 0xe0) return first - 0x100;
    const length = UNSIGNED[first] ?? SIGNED[first];
    if (length === undefined) throw new RangeError("no integer");
    // A sum from its first byte: of 8 bytes it stays exact, also below 0.
    let value = this.#byte();
    if (first in SIGNED && value >= 0x80) value -= 0x100;
    for (let left = length - 1; left > 0; left--) value = value * 0x100 + this.#byte();
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError("no integer");
    return byte;
  }
}

/** In as few bytes as it takes. */
function writeInteger(bytes: number[], value: number): void {
  if (value >= -32 && value < 0x80) bytes.push(value & 0xff);
  else if (value >= 0 && value <= 0xff) bytes.push(0xcc, value);
  else if (value >= 0 && value <= 0xffff) bytes.push(0xcd, value >> 8, value & 0xff);
  else if (value >= 0 && value <= 0xffffffff) bytes.push(0xce, ...bigEndian(value, 4));
  else bytes.push(0xd3, ...bigEndian(value, 8));
}

function bigEndian(value: number, length: 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(value));
  return new Uint8Array(view.buffer, 8 - length);
}
