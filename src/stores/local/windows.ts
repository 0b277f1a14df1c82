// The windows of a queue: for each its end, and a hash of its id or unique key, and of a key the id
// of the event that has taken it. The hash has 85 bits and
// depends on secrets of this process, so that in practice no two ids share one.
import { hash64 } from "../../runtime/runtime.ts";
import { ColdIndex } from "./cold-index.ts";
import { hashOf } from "./hash-index.ts";
import { TimeLine, type TimeAndRank } from "./time-line.ts";

const secret = crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
/** As many as a number holds exactly. */
const markBits = 53;

interface Owned {
  hash: number;
  owner: string;
}

/** The windows of one queue, in the order of their ends. */
export class Windows {
  /** By end and mark; the values are the hashes, and of keys the hash and the owner. */
  readonly #line = new TimeLine<number | Owned>();
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

  /** Who has taken it; it has a window. */
  ownerOf(id: string): string {
    const value = this.#line.at(this.endOf(id), markOf(id));
    return typeof value === "object" ? value.owner : "";
  }

  /** The id has no window. owner: empty for none. */
  add(id: string, endsAtMs: number, owner = ""): void {
    const hash = hashOf(id);
    this.#add(endsAtMs, markOf(id), owner === "" ? hash : { hash, owner });
  }

  /** The id has a window that ends then. */
  remove(id: string, endsAtMs: number): void {
    this.#remove(endsAtMs, markOf(id), hashOf(id));
  }

  /** Removes the first one. Returns what puts it back. */
  removeFirst(): () => void {
    const [[[endsAtMs, mark], value]] = this.#line.page(null, 1, false) as [
      [TimeAndRank, number | Owned],
    ];
    this.#remove(endsAtMs, mark, typeof value === "object" ? value.hash : value);
    return () => this.#add(endsAtMs, mark, value);
  }

  #add(endsAtMs: number, mark: number, value: number | Owned): void {
    this.#line.add(endsAtMs, mark, value);
    this.#ends.add(typeof value === "object" ? value.hash : value, endsAtMs);
  }

  #remove(endsAtMs: number, mark: number, hash: number): void {
    this.#line.remove(endsAtMs, mark);
    this.#ends.remove(hash, endsAtMs);
  }
}

export function markOf(id: string): number {
  return Number(BigInt.asUintN(markBits, hash64(id, secret)));
}
