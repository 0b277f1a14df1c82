// The number behind "*" or "$" up to CRLF, as strict as Redis' string2ll, resumable at every byte.
// It must not know which of the two it is, nor what is too much.

const CR = 13;
const LF = 10;
const MINUS = 45;
const ZERO = 48;

/** More digits than these might not fit Redis' 64 bits; they count as invalid, even below zero. */
const DIGITS_MAX = 18;
/** The fast path leaves longer numbers, and all that is odd or cut, to the other one. */
const FAST_DIGITS_MAX = 9;
/** The other one reads so many bytes at once, and then says CUT. */
export const SLOW_BYTES_MAX = 4096;

/** What read() answers besides a length from 0 on. */
export const NEGATIVE = -1;
export const INVALID = -2;
export const TOO_LONG = -3;
export const CUT = -4;

export class LengthLine {
  /** Where read() stopped: behind the LF, or where it was cut. */
  at = 0;
  #bytes = 0;
  #value = 0;
  #digits = 0;
  #negative = false;
  #valid = true;
  #atLineFeed = false;

  /** bytesMax counts the "*" or "$" and all up to the CR, as Redis does. */
  constructor(readonly bytesMax: number) {}

  /** A length, NEGATIVE, INVALID, TOO_LONG, or CUT: then call again with what follows. */
  read(chunk: Buffer, from: number, end: number): number {
    if (this.#bytes === 0 && !this.#atLineFeed) {
      let at = from;
      let value = at < end ? chunk[at]! - ZERO : -1;
      if (value >= 1 && value <= 9) {
        const last = Math.min(end, at + FAST_DIGITS_MAX);
        for (at++; at < last; at++) {
          const digit = chunk[at]! - ZERO;
          if (digit < 0 || digit > 9) break;
          value = value * 10 + digit;
        }
        if (at + 1 < end && chunk[at] === CR && chunk[at + 1] === LF) {
          this.at = at + 2;
          return value;
        }
      }
    }
    return this.#readByByte(chunk, from, end);
  }

  #readByByte(chunk: Buffer, from: number, chunkEnd: number): number {
    const end = Math.min(chunkEnd, from + SLOW_BYTES_MAX);
    let at = from;
    while (at < end && !this.#atLineFeed) {
      const byte = chunk[at++]!;
      if (byte === CR) this.#atLineFeed = true;
      else if (this.#bytes + 2 > this.bytesMax) return TOO_LONG;
      else this.#take(byte);
    }
    this.at = at;
    if (at === end) return CUT;
    this.at++;
    return this.#finish(chunk[at] === LF);
  }

  #take(byte: number): void {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (this.#digits > 0 && this.#value === 0) this.#valid = false;
      this.#value = this.#value * 10 + digit;
      this.#digits++;
    } else if (byte === MINUS && this.#bytes === 0) this.#negative = true;
    else this.#valid = false;
    this.#bytes++;
  }

  #finish(endsInLineFeed: boolean): number {
    const digits = this.#digits;
    const isNumber = this.#valid && digits > 0 && digits <= DIGITS_MAX && endsInLineFeed;
    const value = this.#value;
    const negative = this.#negative;
    this.#bytes = 0;
    this.#value = 0;
    this.#digits = 0;
    this.#negative = false;
    this.#valid = true;
    this.#atLineFeed = false;
    if (!isNumber || (negative && value === 0)) return INVALID;
    return negative ? NEGATIVE : value;
  }
}
