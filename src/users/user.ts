// Somebody who may log in: a name, a hash of the password, groups of commands, names of queues.
import type { Pattern } from "./pattern.ts";

/** The groups of commands that a user may be given. */
export const rights = ["push", "consume", "inspect", "admin"] as const;
export type Right = (typeof rights)[number];

export class User {
  readonly #rights: ReadonlySet<Right>;
  readonly #patterns: readonly Pattern[];

  constructor(
    readonly name: string,
    /** As `okq passwd` prints it; null for the user whose password okq was started with. */
    readonly hash: string | null,
    allowed: readonly Right[],
    patterns: readonly Pattern[],
  ) {
    this.#rights = new Set(allowed);
    this.#patterns = patterns;
  }

  may(right: Right): boolean {
    return this.#rights.has(right);
  }

  mayUse(queue: Buffer): boolean {
    for (const pattern of this.#patterns) if (pattern.matches(queue)) return true;
    return false;
  }

  /** Each queue that the user may use begins with just one of these; in ascending order. */
  get prefixes(): Buffer[] {
    const found: Buffer[] = [];
    const all = this.#patterns.map(({ prefix }) => prefix);
    for (const prefix of all.toSorted((a, b) => Buffer.compare(a, b))) {
      const before = found.at(-1);
      const isCovered = before && prefix.subarray(0, before.length).equals(before);
      if (!isCovered) found.push(prefix);
    }
    return found;
  }
}
