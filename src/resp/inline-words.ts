// The words of an inline command, by the rules of Redis' sdssplitargs.
import { protocolError } from "./protocol-error.ts";

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const SPACE = 32;
const LETTER_X = 120;
/** The bytes that n, r, t, b and a mean after a backslash. Any other letter means itself. */
const ESCAPES = new Map([
  [110, 10],
  [114, 13],
  [116, 9],
  [98, 8],
  [97, 7],
]);

/**
 * Appends the words of line[from, end) to `words` until there are wordsMax of them. Returns where
 * it stopped: at the end of the line when there are no more. Throws a ProtocolError when quotes are
 * not balanced. Words are views on the line, in which quoted text becomes plain where it stands.
 */
export function splitWords(line: Buffer, from: number, words: Buffer[], wordsMax: number): number {
  let at = from;
  for (;;) {
    while (at < line.length && isSpace(line[at]!)) at++;
    if (at === line.length || words.length >= wordsMax) return at;
    const start = at;
    while (at < line.length && !endsWord(line[at]!)) at++;
    const quote = line[at];
    if (quote !== QUOTE && quote !== APOSTROPHE) {
      words.push(line.subarray(start, at));
      continue;
    }
    const text = { line, end: at };
    at = quote === QUOTE ? readQuoted(text, at + 1) : readApostrophed(text, at + 1);
    if (at < line.length && !isSpace(line[at]!)) throw protocolError("quotes");
    words.push(line.subarray(start, text.end));
  }
}

/** The plain text of a quoted one, up to `end`. It is never longer than the quoted text. */
interface Text {
  line: Buffer;
  end: number;
}

/** Returns where the text after the closing quote starts. */
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
  throw protocolError("quotes");
}

/** As readQuoted(). Only an apostrophe can be escaped. */
function readApostrophed(text: Text, from: number): number {
  const { line } = text;
  for (let at = from; at < line.length; at++) {
    if (line[at] === APOSTROPHE) return at + 1;
    if (line[at] === BACKSLASH && line[at + 1] === APOSTROPHE) at++;
    line[text.end++] = line[at]!;
  }
  throw protocolError("quotes");
}

/** As C's isspace: tab, LF, VT, FF, CR and the space. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13);
}

/** In Redis too, VT and FF are skipped in front of a word, but do not end it. */
function endsWord(byte: number): boolean {
  if (byte === QUOTE || byte === APOSTROPHE || byte === SPACE) return true;
  return byte === 9 || byte === 10 || byte === 13;
}

/** The value of a hexadecimal digit; -1 when it is none. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
