// Several operations as one: all or none.
import { LIST_REACH } from "../../../queue/lists.ts";
import type { Operation, Transaction } from "../../../queue/operations.ts";
import {
  nothingOf,
  TakenContents,
  takesContents,
  withoutContents,
} from "../../../queue/transaction.ts";
import type { Model } from "../model.ts";
import { judge } from "./judging.ts";

/** doOne: does an operation in the model. */
export function transact(
  model: Model,
  { operations }: Transaction,
  doOne: (operation: Operation) => unknown,
): unknown[] {
  judge(model, operations);
  const taken = new TakenContents();
  const step = (operation: Operation) => {
    if (!takesContents(operation)) return doOne(operation);
    if (taken.isOver) {
      const shorter = withoutContents(operation);
      return shorter ? doOne(shorter) : nothingOf(operation);
    }
    const result = doOne(operation);
    taken.add(result);
    return result;
  };
  model.reachLeft = LIST_REACH;
  try {
    return asOne(model, () => operations.map(step));
  } finally {
    model.reachLeft = null;
  }
}

/** Does all of that or, if it throws, nothing. It was judged: no push in it is refused. */
export function asOne<T>(model: Model, does: () => T): T {
  const { isJudged } = model;
  const mark = model.mark();
  model.isJudged = true;
  try {
    return does();
  } catch (error) {
    // Without a journal nothing can fail from here on.
    model.undoTo(mark);
    throw error;
  } finally {
    model.isJudged = isJudged;
  }
}
