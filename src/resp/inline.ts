// An inline command, typed by a person into nc or telnet: its line as it arrives, and the words of
// it by the rules of Redis' sdssplitargs. Resumable at every byte and at every word.
import { Accumulator } from "./accumulator.ts";

const LF = 10;
const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const SPACE = 32;
const LETTER_X = 120;
/** What a letter behind a backslash stands for: n, r, t, b, a. Any other one is itself. */
const ESCAPES = new Map([
  [110, 10],
  [114, 13],
  [116, 9],
  [98, 8],
  [97, 7],
]);

const NOTHING: Buffer = Buffer.alloc(0);

/** Where splitInline() stopped when quotes are not balanced. */
const UNBALANCED = -1;

export class InlineLine {
  /** Where take() stopped: behind the LF, or at the end of the chunk. */
  at = 0;
  #partial: Accumulator | undefined;
  #line = NOTHING;
  #lineAt = 0;
  #args: Buffer[] = [];

  /** Bytes kept of a line that is cut, and those to be split. */
  get heldBytes(): number {
    return (this.#partial?.capacity ?? 0) + this.#line.length - this.#lineAt;
  }

  /** Takes bytes up to the end of the line, which may have so many. */
  take(chunk: Buffer, from: number, end: number, bytesMax: number): "cut" | "whole" | "too long" {
    const lineFeed = chunk.indexOf(LF, from);
    const to = lineFeed < 0 ? end : lineFeed;
    const before = this.#partial?.length ?? 0;
    if (before + to - from > bytesMax) return "too long";
    let line = chunk.subarray(from, to);
    if (lineFeed < 0 || before > 0) {
      this.#partial ??= new Accumulator(bytesMax);
      this.#partial.append(chunk, from, to);
      line = this.#partial.bytes();
    }
    this.at = to;
    if (lineFeed < 0) return "cut";
    this.at++;
    this.#partial = undefined;
    this.#line = line;
    return "whole";
  }

  clear(): void {
    this.#partial = undefined;
    this.#line = NOTHING;
    this.#lineAt = 0;
    this.#args = [];
  }

  /** Splits so many words more: all of them when the line is at its end, none for a blank line. */
  split(wordsMax: number): Buffer[] | "cut" | "unbalanced" {
    const args = this.#args;
    // The CR of a CRLF is a blank to it.
    this.#lineAt = splitInline(this.#line, this.#lineAt, args, args.length + wordsMax);
    if (this.#lineAt === UNBALANCED) return "unbalanced";
    if (this.#lineAt < this.#line.length) return "cut";
    this.clear();
    return args;
  }
}

/**
 * Appends the arguments of the line from there on until there are so many. Where it stopped: at
 * the line's end when that was all; UNBALANCED when quotes are not balanced. Quoted text becomes
 * plain where it stands, so arguments are views on the line.
 */
function splitInline(line: Buffer, from: number, args: Buffer[], argumentsMax: number): number {
  let at = from;
  for (;;) {
    while (at < line.length && isSpace(line[at]!)) at++;
    if (at === line.length || args.length >= argumentsMax) return at;
    const start = at;
    while (at < line.length && !endsWord(line[at]!)) at++;
    const quote = line[at];
    if (quote !== QUOTE && quote !== APOSTROPHE) {
      args.push(line.subarray(start, at));
      continue;
    }
    const text = { line, end: at };
    at = quote === QUOTE ? readQuoted(text, at + 1) : readApostrophed(text, at + 1);
    if (at < 0 || (at < line.length && !isSpace(line[at]!))) return UNBALANCED;
    args.push(line.subarray(start, text.end));
  }
}

/** The plain text of a quoted one. It is never longer than the quoted text. */
interface Text {
  line: Buffer;
  end: number;
}

/** Where the text behind the closing quote starts; UNBALANCED when no quote closes it. */
function readQuoted(text: Text, from: number): number {
  const { line } = text;
  for (let at = from; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 === line.length) {
      line[text.end++] = byte;
      continue;
    }
    const escaped = line[++at]!;
    const high = hexDigit(line[at + 1]);
    const low = hexDigit(line[at + 2]);
    if (escaped === LETTER_X && high >= 0 && low >= 0) {
      line[text.end++] = high * 16 + low;
      at += 2;
    } else line[text.end++] = ESCAPES.get(escaped) ?? escaped;
  }
  return UNBALANCED;
}

function readApostrophed(text: Text, from: number): number {
  const { line } = text;
  for (let at = from; at < line.length; at++) {
    if (line[at] === APOSTROPHE) return at + 1;
    if (line[at] === BACKSLASH && line[at + 1] === APOSTROPHE) at++;
    line[text.end++] = line[at]!;
  }
  return UNBALANCED;
}

/** As C's isspace: tab, LF, VT, FF, CR and the space. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13);
}

/** VT and FF separate words, yet do not end one: so does Redis. */
function endsWord(byte: number): boolean {
  if (byte === QUOTE || byte === APOSTROPHE || byte === SPACE) return true;
  return byte === 9 || byte === 10 || byte === 13;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
