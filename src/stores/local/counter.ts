// Makes the numbers of claim tokens and of ids. They ascend even if the clock goes back.
// As text they are "<ms>-<n>".

/** Numbers in a millisecond. With more of them the time runs ahead. */
const PER_MS = 1024;
/** Tokens of a batch that have neighbouring numbers, so that a journal can write them together. */
const RUN = 16;
const DIGIT_0 = 48;
const DASH = 45;
/** So long that they are exact. */
const DIGITS_MAX = 15;

/** Tokens of a batch may be less than ids that were made before them in the same batch. */
export class Counter {
  #last = 0;
  /** The latest token of a run of tokens, and the end of the run. */
  #token = 0;
  #runEnd = 0;

  /** Those made so far had at most that time. */
  startAfter(ms: number): void {
    if (ms > 0) this.#last = (ms + 1) * PER_MS - 1;
  }

  /** A batch begins: gives back the rest of a run, if nothing came behind it. */
  begin(): void {
    if (this.#runEnd === this.#last) this.#last = this.#token;
    this.#token = this.#runEnd = this.#last;
  }

  /** So many numbers before it are left out. */
  nextId(nowMs: number, leftOut = 0): number {
    this.#last = Math.max(this.#last + 1 + leftOut, nowMs * PER_MS);
    return this.#last;
  }

  nextToken(nowMs: number): number {
    if (this.#token === this.#runEnd) {
      const first = this.nextId(nowMs);
      this.#token = first - 1;
      this.#runEnd = this.#last = first + RUN - 1;
    }
    return ++this.#token;
  }
}

/** What comes behind the time in its text. */
export function seqOf(number: number): number {
  return number - msOf(number) * PER_MS;
}

/** The time in a number. */
export function msOf(number: number): number {
  return Math.floor(number / PER_MS);
}

let lastMs = 0;
let lastPrefix = "0-";

export function countedText(number: number): string {
  const ms = msOf(number);
  if (ms !== lastMs) {
    lastMs = ms;
    lastPrefix = `${ms}-`;
  }
  return lastPrefix + (number - ms * PER_MS);
}

/** The number of a text that countedText made; -1 for any other bytes. */
export function readCounted(bytes: Buffer): number {
  const dash = endOfDigits(bytes, 0);
  if (bytes[dash] !== DASH || endOfDigits(bytes, dash + 1) !== bytes.length) return -1;
  const ms = valueOf(bytes, 0, dash);
  const n = valueOf(bytes, dash + 1, bytes.length);
  return ms < 0 || n < 0 || n >= PER_MS ? -1 : ms * PER_MS + n;
}

function endOfDigits(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at]! >= DIGIT_0 && bytes[at]! < DIGIT_0 + 10) at++;
  return at;
}

/** Of digits; -1 if they are none, too many, or begin with a needless 0. */
function valueOf(bytes: Buffer, from: number, to: number): number {
  const length = to - from;
  if (length === 0 || length > DIGITS_MAX || (length > 1 && bytes[from] === DIGIT_0)) return -1;
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + bytes[at]! - DIGIT_0;
  return value;
}
