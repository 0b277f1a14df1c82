// Bytes that arrive in pieces, joined in memory of their own. It knows only how many bytes there
// can be at most, and takes memory as they arrive.

const NOTHING: Buffer = Buffer.alloc(0);
const SMALLEST = 256;
/** A client that sent this much sends the rest. The system hands out memory as it is written to. */
const TRUSTED = 1024 * 1024;

export class Accumulator {
  #buffer = NOTHING;
  #length = 0;

  constructor(readonly bytesMax: number) {}

  get length(): number {
    return this.#length;
  }

  /** Bytes asked of the system: up to 1 MiB less than twice what was appended, or 256. */
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
    const capacity = doubled > TRUSTED ? this.bytesMax : Math.min(doubled, this.bytesMax);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
