// What a command asks of the store when that depends on its arguments: one operation, or two.
import type { Operation, ResultOf } from "../queue/operations.ts";
import type { Answer } from "./answer.ts";

/** Operations that are submitted together, and the answer to their results. */
export class Submission {
  private constructor(
    readonly first: Operation,
    readonly second: Operation | null,
    readonly answer: (first: unknown, second: unknown) => Answer,
  ) {}

  static one<O extends Operation>(
    operation: O,
    answer: (result: ResultOf<O>) => Answer,
  ): Submission {
    return new Submission(operation, null, answer as Submission["answer"]);
  }

  /** If one of them fails, the command does. */
  static two<A extends Operation, B extends Operation>(
    first: A,
    second: B,
    answer: (first: ResultOf<A>, second: ResultOf<B>) => Answer,
  ): Submission {
    return new Submission(first, second, answer as Submission["answer"]);
  }
}
