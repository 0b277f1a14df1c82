// Commands as bytes, and bytes as text. Text that okq sends need not be UTF-8: a byte that is not
// part of UTF-8 stands in a string as a lone surrogate from U+DC80 to U+DCFF (as in Python's
// "surrogateescape"), and goes back as that byte. So ids of any bytes pass through unharmed.
import { isUtf8 } from "node:buffer";

/** An argument of a command. Numbers are written as decimals. */
export type Word = string | number | Uint8Array;

const ESCAPE_BASE = 0xdc00;
const ESCAPE_MIN = 0xdc80;
const ESCAPE_MAX = 0xdcff;

/** The text of these bytes, from which bytesOf makes the same bytes. */
export function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = validLengthAt(bytes, at);
    text +=
      length > 0
        ? bytes.toString("utf8", at, at + length)
        : String.fromCharCode(ESCAPE_BASE + bytes[at]!);
    at += Math.max(1, length);
  }
  return text;
}

/** The length of the UTF-8 character there, or 0. */
function validLengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** The bytes of a text of any origin: UTF-8, and the bytes that textOf could not read as such. */
export function bytesOf(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    const isEscape = character.length === 1 && code >= ESCAPE_MIN && code <= ESCAPE_MAX;
    return isEscape ? Buffer.of(code - ESCAPE_BASE) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

/** Throws if these are no words of a command: sent, they would confuse all commands behind them. */
export function checkWords(words: readonly Word[]): void {
  if (words.length === 0) throw new TypeError("a command has a name");
  for (const [at, word] of words.entries()) {
    if (typeof word === "string" || typeof word === "number" || word instanceof Uint8Array)
      continue;
    const place =
      at === 0
        ? "the name of a command"
        : `${named(words[0])}: the word behind ${named(words[at - 1])}`;
    throw new TypeError(
      `${place} must be text, a number or bytes, got ${word === null ? "null" : typeof word}`,
    );
  }
}

const SHOWN_MAX = 100;

/** For people. */
function named(word: Word | undefined): string {
  return typeof word === "object" ? "bytes" : String(word).slice(0, SHOWN_MAX);
}

/** A command in RESP: pieces to be sent one after the other. */
export function encodeCommand(words: readonly Word[], into: (string | Uint8Array)[]): number {
  let text = `*${words.length}\r\n`;
  let bytes = 0;
  for (const word of words) {
    const given = typeof word === "number" ? String(word) : word;
    const exact = typeof given === "string" && !given.isWellFormed() ? bytesOf(given) : given;
    if (typeof exact === "string") {
      const length = Buffer.byteLength(exact);
      text += `$${length}\r\n${exact}\r\n`;
      bytes += length - exact.length;
    } else {
      text += `$${exact.byteLength}\r\n`;
      into.push(text, exact);
      bytes += text.length + exact.byteLength;
      text = "\r\n";
    }
  }
  into.push(text);
  return bytes + text.length;
}

/** All these pieces in one buffer of that many bytes. */
export function joined(pieces: readonly (string | Uint8Array)[], bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") at += buffer.write(piece, at);
    else {
      buffer.set(piece, at);
      at += piece.byteLength;
    }
  }
  return buffer;
}
