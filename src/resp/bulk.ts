// The contents of an argument and the CRLF after them: joined in memory of their own when they do
// not arrive in one chunk, or skipped. Resumable at every byte.
import { Accumulator } from "./accumulator.ts";
import type { Effort } from "./effort.ts";
import type { Chunks } from "./chunks.ts";
import { protocolError } from "./protocol-error.ts";

const CR = 13;
const LF = 10;
const NOTHING: Buffer = Buffer.alloc(0);

export class Bulk {
  /** The contents once they are complete, until the CRLF after them is there too. */
  contents: Buffer | undefined;
  #partial: Accumulator | undefined;
  #skipped = 0;
  #isAtLineFeed = false;

  get heldBytes(): number {
    return this.contents?.length ?? this.#partial?.capacity ?? 0;
  }

  clear(): void {
    this.contents = undefined;
    this.#partial = undefined;
  }

  /**
   * The argument of that length; undefined when bytes are missing or the effort is spent. Throws a
   * ProtocolError when no CRLF follows: the length is wrong, if only because characters were
   * counted instead of bytes. Redis would skip any two bytes here, and an event would be cut short
   * without anybody noticing.
   */
  read(input: Chunks, length: number, effort: Effort): Buffer | undefined {
    this.contents ??= this.#readContents(input, length, effort);
    return this.#readLineEnd(input);
  }

  /** As read(), but the contents are not kept: the argument is empty. */
  skip(input: Chunks, length: number): Buffer | undefined {
    if (this.contents === undefined) {
      const skipped = Math.min(length - this.#skipped, input.end - input.at);
      input.at += skipped;
      this.#skipped += skipped;
      if (this.#skipped < length) return undefined;
      this.#skipped = 0;
      this.contents = NOTHING;
    }
    return this.#readLineEnd(input);
  }

  #readContents(input: Chunks, length: number, effort: Effort): Buffer | undefined {
    const { chunk, at: from, end } = input;
    const isWhole = this.#partial === undefined && from + length <= end;
    if (isWhole) {
      input.at = from + length;
      return length === 0 ? NOTHING : chunk.subarray(from, input.at);
    }
    const missing = length - (this.#partial?.length ?? 0);
    const to = Math.min(from + missing, end, from + effort.bytesLeft);
    if (to === from) return undefined;
    this.#partial ??= new Accumulator(length);
    this.#partial.append(chunk, from, to);
    effort.spendBytes(to - from);
    input.at = to;
    if (this.#partial.length < length) return undefined;
    const contents = this.#partial.bytes();
    this.#partial = undefined;
    return contents;
  }

  #readLineEnd(input: Chunks): Buffer | undefined {
    const { contents } = this;
    if (contents === undefined || input.isAtEnd) return undefined;
    if (!this.#isAtLineFeed) {
      this.#expect(input, CR);
      this.#isAtLineFeed = true;
      if (input.isAtEnd) return undefined;
    }
    this.#expect(input, LF);
    this.#isAtLineFeed = false;
    this.contents = undefined;
    return contents;
  }

  #expect(input: Chunks, byte: number): void {
    if (input.chunk[input.at++] !== byte) throw protocolError("length");
  }
}
