// The number after "*" or "$" and its CRLF, as strict as Redis' string2ll. Resumable at every
// byte.
import type { Effort } from "./effort.ts";
import type { Chunks } from "./chunks.ts";
import { protocolError, type ProtocolErrorName } from "./protocol-error.ts";

const CR = 13;
const LF = 10;
const MINUS = 45;
const ZERO = 48;

/** More digits might not fit into Redis' 64 bits: they count as invalid, with a minus too. */
const DIGITS_MAX = 18;

/** The results of read() besides a number from 0 on. */
export const NEGATIVE = -1;
export const INVALID = -2;
/** Call it again: bytes are missing, or the effort is spent. */
export const INCOMPLETE = -3;

export class LengthLine {
  readonly #bytesMax: number;
  #bytes = 0;
  #value = 0;
  #digits = 0;
  #isNegative = false;
  #isValid = true;
  #isAtLineFeed = false;

  /** The longest line, from the "*" or "$" to the last byte before the CR, as Redis counts. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A number, NEGATIVE, INVALID or INCOMPLETE. Throws a ProtocolError when the line is long. */
  read(input: Chunks, effort: Effort, tooLong: ProtocolErrorName): number {
    const { chunk, at: from } = input;
    const end = Math.min(input.end, from + effort.bytesLeft);
    let at = from;
    while (at < end && !this.#isAtLineFeed) {
      const byte = chunk[at++]!;
      if (byte === CR) this.#isAtLineFeed = true;
      else if (this.#bytes + 2 > this.#bytesMax) throw protocolError(tooLong);
      else this.#add(byte);
    }
    const isComplete = at < end;
    input.at = isComplete ? at + 1 : at;
    if (isComplete) return this.#finish(chunk[at] === LF);
    effort.spendBytes(at - from);
    return INCOMPLETE;
  }

  #add(byte: number): void {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (this.#digits > 0 && this.#value === 0) this.#isValid = false;
      this.#value = this.#value * 10 + digit;
      this.#digits++;
    } else if (byte === MINUS && this.#bytes === 0) this.#isNegative = true;
    else this.#isValid = false;
    this.#bytes++;
  }

  #finish(endsInLineFeed: boolean): number {
    const digits = this.#digits;
    const isNumber = this.#isValid && digits > 0 && digits <= DIGITS_MAX && endsInLineFeed;
    const value = this.#value;
    const isNegative = this.#isNegative;
    this.#bytes = 0;
    this.#value = 0;
    this.#digits = 0;
    this.#isNegative = false;
    this.#isValid = true;
    this.#isAtLineFeed = false;
    if (!isNumber || (isNegative && value === 0)) return INVALID;
    return isNegative ? NEGATIVE : value;
  }
}
