// A new event with an id that the store makes.
import { findIn, treeIn } from "./bound-queues.ts";
import { LocalEvent, type LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";

/**
 * Its id is free in the queue and its tree: no event has it, it has no window, and isTaken() is
 * false. A client may have chosen the same id, or many such ids: then more and more ids are left
 * out. Throws a JournalError.
 */
export function newEvent(
  model: Model,
  queue: LocalQueue,
  contents: string | Buffer,
  isTaken: (id: string) => boolean = () => false,
): LocalEvent {
  for (let leftOut = 0; ; leftOut = leftOut * 2 || 1) {
    const event = new LocalEvent(queue, model.nextId(leftOut), contents);
    const isThere =
      queue.bindings === null
        ? model.find(queue, event.id, event.hash) !== undefined
        : findIn(model, treeIn(model, queue), event.id, event.hash).length > 0;
    if (!isThere && !model.isWindowed(queue, event.id) && !isTaken(event.id)) return event;
  }
}
