// Reads from the results of list operations which events they took and pushed. Counts and reports
// are made of that.
import type { Popped } from "./event.ts";
import {
  type ListInserted,
  type ListMoved,
  type ListPushed,
  TOO_LARGE,
  WRONG_TYPE,
} from "./lists.ts";
import type { Operation } from "./operations.ts";

/** An event that a list operation took, or added. */
interface ListChange {
  popped?: Popped;
  pushed?: { queue: Buffer; id: Buffer };
}

const NO_CHANGES: ListChange[] = [];

/** What the operation did, by its result; nothing for any other operation. */
export function listChanges(operation: Operation, result: unknown): ListChange[] {
  if (result === WRONG_TYPE || result === TOO_LARGE || result === null) return NO_CHANGES;
  switch (operation.kind) {
    case "listPush": {
      const { queue } = operation;
      return (result as ListPushed).ids.map((id) => ({ pushed: { queue, id } }));
    }
    case "listPop":
      return (result as Popped[]).map((popped) => ({ popped }));
    case "listMove": {
      const { taken, id } = result as ListMoved;
      return [{ popped: taken, pushed: { queue: operation.target, id } }];
    }
    case "listInsert": {
      const { id } = result as ListInserted;
      return id === null ? NO_CHANGES : [{ pushed: { queue: operation.queue, id } }];
    }
    default:
      return NO_CHANGES;
  }
}
