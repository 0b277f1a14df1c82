// The cursors of SCAN. Drivers take them for decimal numbers, so each is a random number, and this
// okq keeps the place that it stands for. The cursors that were used last stay.
import { randomInt } from "node:crypto";
import { nameOf } from "../queue/name-cache.ts";
import type { Place } from "./key-place.ts";

const CURSORS_MAX = 4096;
/** Of the names that they stand for. */
const BYTES_MAX = 4 * 1024 * 1024;
/** Every driver can read it, also in a double. */
const NUMBER_END = 2 ** 47;

export class Cursors {
  /** Least recently used first. */
  readonly #places = new Map<number, Place>();
  /** A scan of the same names gets the same cursors. */
  readonly #numbers = new Map<string, number>();
  #bytes = 0;

  /** The cursor for going on at that place. */
  cursorOf(place: Place): number {
    const known = this.#numbers.get(keyOf(place));
    if (known !== undefined) {
      this.#use(known, this.#places.get(known)!);
      return known;
    }
    const number = this.#unusedNumber();
    // A name of its own: a part of a page would keep all of it in memory.
    const own = { ...place, after: place.after && Buffer.from(place.after) };
    this.#use(number, own);
    this.#numbers.set(keyOf(own), number);
    this.#bytes += bytesOf(own);
    while (this.#places.size > CURSORS_MAX || this.#bytes > BYTES_MAX) this.#forgetOldest();
    return number;
  }

  /** undefined: the cursor is not known. */
  placeOf(cursor: number): Place | undefined {
    const place = this.#places.get(cursor);
    if (place) this.#use(cursor, place);
    return place;
  }

  #use(number: number, place: Place): void {
    this.#places.delete(number);
    this.#places.set(number, place);
  }

  #forgetOldest(): void {
    const [[number, place]] = this.#places as unknown as [[number, Place]];
    this.#places.delete(number);
    this.#numbers.delete(keyOf(place));
    this.#bytes -= bytesOf(place);
  }

  #unusedNumber(): number {
    for (;;) {
      const number = randomInt(1, NUMBER_END);
      if (!this.#places.has(number)) return number;
    }
  }
}

function keyOf({ part, after }: Place): string {
  return after === null ? part : `${part} ${nameOf(after)}`;
}

function bytesOf({ after }: Place): number {
  return after?.length ?? 0;
}
