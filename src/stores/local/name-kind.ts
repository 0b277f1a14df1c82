// Whether a name is that of a queue or of a set: see queue/sets.ts.
import { nameOf } from "../../queue/name-cache.ts";
import type { Model } from "./model.ts";

/** Operations on sets answer WRONG_TYPE. */
export function isOfQueue(model: Model, name: Buffer): boolean {
  const queue = model.get(nameOf(name));
  return queue !== undefined && queue.size > 0;
}

/** Operations on lists answer WRONG_TYPE. */
export function isOfSet(model: Model, name: Buffer): boolean {
  return model.sets.count > 0 && model.sets.has(nameOf(name)) && !isOfQueue(model, name);
}
