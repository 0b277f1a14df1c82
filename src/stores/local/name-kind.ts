// What a name stands for: a list, a stream, another queue, or a set. See queue/streams.ts and
// queue/sets.ts.
import { WRONG_TYPE } from "../../queue/lists.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Model } from "./model.ts";

/** Operations on sets answer WRONG_TYPE. */
export function isOfQueue(model: Model, name: string): boolean {
  const queue = model.get(name);
  return queue !== undefined && (queue.size > 0 || queue.stream !== null);
}

/** Operations on lists answer WRONG_TYPE. */
export function isNoList(model: Model, name: string): boolean {
  const queue = model.get(name);
  return queue !== undefined && queue.stream !== null ? true : isOfSet(model, name);
}

/** Operations on streams answer WRONG_TYPE. */
export function isNoStream(model: Model, name: string): boolean {
  const queue = model.get(name);
  return queue !== undefined && queue.isList && queue.size > 0 ? true : isOfSet(model, name);
}

function isOfSet(model: Model, name: string): boolean {
  return model.sets.has(name) && !isOfQueue(model, name);
}

type Done<O, R> = (model: Model, operation: O) => R | typeof WRONG_TYPE;

/** An operation on a list: WRONG_TYPE, and not done, if its name is that of something else. */
export function onList<O extends { queue: Buffer }, R>(doOne: Done<O, R>): Done<O, R> {
  return (model, operation) =>
    isNoList(model, nameOf(operation.queue)) ? WRONG_TYPE : doOne(model, operation);
}

/** As onList, for an operation on a stream. */
export function onStream<O extends { queue: Buffer }, R>(doOne: Done<O, R>): Done<O, R> {
  return (model, operation) =>
    isNoStream(model, nameOf(operation.queue)) ? WRONG_TYPE : doOne(model, operation);
}
