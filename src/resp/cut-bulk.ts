// An argument that does not arrive in one chunk, and the CRLF behind it: joined in memory of its
// own, or skipped. Resumable at every byte.
import { Accumulator } from "./accumulator.ts";

const CR = 13;
const LF = 10;
const NOTHING: Buffer = Buffer.alloc(0);

export class CutBulk {
  /** Where read() or skip() stopped. */
  at = 0;
  /** Complete, but for the CRLF. */
  contents: Buffer | undefined;
  #partial: Accumulator | undefined;
  #skipped = 0;
  #atLineFeed = false;

  get isBegun(): boolean {
    return this.contents !== undefined || this.#partial !== undefined;
  }

  get heldBytes(): number {
    return this.contents?.length ?? this.#partial?.capacity ?? 0;
  }

  clear(): void {
    this.contents = undefined;
    this.#partial = undefined;
  }

  /**
   * The argument of that length once it and its CRLF are there; of a cut one at most bytesMax are
   * copied at once. Undefined: call again with what follows; null: there is no CRLF behind it.
   */
  read(
    chunk: Buffer,
    from: number,
    end: number,
    length: number,
    bytesMax: number,
  ): Buffer | undefined | null {
    this.at = from;
    this.contents ??= this.#readContents(chunk, end, length, bytesMax);
    return this.#readLineEnd(chunk, end);
  }

  /** As read(), but the argument is not kept: it comes out empty. */
  skip(chunk: Buffer, from: number, end: number, length: number): Buffer | undefined | null {
    this.at = from;
    if (this.contents === undefined) {
      const skipped = Math.min(length - this.#skipped, end - from);
      this.at += skipped;
      this.#skipped += skipped;
      if (this.#skipped < length) return undefined;
      this.#skipped = 0;
      this.contents = NOTHING;
    }
    return this.#readLineEnd(chunk, end);
  }

  #readContents(chunk: Buffer, end: number, length: number, bytesMax: number): Buffer | undefined {
    const from = this.at;
    const missing = length - (this.#partial?.length ?? 0);
    if (missing === length && from + length <= end) {
      this.at = from + length;
      return length === 0 ? NOTHING : chunk.subarray(from, this.at);
    }
    const to = Math.min(from + missing, end, from + bytesMax);
    if (to === from) return undefined;
    this.at = to;
    this.#partial ??= new Accumulator(length);
    this.#partial.append(chunk, from, to);
    if (this.#partial.length < length) return undefined;
    const contents = this.#partial.bytes();
    this.#partial = undefined;
    return contents;
  }

  #readLineEnd(chunk: Buffer, end: number): Buffer | undefined | null {
    const { contents } = this;
    if (contents === undefined || this.at === end) return undefined;
    if (!this.#atLineFeed) {
      if (chunk[this.at++] !== CR) return null;
      this.#atLineFeed = true;
      if (this.at === end) return undefined;
    }
    if (chunk[this.at++] !== LF) return null;
    this.#atLineFeed = false;
    this.contents = undefined;
    return contents;
  }
}
