// Events of a queue as bytes in a few large buffers, by their keys. Millions of objects would make
// each garbage collection long; these buffers cost it nothing.
//
// A record is appended to the newest slab. The space of removed records is not used again: when
// they are more than half of an older slab, its other records are appended anew and it is freed.
import { ColdIndex, hashOfNumber } from "./cold-index.ts";
import type { StoredEvent } from "./stored-event.ts";
import { encodeMore, type More } from "./more.ts";
import type { StateNumber, StoredState } from "./states.ts";

/** An address is the number of a slab and a word in it, of 8 bytes. */
const wordBits = 15;
const wordMask = 2 ** wordBits - 1;
/** So small that its records are moved in less than a millisecond. */
const slabBytesMax = 8 * 2 ** wordBits;
/** So small that a queue with one event does not take much. */
const slabBytesMin = 2 ** 10;
/** A new slab has about this part of the bytes that the others have. */
const slabShare = 1 / 8;
/** Larger events are better left as they are. */
const recordBytesMax = 2 ** 15;
/** Bytes of a record in the directory. */
const directoryBytes = 24;

/** A record: these numbers, then id, contents and the encoded rare facts. */
const numbers = { key: 0, atMs: 1, place: 2, lease: 3, pushedAtMs: 4, expiresAtMs: 5 };
/** In 32 bits each, behind the other numbers. `more` is its length and 1, or 0 for null. */
const sizes = { state: 12, id: 13, contents: 14, more: 15 };
const headBytes = 64;

/** The fields of a LocalEvent that is not claimed. */
interface Keepable {
  readonly key: number;
  readonly id: string;
  readonly contents: string | Buffer | null;
  readonly state: StateNumber;
  readonly atMs: number;
  readonly place: number;
  readonly lease: number;
  readonly pushedAtMs: number;
  readonly more: More | null;
  readonly otherBytes: number;
}

interface Slab {
  bytes: Buffer;
  /** The same bytes. */
  floats: Float64Array;
  ints: Int32Array;
  /** Bytes from the beginning that records take or took. */
  used: number;
  /** Bytes of records that were removed. */
  gone: number;
}

export class Slabs {
  /** By number; the first one is never used, so that no address is 0. */
  readonly #slabs: (Slab | null)[] = [null];
  readonly #freeNumbers: number[] = [];
  /** The number of the slab that new records are appended to; 0: none. */
  #newest = 0;
  /** The addresses of the records, by the hash of their keys. */
  readonly #directory = new ColdIndex();
  #slabBytes = 0;
  #liveBytes = 0;
  /** Of the contents of all records. */
  contentBytes = 0;

  get size(): number {
    return this.#directory.size;
  }

  /** About how much memory it takes, with all contents. */
  get bytes(): number {
    return this.#slabBytes + this.size * directoryBytes;
  }

  /** The event must be in no slab; see isSlabbable(). */
  add(event: Keepable): void {
    const { key, atMs, place, lease, pushedAtMs, more, state, id } = event;
    const contents = event.contents as string;
    const facts = encodeMore(more);
    const text = id + contents + (facts ?? "");
    const bytes = sizeOf(text.length);
    const address = this.#append(bytes);
    const slab = this.#slabAt(address);
    const { floats, ints } = slab;
    const float = address & wordMask;
    const int = float * 2;
    floats[float + numbers.key] = key;
    floats[float + numbers.atMs] = atMs;
    floats[float + numbers.place] = place;
    floats[float + numbers.lease] = lease;
    floats[float + numbers.pushedAtMs] = pushedAtMs;
    floats[float + numbers.expiresAtMs] = more === null ? 0 : more.expiresAtMs;
    ints[int + sizes.state] = state;
    ints[int + sizes.id] = id.length;
    ints[int + sizes.contents] = contents.length;
    ints[int + sizes.more] = facts === null ? 0 : facts.length + 1;
    slab.bytes.write(text, float * 8 + headBytes, "latin1");
    this.contentBytes += contents.length;
    this.#liveBytes += bytes;
    this.#directory.add(hashOfNumber(key), address);
  }

  /** The record of that key; undefined if there is none. */
  read(key: number): StoredEvent | undefined {
    const address = this.#find(key);
    if (address === 0) return undefined;
    const { bytes, floats, ints } = this.#slabAt(address);
    const float = address & wordMask;
    const int = float * 2;
    const moreLength = ints[int + sizes.more]!;
    const idAt = float * 8 + headBytes;
    const contentsAt = idAt + ints[int + sizes.id]!;
    const moreAt = contentsAt + ints[int + sizes.contents]!;
    return {
      key,
      id: bytes.toString("latin1", idAt, contentsAt),
      state: ints[int + sizes.state] as StoredState,
      atMs: floats[float + numbers.atMs]!,
      place: floats[float + numbers.place]!,
      lease: floats[float + numbers.lease]!,
      token: 0,
      claimant: null,
      pushedAtMs: floats[float + numbers.pushedAtMs]!,
      expiresAtMs: floats[float + numbers.expiresAtMs]!,
      unique: null,
      priority: null,
      group: null,
      more: moreLength === 0 ? null : bytes.toString("latin1", moreAt, moreAt + moreLength - 1),
      contents: bytes.toString("latin1", contentsAt, moreAt),
    };
  }

  /** There must be a record of that key. */
  remove(key: number): void {
    const address = this.#find(key);
    const slab = this.#slabAt(address);
    const word = address & wordMask;
    const bytes = recordBytes(slab, word);
    this.#directory.remove(hashOfNumber(key), address);
    this.contentBytes -= slab.ints[word * 2 + sizes.contents]!;
    this.#liveBytes -= bytes;
    slab.floats[word + numbers.key] = 0;
    slab.gone += bytes;
    this.#tidy(address >>> wordBits);
  }

  /** 0: none. */
  #find(key: number): number {
    return this.#directory.find(
      hashOfNumber(key),
      (address) => this.#slabAt(address).floats[(address & wordMask) + numbers.key] === key,
    );
  }

  #slabAt(address: number): Slab {
    return this.#slabs[address >>> wordBits]!;
  }

  /** Takes space for a record in the newest slab. Returns its address. */
  #append(bytes: number): number {
    let slab = this.#slabs[this.#newest];
    // More than once only if the records of older slabs have filled the new one.
    while (!slab || slab.used + bytes > slab.bytes.length) {
      const older = this.#newest;
      this.#newest = this.#open(bytes);
      if (older > 0) this.#tidy(older);
      slab = this.#slabs[this.#newest]!;
    }
    const word = slab.used / 8;
    slab.used += bytes;
    return this.#newest * 2 ** wordBits + word;
  }

  /** Adds a slab with space for so many bytes. Returns its number. */
  #open(bytes: number): number {
    let capacity = slabBytesMin;
    const wanted = Math.max(bytes, this.#liveBytes * slabShare);
    while (capacity < wanted && capacity < slabBytesMax) capacity *= 2;
    const buffer = new ArrayBuffer(capacity);
    const slab: Slab = {
      bytes: Buffer.from(buffer),
      floats: new Float64Array(buffer),
      ints: new Int32Array(buffer),
      used: 0,
      gone: 0,
    };
    this.#slabBytes += capacity;
    const number = this.#freeNumbers.pop() ?? this.#slabs.length;
    this.#slabs[number] = slab;
    return number;
  }

  /** Frees a slab if most of it is gone; the newest one only if all of it is. */
  #tidy(number: number): void {
    const slab = this.#slabs[number]!;
    const { floats, used, gone } = slab;
    if (number === this.#newest) {
      if (gone === used) slab.used = slab.gone = 0;
      return;
    }
    if (gone * 2 < used) return;
    const end = gone === used ? 0 : used / 8;
    for (let word = 0; word < end;) {
      const bytes = recordBytes(slab, word);
      const key = floats[word + numbers.key]!;
      if (key !== 0) this.#moveRecord(number * 2 ** wordBits + word, key, bytes);
      word += bytes / 8;
    }
    this.#slabs[number] = null;
    this.#freeNumbers.push(number);
    this.#slabBytes -= slab.bytes.length;
  }

  #moveRecord(address: number, key: number, bytes: number): void {
    const to = this.#append(bytes);
    const at = (address & wordMask) * 8;
    const toBytes = this.#slabAt(to).bytes;
    this.#slabAt(address).bytes.copy(toBytes, (to & wordMask) * 8, at, at + bytes);
    const hash = hashOfNumber(key);
    this.#directory.remove(hash, address);
    this.#directory.add(hash, to);
  }
}

/** Whether an event can be in a slab. Long contents stay as the buffer they came in. */
export function isSlabbable({ contents, otherBytes }: Keepable): boolean {
  if (typeof contents !== "string") return false;
  return sizeOf(contents.length + otherBytes) <= recordBytesMax;
}

function sizeOf(textLength: number): number {
  return (headBytes + textLength + 7) & ~7;
}

function recordBytes({ ints }: Slab, word: number): number {
  const int = word * 2;
  const more = Math.max(0, ints[int + sizes.more]! - 1);
  return sizeOf(ints[int + sizes.id]! + ints[int + sizes.contents]! + more);
}
