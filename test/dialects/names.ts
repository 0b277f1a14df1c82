// The names of differences: which differences have one, and which names were needed.
import type { Answer } from "./conversation.ts";
import type { Difference } from "./differences.ts";

export class Names {
  readonly #needed = new Set<Difference>();

  constructor(private readonly differences: Difference[]) {}

  isNamed = (its: Answer, own: Answer): boolean => {
    const named = this.differences.find(({ command, redis, okq, isOrderOnly }) => {
      if (!command.test(its.command)) return false;
      if (isOrderOnly) return linesOf(its.reply) === linesOf(own.reply);
      return redis!.test(its.reply) && okq!.test(own.reply);
    });
    if (named) this.#needed.add(named);
    return named !== undefined;
  };

  /** Those without which everything was alike. */
  get unneeded(): string[] {
    return this.differences
      .filter((each) => !each.isOrderOnly && !this.#needed.has(each))
      .map(({ reason }) => reason);
  }
}

function linesOf(reply: string): string {
  return reply.split("\r\n").toSorted().join("\r\n");
}
