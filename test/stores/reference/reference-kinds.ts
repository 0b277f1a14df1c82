// What a name of the reference store stands for: a list, a stream, another queue, or a set.
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

/** Whether it is a stream or has events. */
export function isThere({ stream, events }: ReferenceQueue): boolean {
  return stream !== null || events.size > 0;
}

/** Operations on lists answer WRONG_TYPE. */
export function isNoList(state: ReferenceState, name: Buffer): boolean {
  const text = name.toString("latin1");
  return isOfSet(state, text) || state.queue(text).stream !== null;
}

/** Operations on streams answer WRONG_TYPE. */
export function isNoStream(state: ReferenceState, name: string): boolean {
  return isOfSet(state, name) || state.queue(name).isList;
}

function isOfSet(state: ReferenceState, name: string): boolean {
  return state.sets.has(name) && !isThere(state.queue(name));
}
