// The dedupe windows of a queue: for each its end, and a hash of its id. The hash has 85 bits and
// depends on secrets of this process, so that in practice no two ids share one.
import { ColdIndex } from "./cold-index.ts";
import { hashOf } from "./hash-index.ts";
import { TimeLine, type TimeAndRank } from "./time-line.ts";

const secret = crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
/** As many as a number holds exactly. */
const markBits = 53;

/** The windows of one queue, in the order of their ends. */
export class Windows {
  /** By end and mark; the values are the hashes. */
  readonly #line = new TimeLine<number>();
  /** When they end, by hash. */
  readonly #ends = new ColdIndex();

  get size(): number {
    return this.#line.length;
  }

  /** When the first one ends; Infinity if there is none. */
  get firstMs(): number {
    return this.#line.firstMs;
  }

  /** How many end after that time. */
  countAfter(ms: number): number {
    return this.size - this.#line.countTo(ms);
  }

  /** When the window of that id ends; 0 if it has none. */
  endOf(id: string): number {
    const mark = markOf(id);
    return this.#ends.find(hashOf(id), (endsAtMs) => this.#line.has(endsAtMs, mark));
  }

  /** The id has no window. */
  add(id: string, endsAtMs: number): void {
    this.#add(endsAtMs, markOf(id), hashOf(id));
  }

  /** The id has a window that ends then. */
  remove(id: string, endsAtMs: number): void {
    this.#remove(endsAtMs, markOf(id), hashOf(id));
  }

  /** Removes the first one. Returns what puts it back. */
  removeFirst(): () => void {
    const [[[endsAtMs, mark], hash]] = this.#line.page(null, 1, false) as [[TimeAndRank, number]];
    this.#remove(endsAtMs, mark, hash);
    return () => this.#add(endsAtMs, mark, hash);
  }

  #add(endsAtMs: number, mark: number, hash: number): void {
    this.#line.add(endsAtMs, mark, hash);
    this.#ends.add(hash, endsAtMs);
  }

  #remove(endsAtMs: number, mark: number, hash: number): void {
    this.#line.remove(endsAtMs, mark);
    this.#ends.remove(hash, endsAtMs);
  }
}

function markOf(id: string): number {
  return Number(BigInt.asUintN(markBits, Bun.hash.wyhash(id, secret)));
}
