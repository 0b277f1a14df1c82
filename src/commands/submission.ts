// What a command asks of the store when that depends on its arguments: one operation, or several.
import type { Operation, ResultOf } from "../queue/operations.ts";
import type { Answer } from "./answer.ts";

const NO_OTHERS: Operation[] = [];

/** Operations that are submitted together, and the answer to their results. */
export class Submission {
  private constructor(
    /** null: there are none. */
    readonly first: Operation | null,
    readonly others: readonly Operation[],
    /** May throw or reject with a CommandError or a StoreError. */
    readonly answer: (first: unknown, ...others: unknown[]) => Answer | Promise<Answer>,
    /** Called when it fails, before the client is told. */
    readonly failed: (() => void) | null = null,
  ) {}

  static one<O extends Operation>(
    operation: O,
    answer: (result: ResultOf<O>) => Answer | Promise<Answer>,
    failed: (() => void) | null = null,
  ): Submission {
    return new Submission(operation, NO_OTHERS, answer as Submission["answer"], failed);
  }

  /** If one of them fails, the command does. */
  static two<A extends Operation, B extends Operation>(
    first: A,
    second: B,
    answer: (first: ResultOf<A>, second: ResultOf<B>) => Answer | Promise<Answer>,
    failed: (() => void) | null = null,
  ): Submission {
    return new Submission(first, [second], answer as Submission["answer"], failed);
  }

  /** A part of a transaction that asks nothing: its answer is made when the others are done. */
  static nothing(answer: () => Answer): Submission {
    return new Submission(null, NO_OTHERS, answer);
  }

  /** As two(), with any number of them, at least one. */
  static all(
    [first, ...others]: readonly Operation[],
    answer: (results: unknown[]) => Answer | Promise<Answer>,
  ): Submission {
    return new Submission(first!, others, (...results) => answer(results));
  }
}
