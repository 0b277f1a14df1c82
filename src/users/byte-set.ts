// A set of bytes, as `[...]` in a glob of Redis names it: `[ab]`, `[a-z]`, `[^a]`.

const DASH = 45;
const BACKSLASH = 92;
const CLOSING = 93;
const CARET = 94;
const BYTES = 256;

export class ByteSet {
  static readonly ALL = new ByteSet(new Uint8Array(BYTES).fill(1));

  /** 1 for each byte that is in it. */
  readonly #has: Uint8Array;

  private constructor(has: Uint8Array) {
    this.#has = has;
  }

  has(byte: number): boolean {
    return this.#has[byte] === 1;
  }

  /**
   * Reads it from behind its opening bracket. `end` is the index of its closing bracket, or that of
   * the last byte if there is none.
   */
  static read(text: Buffer, first: number): { set: ByteSet; end: number } {
    const has = new Uint8Array(BYTES);
    const isNegated = text[first] === CARET;
    let at = isNegated ? first + 1 : first;
    for (; at < text.length && text[at] !== CLOSING; at++) {
      const byte = text[at]!;
      if (byte === BACKSLASH && at + 1 < text.length) has[text[++at]!] = 1;
      else if (text[at + 1] === DASH && at + 2 < text.length) {
        at += 2;
        const other = text[at]!;
        has.fill(1, Math.min(byte, other), Math.max(byte, other) + 1);
      } else has[byte] = 1;
    }
    const set = new ByteSet(isNegated ? has.map((value) => 1 - value) : has);
    return { set, end: Math.min(at, text.length - 1) };
  }
}
