// Values of SQLite as bytes: a kind, then what it needs. Numbers take seven bits a byte, the lowest
// first; texts are UTF-8, as SQLite has them.

import type { Value } from "../sqlite/statements.ts";

const [NULL, POSITIVE, NEGATIVE, DOUBLE, TEXT, BYTES] = [0, 1, 2, 3, 4, 5];
const startBytes = 64 * 1024;
/** A larger buffer is let go after use. */
const keptBytesMax = 4 * 1024 * 1024;
const numberBytesMax = 8;

export class RecordedValues {
  #bytes = Buffer.allocUnsafe(startBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** The bytes so far, which the caller owns. */
  take(): Buffer {
    const isLarge = this.#bytes.length > keptBytesMax;
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    if (!isLarge) return Buffer.from(taken);
    this.#bytes = Buffer.allocUnsafe(startBytes);
    return taken;
  }

  /** An integer from 0 to 2^53. */
  number(number: number): void {
    this.#reserve(numberBytesMax);
    let left = number;
    while (left >= 128) {
      this.#bytes[this.#length++] = (left % 128) + 128;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#length++] = left;
  }

  text(text: string): void {
    // A character takes at most three bytes.
    if (text.length > 1024) return this.bytes(Buffer.from(text));
    const count = Buffer.byteLength(text);
    this.number(count);
    this.#reserve(count);
    this.#length += this.#bytes.write(text, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  value(value: Value): void {
    if (typeof value === "string") {
      this.number(TEXT);
      this.text(value);
    } else if (typeof value === "number") this.#numeric(value);
    else if (value === null) this.number(NULL);
    else {
      this.number(BYTES);
      this.bytes(value);
    }
  }

  #numeric(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.number(value < 0 ? NEGATIVE : POSITIVE);
      return this.number(Math.abs(value));
    }
    this.number(DOUBLE);
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what RecordedValues wrote. Throws an Error when the bytes are not that. */
export class RecordedReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor({ buffer, byteOffset, length }: Uint8Array) {
    this.#bytes = Buffer.from(buffer, byteOffset, length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  number(): number {
    let number = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error("it ends too early");
      if (byte < 128) number += byte * factor;
      else number += (byte - 128) * factor;
      if (number > Number.MAX_SAFE_INTEGER) throw new Error("it has a number that is too large");
      if (byte < 128) return number;
    }
  }

  text(): string {
    const from = this.#pass(this.number());
    return this.#bytes.toString("utf8", from, this.#at);
  }

  /** They share memory with what is read. */
  bytes(): Buffer {
    const from = this.#pass(this.number());
    return this.#bytes.subarray(from, this.#at);
  }

  value(): Value {
    const kind = this.number();
    switch (kind) {
      case NULL:
        return null;
      case POSITIVE:
        return this.number();
      case NEGATIVE:
        return -this.number();
      case DOUBLE:
        return this.#bytes.readDoubleLE(this.#pass(8));
      case TEXT:
        return this.text();
      case BYTES:
        return this.bytes();
      default:
        throw new Error(`it has a value of the unknown kind ${kind}`);
    }
  }

  /** Returns where so many bytes begin. */
  #pass(count: number): number {
    const from = this.#at;
    if (count > this.#bytes.length - from) throw new Error("it ends too early");
    this.#at += count;
    return from;
  }
}
