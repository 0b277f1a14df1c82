// Entries of streams: fields as the contents of an event, and events as entries. The contents are
// the RESP array of names and values in turn, as a driver would send it.
import type { StreamEntry } from "../queue/streams.ts";
import { Encoded, type Reply } from "../resp/reply.ts";
import { slabPiece } from "../resp/slab.ts";

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;

/** A type and two line ends. */
const FRAME_BYTES = 5;
/** A shorter value is copied faster by hand than by a call into native code. */
const NATIVE_COPY_BYTES_MIN = 24;
/** Larger contents get memory of their own, which is freed with them. */
const PIECE_BYTES_MAX = 2048;
/** Of an entry in a reply, besides its id and its contents. */
const ENTRY_BYTES = 24;
const DIGITS_MAX = 9;
/** Of an event whose contents are no fields. */
const CONTENTS = Buffer.from("contents");

/** The contents of an entry with the fields that begin at that argument, and `bytes` of them. */
export function contentsOf(args: Buffer[], first: number, bytes: number): Buffer {
  const contents = bytes <= PIECE_BYTES_MAX ? slabPiece(bytes) : Buffer.allocUnsafeSlow(bytes);
  let at = writeHead(contents, 0, STAR, args.length - first);
  for (let next = first; next < args.length; next++) {
    const value = args[next]!;
    at = writeHead(contents, at, DOLLAR, value.length);
    if (value.length < NATIVE_COPY_BYTES_MIN) {
      for (let from = 0; from < value.length; from++) contents[at++] = value[from]!;
    } else {
      contents.set(value, at);
      at += value.length;
    }
    contents[at++] = CR;
    contents[at++] = LF;
  }
  return contents;
}

/** How many bytes contentsOf() has. */
export function contentBytesOf(args: Buffer[], first: number): number {
  let bytes = FRAME_BYTES - 2 + digitsOf(args.length - first);
  for (let at = first; at < args.length; at++) {
    const { length } = args[at]!;
    bytes += FRAME_BYTES + digitsOf(length) + length;
  }
  return bytes;
}

/** `[id, [name, value, ...]]`. */
export function entryReply({ id, contents }: StreamEntry): Reply {
  return [id, fieldsReply(contents)];
}

/** About how many bytes it has in a reply. */
export function bytesOf({ id, contents }: StreamEntry): number {
  return id.length + contents.length + ENTRY_BYTES;
}

/** The contents are a part of a reply as they are, or else the value of one field. */
export function fieldsReply(contents: Buffer): Reply {
  return areFields(contents) ? new Encoded(contents) : [CONTENTS, contents];
}

/** Whether the contents are exactly the array of an even number of strings, and at least of two. */
export function areFields(contents: Buffer): boolean {
  const count = numberAt(contents, 0, STAR);
  if (count < 2 || count % 2 === 1) return false;
  let at = behind(0, count);
  for (let left = count; left > 0; left--) {
    const length = numberAt(contents, at, DOLLAR);
    if (length < 0) return false;
    at = behind(at, length) + length;
    if (contents[at] !== CR || contents[at + 1] !== LF) return false;
    at += 2;
  }
  return at === contents.length;
}

/** The number in the line of that type at this place; -1 if there is no such line. */
function numberAt(bytes: Buffer, at: number, type: number): number {
  if (bytes[at] !== type) return -1;
  let [value, next] = [0, at + 1];
  for (; bytes[next] !== CR; next++) {
    const digit = bytes[next]! - ZERO;
    const isFirst = next === at + 1;
    // Undefined behind the end: then it is not a number. A number begins with 0 only if it is 0.
    if (!(digit >= 0 && digit <= 9) || next - at > DIGITS_MAX) return -1;
    if (!isFirst && value === 0) return -1;
    value = value * 10 + digit;
  }
  return next > at + 1 && bytes[next + 1] === LF ? value : -1;
}

/** Where the line of that number ends. */
function behind(at: number, value: number): number {
  return at + FRAME_BYTES - 2 + digitsOf(value);
}

function writeHead(bytes: Buffer, start: number, type: number, value: number): number {
  bytes[start] = type;
  const end = start + 1 + digitsOf(value);
  for (let [at, rest] = [end, value]; at > start + 1; rest = (rest / 10) | 0) {
    bytes[--at] = ZERO + (rest % 10);
  }
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return end + 2;
}

/** Of an integer from 0 to 999,999,999. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
