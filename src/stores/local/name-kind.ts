// Whether a name is that of a queue or of a set: see queue/sets.ts.
import { WRONG_TYPE } from "../../queue/lists.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Model } from "./model.ts";

/** Operations on sets answer WRONG_TYPE. */
export function isOfQueue(model: Model, name: string): boolean {
  const queue = model.get(name);
  return queue !== undefined && queue.size > 0;
}

/** Operations on lists answer WRONG_TYPE. */
export function isOfSet(model: Model, name: string): boolean {
  return model.sets.has(name) && !isOfQueue(model, name);
}

/** An operation on a list: WRONG_TYPE, and not done, if its name is that of a set. */
export function onList<O extends { queue: Buffer }, R>(
  doOne: (model: Model, operation: O) => R,
): (model: Model, operation: O) => R | typeof WRONG_TYPE {
  return (model, operation) =>
    isOfSet(model, nameOf(operation.queue)) ? WRONG_TYPE : doOne(model, operation);
}
