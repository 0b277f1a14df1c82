// Numbers by a hash, such as the keys of the cold events of a queue by the hash of their id. Takes
// 12 bytes a place, in typed arrays, which the garbage collector does not scan.

/** Small, because there may be very many queues with one event each. */
const capacityMin = 4;
const shardBits = 8;
/** A larger index is split into shards, so that no growth takes long. */
const entriesOfOneTableMax = 32_768;

/** All in O(1), amortised. Keys are positive. Hashes and keys may occur in several pairs. */
export class ColdIndex {
  #tables: ColdTable[] = [new ColdTable()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The bytes that it takes. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  /** The caller has made sure that the key is not there. */
  add(hash: number, key: number): void {
    if (++this.#size > entriesOfOneTableMax && this.#tables.length === 1) this.#split();
    this.#tableOf(hash).add(hash, key);
  }

  /** The key must be in here under that hash. */
  remove(hash: number, key: number): void {
    this.#size--;
    this.#tableOf(hash).remove(hash, key);
  }

  /** The first key of that hash for which `matches` holds; 0 when there is none. */
  find(hash: number, matches: (key: number) => boolean): number {
    return this.#tableOf(hash).find(hash, matches);
  }

  /** In no particular order. */
  *keys(): Generator<number> {
    for (const table of this.#tables) yield* table.keys();
  }

  #tableOf(hash: number): ColdTable {
    const { length } = this.#tables;
    return this.#tables[length === 1 ? 0 : hash >>> (32 - shardBits)] as ColdTable;
  }

  #split(): void {
    const whole = this.#tables[0] as ColdTable;
    this.#tables = Array.from({ length: 1 << shardBits }, () => new ColdTable());
    whole.forEach((hash, key) => this.#tableOf(hash).add(hash, key));
  }
}

/** Open addressing with linear probing; at most three quarters are taken. */
class ColdTable {
  #hashes = new Int32Array(capacityMin);
  /** 0 where a place is empty. */
  #keys = new Float64Array(capacityMin);
  #size = 0;

  get bytes(): number {
    return this.#hashes.byteLength + this.#keys.byteLength;
  }

  add(hash: number, key: number): void {
    if (++this.#size > this.#keys.length * 0.75) this.#resize(this.#keys.length * 2);
    this.#put(hash, key);
  }

  find(hash: number, matches: (key: number) => boolean): number {
    const mask = this.#keys.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const key = this.#keys[at] as number;
      if (key === 0 || (this.#hashes[at] === hash && matches(key))) return key;
    }
  }

  remove(hash: number, key: number): void {
    const [hashes, keys] = [this.#hashes, this.#keys];
    const mask = keys.length - 1;
    let gap = hash & mask;
    while (keys[gap] !== key || hashes[gap] !== hash) gap = (gap + 1) & mask;
    // Moves entries into the gap that come after it only because their own place was taken.
    for (let at = (gap + 1) & mask; keys[at] !== 0; at = (at + 1) & mask) {
      if (((at - (hashes[at] as number)) & mask) < ((at - gap) & mask)) continue;
      keys[gap] = keys[at] as number;
      hashes[gap] = hashes[at] as number;
      gap = at;
    }
    keys[gap] = 0;
    const isSparse = --this.#size < keys.length >> 3;
    if (isSparse && keys.length > capacityMin) this.#resize(keys.length >> 1);
  }

  *keys(): Generator<number> {
    for (const key of this.#keys) if (key !== 0) yield key;
  }

  forEach(visit: (hash: number, key: number) => void): void {
    for (const [at, key] of this.#keys.entries()) {
      if (key !== 0) visit(this.#hashes[at] as number, key);
    }
  }

  #put(hash: number, key: number): void {
    const mask = this.#keys.length - 1;
    let at = hash & mask;
    while (this.#keys[at] !== 0) at = (at + 1) & mask;
    this.#hashes[at] = hash;
    this.#keys[at] = key;
  }

  #resize(capacity: number): void {
    const [hashes, keys] = [this.#hashes, this.#keys];
    this.#hashes = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
    for (let at = 0; at < keys.length; at++) {
      if (keys[at] !== 0) this.#put(hashes[at] as number, keys[at] as number);
    }
  }
}

/** A hash of a whole number. */
export function hashOfNumber(number: number): number {
  const hash = Math.imul(number, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
