// The names of differences: which differences have one, and which names were needed.
import type { Answer } from "./conversation.ts";
import type { Difference } from "./differences.ts";

export class Names {
  readonly #needed = new Set<Difference>();

  constructor(private readonly differences: Difference[]) {}

  isNamed = (its: Answer, own: Answer): boolean => {
    const named = this.differences.find(({ command, redis, okq, isOrderOnly, part }) => {
      if (!command.test(its.command)) return false;
      if (isOrderOnly) return linesOf(its.reply) === linesOf(own.reply);
      if (part) return its.reply.replaceAll(part, "") === own.reply.replaceAll(part, "");
      return redis!.test(its.reply) && okq!.test(own.reply);
    });
    if (named) this.#needed.add(named);
    return named !== undefined;
  };

  /** Those without which everything was alike. */
  get unneeded(): string[] {
    return this.differences
      .filter((each) => !mayBeAlike(each) && !this.#needed.has(each))
      .map(({ reason }) => reason);
  }
}

function mayBeAlike(difference: Difference): boolean {
  return Boolean(difference.isOrderOnly || (difference.part && difference.isTime));
}

function linesOf(reply: string): string {
  return reply.split("\r\n").toSorted().join("\r\n");
}
