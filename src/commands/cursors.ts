// The cursors of SCAN. Drivers take them for decimal numbers, so each is a random number, and this
// okq keeps the place that it stands for. The cursors that were used last stay.
import { randomInt } from "node:crypto";
import { nameOf } from "../queue/name-cache.ts";

const CURSORS_MAX = 4096;
/** Of the names that they stand for. */
const BYTES_MAX = 4 * 1024 * 1024;
/** Every driver can read it, also in a double. */
const NUMBER_END = 2 ** 47;

export class Cursors {
  /** Least recently used first. */
  readonly #places = new Map<number, Buffer>();
  /** A scan of the same names gets the same cursors. */
  readonly #numbers = new Map<string, number>();
  #bytes = 0;

  /** The cursor for going on behind that name. */
  cursorOf(place: Buffer): number {
    const known = this.#numbers.get(nameOf(place));
    const number = known ?? this.#unusedNumber();
    if (known === undefined) this.#bytes += place.length;
    this.#touch(number, known === undefined ? Buffer.from(place) : this.#places.get(known)!);
    while (this.#places.size > CURSORS_MAX || this.#bytes > BYTES_MAX) this.#forgetOldest();
    return number;
  }

  /** The name behind which to go on; undefined if the cursor is not known. */
  placeOf(cursor: number): Buffer | undefined {
    const place = this.#places.get(cursor);
    if (place) this.#touch(cursor, place);
    return place;
  }

  #touch(number: number, place: Buffer): void {
    this.#places.delete(number);
    this.#places.set(number, place);
    this.#numbers.set(nameOf(place), number);
  }

  #forgetOldest(): void {
    const [[number, place]] = this.#places as unknown as [[number, Buffer]];
    this.#places.delete(number);
    this.#numbers.delete(nameOf(place));
    this.#bytes -= place.length;
  }

  #unusedNumber(): number {
    for (;;) {
      const number = randomInt(1, NUMBER_END);
      if (!this.#places.has(number)) return number;
    }
  }
}
