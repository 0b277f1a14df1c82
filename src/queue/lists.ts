// Queues as lists: what Redis' list commands do to the ready events of a queue, from left to right.
// The right-most one is the next one out. Events in other states are not in the list, and a queue
// without ready events is an empty list, which is as none.
//
// The order from left to right is that of a Scan of ready events, reversed: events of groups on the
// left, group by group, then those of the lowest priority. The right end gives the event that a
// Pop takes, by the turns of groups.
import type { End, Popped } from "./event.ts";

/** So many contents may be pushed, and so many events taken, at once. */
export const LIST_STEP_MAX = 10_000;

/**
 * An operation that searches or counts goes so far from an end of a list; those of one transaction
 * go so far together.
 */
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
  /** Only if the list is not empty: else no ids and a length of 0, and it is never refused. */
  ifThere: boolean;
}

export interface ListPushed {
  ids: Buffer[];
  length: number;
}

/**
 * Takes up to `count` events at that end of the first of these queues that has any, and removes
 * them, as pops with a lease of 0 do; fails only if nothing was taken. What holds back pops
 * (pauses, rates, groups) holds back the right end; only pauses and the rate of the queue hold back
 * the left end. Either end is a turn of a group, counts for its rate, and passes over expired
 * events. Stops behind BATCH_CONTENTS_BYTES, but not before the first event. The result is empty if
 * there are none. WRONG_TYPE if such a name comes before the first one that has any. Undoing a pop
 * at the left end pushes the event there again; one of a group gets its old place in the group.
 */
export interface ListPop {
  kind: "listPop";
  queues: Buffer[];
  end: End;
  count: number;
}

/**
 * Takes one event as a ListPop, and pushes its contents and headers under an id that the store
 * makes, in one step; refused as a Push, for which the taken event has made room. The queues may be
 * the same. The result is the new event; null if there was none to take: that is never refused.
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
 * right. Indexes beyond the ends mean the ends. TOO_LARGE if neither end is within LIST_REACH of
 * all of these events.
 */
export interface ListRange {
  kind: "listRange";
  queue: Buffer;
  from: number;
  to: number;
}

/**
 * Removes up to so many events with these contents, from the left; with a negative count from the
 * right; with 0 all. The result is how many. Every list longer than LIST_REACH is TOO_LARGE. It may
 * be TOO_LARGE too where more than LIST_BYTES_MAX had to be read from a disk.
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
 * such event, 0 if the list is empty: that is never refused. Every list longer than LIST_REACH is
 * TOO_LARGE, as a ListRemove is, and so is one with ready events that have a priority or a group:
 * there an event cannot stand just anywhere.
 *
 * The event is pushed at the end to which fewer events stand from its place, the right one if both
 * have as many. Then those events get new places there, one after the other, as if pushed.
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
