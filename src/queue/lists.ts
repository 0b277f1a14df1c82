// Queues as lists: what Redis' list commands do to the ready events of a queue, from left to right.
// The right-most one is the next one out. Events in other states are not in the list, and a queue
// without ready events is an empty list, which is as none.
//
// The order from left to right is that of a Scan of ready events, reversed: events of groups on the
// left, group by group, then those of the lowest priority. At the right end the turns of groups
// count: what is taken there is what a Pop takes.
import type { End, Popped } from "./event.ts";
import type { Operation } from "./operations.ts";

/** So many contents may be pushed, and so many events taken, at once. */
export const LIST_STEP_MAX = 10_000;

/** An operation that searches or counts goes so far from an end of a list. */
export const LIST_REACH = 100_000;

/** With more bytes of contents a ListRange is TOO_LARGE. */
export const LIST_BYTES_MAX = 64 * 1024 * 1024;

/** A set has that name, so no list can: nothing was done. */
export const WRONG_TYPE = "wrong type";

/** The operation would go further than LIST_REACH, or have more than LIST_BYTES_MAX: not done. */
export const TOO_LARGE = "too large";

/**
 * Pushes these contents, one after the other, under ids that the store makes, in one step, or is
 * refused as a PushBatch. The result has their ids, and how many events are ready then.
 */
export interface ListPush {
  kind: "listPush";
  queue: Buffer;
  end: End;
  contents: Buffer[];
  /** Only if the list is not empty: else no ids and a length of 0, and nothing is done. */
  ifThere: boolean;
}

export interface ListPushed {
  ids: Buffer[];
  length: number;
}

/**
 * Takes up to `count` events at that end of the first of these queues that has any, and removes
 * them, as pops with a lease of 0 do. What holds back pops (pauses, rates, groups) holds back the
 * right end; only pauses and rates hold back the left end. Stops behind BATCH_CONTENTS_BYTES, but
 * not before the first event. The result is empty if there are none. WRONG_TYPE if such a name
 * comes before the first one that has any.
 *
 * At the left end no group has a turn, and no rate of a group counts. An Unpop of an event that was
 * taken there pushes it at the left end; one of a group goes to its old place in the group.
 */
export interface ListPop {
  kind: "listPop";
  queues: Buffer[];
  end: End;
  count: number;
}

/**
 * Takes one event as a ListPop, and pushes its contents and headers under an id that the store
 * makes, in one step; refused as a Push to the target, before anything is taken. The queues may be
 * the same. The result is the new event; null if there was none to take. With an empty list nothing
 * is asked of the target, not even its type.
 */
export interface ListMove {
  kind: "listMove";
  queue: Buffer;
  from: End;
  target: Buffer;
  to: End;
}

export interface ListMoved {
  taken: Popped;
  /** Of the event that was pushed. */
  id: Buffer;
  contents: Buffer;
}

/** How many events are ready. */
export interface ListLength {
  kind: "listLength";
  queue: Buffer;
}

/**
 * The contents of the events at these indexes, both included; from 0 on the left, from -1 on the
 * right. Indexes beyond the ends mean the ends. TOO_LARGE if some of them are further than
 * LIST_REACH from the left end, and some from the right end.
 */
export interface ListRange {
  kind: "listRange";
  queue: Buffer;
  from: number;
  to: number;
}

/**
 * Removes up to so many events with these contents, from the left; with a negative count from the
 * right; with 0 all. The result is how many. Every list longer than LIST_REACH is TOO_LARGE. A
 * store may say so, too, if it must read more than LIST_BYTES_MAX to compare the contents.
 */
export interface ListRemove {
  kind: "listRemove";
  queue: Buffer;
  contents: Buffer;
  count: number;
}

/**
 * Keeps the events at these indexes (see ListRange) and removes the others: true. TOO_LARGE if more
 * than LIST_REACH would go.
 */
export interface ListTrim {
  kind: "listTrim";
  queue: Buffer;
  from: number;
  to: number;
}

/**
 * Gives the event at that index other contents, and leaves everything else of it. False if there is
 * no such index, null if the list is empty. TOO_LARGE further than LIST_REACH from both ends.
 */
export interface ListSet {
  kind: "listSet";
  queue: Buffer;
  index: number;
  contents: Buffer;
}

/**
 * Pushes these contents under an id that the store makes, beside the left-most event with the
 * contents of the pivot; refused as a Push. The length is that of the list then; -1 if there is no
 * such event, 0 if the list is empty. TOO_LARGE as a ListRemove, and with priorities or groups among
 * the ready events: there an event cannot stand just anywhere. Bound queues get it as one that is
 * pushed at the left end.
 */
export interface ListInsert {
  kind: "listInsert";
  queue: Buffer;
  side: "before" | "after";
  pivot: Buffer;
  contents: Buffer;
}

export type ListOperation =
  | ListPush
  | ListPop
  | ListMove
  | ListLength
  | ListRange
  | ListRemove
  | ListTrim
  | ListSet
  | ListInsert;

export interface ListResults {
  listPush: ListPushed | typeof WRONG_TYPE;
  listPop: Popped[] | typeof WRONG_TYPE;
  listMove: ListMoved | null | typeof WRONG_TYPE;
  listLength: number | typeof WRONG_TYPE;
  listRange: Buffer[] | typeof WRONG_TYPE | typeof TOO_LARGE;
  listRemove: number | typeof WRONG_TYPE | typeof TOO_LARGE;
  listTrim: true | typeof WRONG_TYPE | typeof TOO_LARGE;
  listSet: boolean | null | typeof WRONG_TYPE | typeof TOO_LARGE;
  listInsert: ListInserted | typeof WRONG_TYPE | typeof TOO_LARGE;
}

export interface ListInserted {
  length: number;
  /** null: nothing was pushed. */
  id: Buffer | null;
}

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
