// The counters of one queue, by their keys.
import { ColdIndex } from "./cold-index.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { SortedNames } from "./sorted-names.ts";
import { TimeLine } from "./time-line.ts";
import { markOf } from "./windows.ts";

/** Members of a counter, as hashes: see windows.ts. */
export class Members {
  readonly #marks = new ColdIndex();

  get size(): number {
    return this.#marks.size;
  }

  has(member: string): boolean {
    const mark = markOf(member);
    return this.#marks.find(hashOf(member), (each) => each === mark) !== 0;
  }

  /** It is not in here. */
  add(member: string): void {
    this.#marks.add(hashOf(member), markOf(member));
  }

  /** It is in here. */
  remove(member: string): void {
    this.#marks.remove(hashOf(member), markOf(member));
  }
}

/** What a counter pushes: as encodeEvent writes it, and its contents; null: in the journal. */
export interface KeptEvent {
  text: string;
  contents: string | Buffer | null;
}

export interface LocalCounter {
  /** In the journal, 0 without one. */
  number: number;
  readonly queue: string;
  readonly key: string;
  readonly hash: number;
  readonly count: number;
  left: number;
  readonly sinceMs: number;
  /** Infinity: never. */
  readonly endsAtMs: number;
  readonly event: KeptEvent | null;
  /** Those that it has counted, or if it is back, those that it still can count. */
  readonly members: Members;
  /** Pops that brought it to 0 were undone: it is not known any more what it had counted before. */
  readonly isBack: boolean;
  /** If pops that brought it to 0 were undone: the counter before. Unknown after a restart. */
  readonly origin: LocalCounter | null;
}

export class Counters {
  readonly #byKey = new HashIndex<LocalCounter>(({ key }) => key);
  readonly #keys = new SortedNames();
  readonly #ends = new TimeLine<LocalCounter>();
  /** So that counters with the same end differ. */
  readonly #ranks = new WeakMap<LocalCounter, number>();
  #lastRank = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** When the first one ends; Infinity if none does. */
  get firstMs(): number {
    return this.#ends.firstMs;
  }

  get first(): LocalCounter | undefined {
    return this.#ends.first;
  }

  get(key: string): LocalCounter | undefined {
    return this.#byKey.get(key, hashOf(key));
  }

  /** There is none of its key. */
  add(counter: LocalCounter): void {
    this.#byKey.add(counter);
    this.#keys.add(counter.key);
    if (counter.endsAtMs === Infinity) return;
    const rank = ++this.#lastRank;
    this.#ranks.set(counter, rank);
    this.#ends.add(counter.endsAtMs, rank, counter);
  }

  /** It is in here. */
  remove(counter: LocalCounter): void {
    this.#byKey.remove(counter);
    this.#keys.remove(counter.key);
    const rank = this.#ranks.get(counter);
    if (rank !== undefined) this.#ends.remove(counter.endsAtMs, rank);
  }

  /** At most so many in the order of their keys, behind that one. */
  page(after: string | null, limit: number): LocalCounter[] {
    return this.#keys.after(after, limit).map((key) => this.get(key)!);
  }
}
