// The fast path of the parser: a short command that has arrived completely, in one chunk. All other
// commands, and everything that is malformed, are left to multibulk.ts.
import type { ParserLimits } from "./parser-limits.ts";
import { wordIn } from "./recent-words.ts";

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;

const ARGUMENTS_MAX = 64;
const DIGITS_MAX = 9;
/** The first arguments, which name the command and mostly a queue, are likely to be known words. */
const WORDS_MAX = 2;
const A = 65;
const Z = 90;
const NOTHING: Buffer = Buffer.alloc(0);
/** By its only byte each argument that is one byte long: a view takes longer to make. */
const SINGLE_BYTES = Array.from({ length: 256 }, (_, byte) => Buffer.alloc(1, byte));

/** Where the arguments begin and end; one command is read at a time. */
const begins = new Int32Array(ARGUMENTS_MAX);
const ends = new Int32Array(ARGUMENTS_MAX);

export class WholeCommand {
  /** Where the command that read() returned ends. */
  end = 0;

  /**
   * The arguments of the command at chunk[from], which is a "*". Undefined when this is not a
   * command for the fast path, or malformed.
   */
  read(chunk: Buffer, from: number, limits: ParserLimits): Buffer[] | undefined {
    const count = this.#readNumber(chunk, from + 1);
    if (count < 1 || count > ARGUMENTS_MAX || count > limits.argumentsMax) return undefined;
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      if (this.end === chunk.length || chunk[this.end] !== DOLLAR) return undefined;
      const length = this.#readNumber(chunk, this.end + 1);
      if (length < 0 || length > limits.bulkBytesMax) return undefined;
      const to = this.end + length;
      if (to + 2 > chunk.length || chunk[to] !== CR || chunk[to + 1] !== LF) return undefined;
      begins[index] = this.end;
      ends[index] = to;
      bytes += length;
      this.end = to + 2;
    }
    return bytes > limits.requestBytesMax ? undefined : viewsOn(chunk, count);
  }

  /** A number of few digits and its CRLF; -1 for anything else. Sets `end` after them. */
  #readNumber(chunk: Buffer, from: number): number {
    const last = Math.min(chunk.length - 2, from + DIGITS_MAX);
    let value = 0;
    let at = from;
    for (; at < last; at++) {
      const digit = chunk[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    const isNumber = at > from && (chunk[from] !== ZERO || at === from + 1);
    if (!isNumber || chunk[at] !== CR || chunk[at + 1] !== LF) return -1;
    this.end = at + 2;
    return value;
  }
}

function viewsOn(chunk: Buffer, count: number): Buffer[] {
  const args: Buffer[] = [];
  let isWord = true;
  for (let index = 0; index < count; index++) {
    const from = begins[index]!;
    const to = ends[index]!;
    // So are options, which are in capitals, and some of the arguments behind them.
    const isOption = chunk[from]! >= A && chunk[from]! <= Z;
    if (from === to) args.push(NOTHING);
    else if (to - from === 1) args.push(SINGLE_BYTES[chunk[from]!]!);
    else if (isWord || isOption) args.push(wordIn(chunk, from, to));
    else args.push(chunk.subarray(from, to));
    isWord = index + 1 < WORDS_MAX || isOption;
  }
  return args;
}
