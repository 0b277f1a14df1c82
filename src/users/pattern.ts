// A pattern of queue names: `*` matches any bytes, `?` one byte, `\xHH` that byte, `\\` a
// backslash, and everything else itself. Names are compared as bytes.

const STAR = 42;
const QUESTION_MARK = 63;
const BACKSLASH = 92;
const ANY_BYTE = -1;
const ANY_BYTES = -2;

/** The part between two stars. A byte with isAny set matches any byte. */
interface Piece {
  bytes: Buffer;
  isAny: boolean[] | null;
}

export class Pattern {
  /** Every name that matches begins with these bytes. */
  readonly prefix: Buffer;
  readonly #pieces: Piece[];

  /** Throws a phrase such as "has a \ that ..." for an invalid pattern. */
  constructor(text: string) {
    const runs: number[][] = [[]];
    for (const part of partsOf(Buffer.from(text))) {
      if (part === ANY_BYTES) runs.push([]);
      else runs.at(-1)!.push(part);
    }
    this.#pieces = runs.map(pieceOf);
    const fixed = runs[0]!.indexOf(ANY_BYTE);
    const { bytes } = this.#pieces[0]!;
    this.prefix = fixed < 0 ? bytes : bytes.subarray(0, fixed);
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

/** Each part is a byte, ANY_BYTE or ANY_BYTES. */
function partsOf(text: Buffer): number[] {
  const parts: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === STAR) parts.push(ANY_BYTES);
    else if (byte === QUESTION_MARK) parts.push(ANY_BYTE);
    else if (byte !== BACKSLASH) parts.push(byte);
    else {
      const escape = text.toString("latin1", at + 1, at + 4);
      const [, hex] = /^x([\da-f]{2})/i.exec(escape) ?? [];
      if (hex === undefined && !escape.startsWith("\\")) {
        throw new Error("has a \\ that is not followed by \\ or by x and two hex digits");
      }
      parts.push(hex === undefined ? BACKSLASH : Number.parseInt(hex, 16));
      at += hex === undefined ? 1 : 3;
    }
  }
  return parts;
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
