// Bytes that arrive in pieces, joined in memory of their own. It knows only how many bytes there
// can be at most, and takes that much memory only as they arrive.

const NOTHING: Buffer = Buffer.alloc(0);
const SMALLEST = 256;

export class Accumulator {
  #buffer = NOTHING;
  #length = 0;

  constructor(readonly bytesMax: number) {}

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory taken: less than twice what was appended, or 256 when that is more. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Copies chunk[from, to). Together the pieces must not exceed bytesMax. */
  append(chunk: Buffer, from: number, to: number): void {
    const length = this.#length + to - from;
    if (length > this.#buffer.length) this.#grow(length);
    chunk.copy(this.#buffer, this.#length, from, to);
    this.#length = length;
  }

  /** What was appended. With bytesMax bytes of it there is no slack behind the view. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.#buffer.length * 2, SMALLEST);
    const grown = Buffer.allocUnsafeSlow(Math.min(doubled, this.bytesMax));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
