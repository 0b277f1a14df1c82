// The sets of the local store: see queue/sets.ts. They are always in memory.
import { SortedNames } from "./sorted-names.ts";
import type { Usage } from "./usage.ts";

const NOTHING: ReadonlySet<string> = new Set();

export class Sets {
  readonly names = new SortedNames();
  readonly #usage: Usage;
  readonly #members = new Map<string, Set<string>>();

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  get count(): number {
    return this.#members.size;
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** None if there is no set of that name. */
  membersOf(name: string): ReadonlySet<string> {
    return this.#members.get(name) ?? NOTHING;
  }

  /** The members are not in the set. */
  add(name: string, members: readonly string[]): void {
    let own = this.#members.get(name);
    if (own === undefined) {
      own = new Set();
      this.#members.set(name, own);
      this.names.add(name);
      this.#usage.addSet(name, 1);
    }
    for (const member of members) {
      own.add(member);
      this.#usage.addSetMember(member, 1);
    }
  }

  /** The members are in the set. */
  remove(name: string, members: readonly string[]): void {
    const own = this.#members.get(name)!;
    for (const member of members) {
      own.delete(member);
      this.#usage.addSetMember(member, -1);
    }
    if (own.size > 0) return;
    this.#members.delete(name);
    this.names.remove(name);
    this.#usage.addSet(name, -1);
  }
}
