// The sets of the local store: see queue/sets.ts. They are always in memory.
import type { Changes } from "./changes.ts";
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

  /** Adds members that are not in the set. Undone with the changes. */
  add(name: string, members: string[], changes: Changes | null): void {
    this.#change(name, members, changes, () => this.#remove(name, members));
    for (const member of members) this.put(name, member);
  }

  /** Removes members that are in the set. Undone with the changes. */
  remove(name: string, members: string[], changes: Changes | null): void {
    this.#change(name, members, changes, () => this.#putAll(name, members));
    this.#remove(name, members);
  }

  /** Removes a set that is there. Undone with the changes. */
  drop(name: string, changes: Changes | null): void {
    const members = [...this.membersOf(name)];
    this.#change(name, [null], changes, () => this.#putAll(name, members));
    this.#remove(name, members);
  }

  /** As add(), and nothing undoes it. */
  put(name: string, member: string): void {
    let members = this.#members.get(name);
    if (members === undefined) {
      members = new Set();
      this.#members.set(name, members);
      this.names.add(name);
      this.#usage.addSet(name, 1);
    }
    members.add(member);
    this.#usage.addSetMember(member, 1);
  }

  #putAll(name: string, members: string[]): void {
    for (const member of members) this.put(name, member);
  }

  #remove(name: string, members: string[]): void {
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

  #change(
    name: string,
    members: (string | null)[],
    changes: Changes | null,
    undo: () => void,
  ): void {
    changes?.changedSet(
      members.map((member) => ({ sets: this, name, member })),
      undo,
    );
  }
}
