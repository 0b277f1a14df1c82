// A user: name, hash of the password, rights, and patterns of the queues it may use.
import type { Pattern } from "./pattern.ts";

/** Each right allows a group of commands. */
export const rights = ["push", "consume", "inspect", "manage", "admin"] as const;
export type Right = (typeof rights)[number];

export class User {
  readonly #rights: ReadonlySet<Right>;
  /** Whether it has all rights, on every queue. */
  readonly mayAll: boolean;

  constructor(
    readonly name: string,
    /** As `okq passwd` prints it; null for the user "default" of --password. */
    readonly hash: string | null,
    allowed: readonly Right[],
    readonly patterns: readonly Pattern[],
    /** It may do no more than this user of another okq, which passes its commands on. */
    readonly limits: User | null = null,
  ) {
    this.#rights = new Set(allowed.filter((right) => limits?.may(right) ?? true));
    this.mayAll = this.mayUseAll && rights.every((right) => this.may(right));
  }

  /** The same user with no more rights than `limits`; null: with all of its own. */
  within(limits: User | null): User {
    if (limits === null) return this;
    return new User(this.name, this.hash, [...this.#rights], this.patterns, limits);
  }

  may(right: Right): boolean {
    return this.#rights.has(right);
  }

  /** Whether it has one of these rights. */
  mayOneOf(allowed: readonly Right[]): boolean {
    for (const right of allowed) if (this.#rights.has(right)) return true;
    return false;
  }

  /** Whether it may use every queue, whatever its name. */
  get mayUseAll(): boolean {
    return this.#ownAll && (this.limits?.mayUseAll ?? true);
  }

  mayUse(queue: Buffer): boolean {
    for (const pattern of this.patterns) {
      if (pattern.matches(queue)) return this.limits?.mayUse(queue) ?? true;
    }
    return false;
  }

  /** Every queue that the user may use begins with exactly one of these. Ascending. */
  get prefixes(): Buffer[] {
    if (this.#ownAll && this.limits) return this.limits.prefixes;
    const found: Buffer[] = [];
    const all = this.patterns.map(({ prefix }) => prefix);
    for (const prefix of all.toSorted((a, b) => Buffer.compare(a, b))) {
      const before = found.at(-1);
      const isCovered = before && prefix.subarray(0, before.length).equals(before);
      if (!isCovered) found.push(prefix);
    }
    return found;
  }

  get #ownAll(): boolean {
    return this.patterns.some(({ matchesAll }) => matchesAll);
  }
}
