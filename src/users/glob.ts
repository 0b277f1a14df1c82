// A pattern of bytes: `*` matches any bytes, `?` one byte, and every other byte itself.

const STAR = 42;
const QUESTION_MARK = 63;
const BACKSLASH = 92;
export const ANY_BYTE = -1;
export const ANY_BYTES = -2;

/** The part between two stars. A byte with isAny set matches any byte. */
interface Piece {
  bytes: Buffer;
  isAny: boolean[] | null;
}

export class Glob {
  /** Every name that matches begins with these bytes. */
  readonly prefix: Buffer;
  readonly #pieces: Piece[];

  /** Each part is a byte, ANY_BYTE or ANY_BYTES. */
  constructor(parts: number[]) {
    const runs: number[][] = [[]];
    for (const part of parts) {
      if (part === ANY_BYTES) runs.push([]);
      else runs.at(-1)!.push(part);
    }
    this.#pieces = runs.map(pieceOf);
    const fixed = runs[0]!.indexOf(ANY_BYTE);
    const { bytes } = this.#pieces[0]!;
    this.prefix = fixed < 0 ? bytes : bytes.subarray(0, fixed);
  }

  /** Reads a pattern in which `\` makes the next byte stand for itself. */
  static of(text: Buffer): Glob {
    const parts: number[] = [];
    for (let at = 0; at < text.length; at++) {
      const byte = text[at]!;
      if (byte === BACKSLASH && at + 1 < text.length) parts.push(text[++at]!);
      else parts.push(globPart(byte));
    }
    return new Glob(parts);
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

/** What a byte of a pattern stands for, unless it is escaped. */
export function globPart(byte: number): number {
  if (byte === STAR) return ANY_BYTES;
  return byte === QUESTION_MARK ? ANY_BYTE : byte;
}

function pieceOf(parts: number[]): Piece {
  const isAny = parts.map((part) => part === ANY_BYTE);
  const bytes = Buffer.from(parts.map((part) => Math.max(part, 0)));
  return { bytes, isAny: isAny.includes(true) ? isAny : null };
}

function isAt(name: Buffer, from: number, { bytes, isAny }: Piece): boolean {
  for (let at = 0; at < bytes.length; at++) {
    if (name[from + at] !== bytes[at] && !isAny?.[at]) return false;
  }
  return true;
}

/** The first index of the piece within these bounds, or -1. */
function find(name: Buffer, from: number, end: number, piece: Piece): number {
  const { bytes, isAny } = piece;
  if (bytes.length === 0) return from;
  if (!isAny) {
    const found = name.subarray(from, end).indexOf(bytes);
    return found < 0 ? found : from + found;
  }
  for (let at = from; at + bytes.length <= end; at++) if (isAt(name, at, piece)) return at;
  return -1;
}
