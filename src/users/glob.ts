// A pattern of bytes: `*` matches any bytes, `?` one byte, and every other byte itself. In a glob
// of Redis `[...]` is one of some bytes.
import { ByteSet } from "./byte-set.ts";

const STAR = 42;
const QUESTION_MARK = 63;
const BRACKET = 91;
const BACKSLASH = 92;
export const ANY_BYTES = -1;
export const ANY_BYTE = ByteSet.ALL;

/** A byte, one of some bytes, or ANY_BYTES. */
export type GlobPart = number | ByteSet;

/** The part between two stars. Where there is a set, one of its bytes matches. */
interface Piece {
  bytes: Buffer;
  sets: (ByteSet | null)[] | null;
}

export class Glob {
  /** Every name that matches begins with these bytes. */
  readonly prefix: Buffer;
  readonly #pieces: Piece[];

  constructor(parts: GlobPart[]) {
    const runs: GlobPart[][] = [[]];
    for (const part of parts) {
      if (part === ANY_BYTES) runs.push([]);
      else runs.at(-1)!.push(part);
    }
    this.#pieces = runs.map(pieceOf);
    const fixed = runs[0]!.findIndex((part) => part instanceof ByteSet);
    const { bytes } = this.#pieces[0]!;
    this.prefix = fixed < 0 ? bytes : bytes.subarray(0, fixed);
  }

  /** Reads a pattern in which `\` makes the next byte stand for itself. */
  static of(text: Buffer): Glob {
    return new Glob(partsOf(text, false));
  }

  /** The same with `[...]`, as Redis reads it. */
  static ofRedis(text: Buffer): Glob {
    return new Glob(partsOf(text, true));
  }

  /** Whether it consists of stars only. */
  get matchesAll(): boolean {
    return this.#pieces.length > 1 && this.#pieces.every(({ bytes }) => bytes.length === 0);
  }

  /** Takes time proportional to the lengths of name and pattern, also with many stars. */
  matches(name: Buffer): boolean {
    const first = this.#pieces[0]!;
    const last = this.#pieces.at(-1)!;
    if (this.#pieces.length === 1) {
      return name.length === first.bytes.length && isAt(name, 0, first);
    }
    const end = name.length - last.bytes.length;
    let at = first.bytes.length;
    if (end < at || !isAt(name, 0, first) || !isAt(name, end, last)) return false;
    for (let index = 1; index < this.#pieces.length - 1; index++) {
      const piece = this.#pieces[index]!;
      const found = find(name, at, end, piece);
      if (found < 0) return false;
      at = found + piece.bytes.length;
    }
    return true;
  }
}

function partsOf(text: Buffer, hasSets: boolean): GlobPart[] {
  const parts: GlobPart[] = [];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === BACKSLASH && at + 1 < text.length) parts.push(text[++at]!);
    else if (byte === BRACKET && hasSets) {
      const { set, end } = ByteSet.read(text, at + 1);
      parts.push(set);
      at = end;
    } else parts.push(globPart(byte));
  }
  return parts;
}

/** What a byte of a pattern stands for, unless it is escaped. */
export function globPart(byte: number): GlobPart {
  if (byte === STAR) return ANY_BYTES;
  return byte === QUESTION_MARK ? ANY_BYTE : byte;
}

function pieceOf(parts: GlobPart[]): Piece {
  const sets = parts.map((part) => (part instanceof ByteSet ? part : null));
  const bytes = Buffer.from(parts.map((part) => (part instanceof ByteSet ? 0 : part)));
  return { bytes, sets: sets.some((set) => set !== null) ? sets : null };
}

function isAt(name: Buffer, from: number, { bytes, sets }: Piece): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = name[from + at]!;
    const set = sets?.[at];
    if (set ? !set.has(byte) : byte !== bytes[at]) return false;
  }
  return true;
}

/** The first index of the piece within these bounds, or -1. */
function find(name: Buffer, from: number, end: number, piece: Piece): number {
  const { bytes, sets } = piece;
  if (bytes.length === 0) return from;
  if (!sets) {
    const found = name.subarray(from, end).indexOf(bytes);
    return found < 0 ? found : from + found;
  }
  for (let at = from; at + bytes.length <= end; at++) if (isAt(name, at, piece)) return at;
  return -1;
}
