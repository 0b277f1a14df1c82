// Whether a name is that of a queue or of a set: see queue/sets.ts.
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
