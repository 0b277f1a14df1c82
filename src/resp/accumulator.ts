// Bytes that arrive in pieces, joined in memory of their own, which grows as they arrive.

const NOTHING: Buffer = Buffer.alloc(0);
const CAPACITY_MIN = 256;
/** From here on all of it is allocated: the system provides pages only when they are written to. */
const EAGER_BYTES_MIN = 1024 * 1024;

export class Accumulator {
  #buffer = NOTHING;
  #length = 0;

  constructor(readonly bytesMax: number) {}

  get length(): number {
    return this.#length;
  }

  /** Allocated bytes: at least 256; up to 1 MiB, at most twice the appended bytes. */
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

  /** A view of all bytes appended. When these are bytesMax bytes, it is the whole allocation. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, this.#buffer.length * 2, CAPACITY_MIN);
    const capacity = doubled > EAGER_BYTES_MIN ? this.bytesMax : Math.min(doubled, this.bytesMax);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
