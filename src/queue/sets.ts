// Small sets beside the queues: programs that use Redis as a queue note the names of queues in sets
// (Sidekiq, Resque, Celery). A set is there while it has members. A name with ready, delayed,
// claimed, failed or completed events is that of a queue; else, if there is a set, that of a set.
// Both may be there, because only operations on lists and sets look at each other: then the
// operations on the set answer WRONG_TYPE until the events are gone.
import type { TOO_LARGE, WRONG_TYPE } from "./lists.ts";

/** A set has at most so many members, and the commands take members of at most so many bytes. */
export const SET_MEMBERS_MAX = 10_000;
export const SET_MEMBER_BYTES_MAX = 1024;

/** There are at most so many sets, or as many in each part of a store of several parts. */
export const SETS_MAX = 10_000;

/** The set would have more than SET_MEMBERS_MAX members: nothing was done. */
export const SET_FULL = "set full";

/** There are SETS_MAX others: nothing was done. */
export const SETS_FULL = "sets full";

/** Adds members. The result is how many were not in it. */
export interface SetAdd {
  kind: "setAdd";
  queue: Buffer;
  /** At least one. */
  members: Buffer[];
}

/** Removes members. The result is how many were in it. */
export interface SetRemove {
  kind: "setRemove";
  queue: Buffer;
  members: Buffer[];
}

/**
 * All members, in any order. TOO_LARGE if they have more bytes than that together, or in a
 * transaction whose results have many bytes already.
 */
export interface SetMembers {
  kind: "setMembers";
  queue: Buffer;
  /** null: any number. */
  bytesMax: number | null;
}

/** Whether each of these is in it. */
export interface SetContains {
  kind: "setContains";
  queue: Buffer;
  members: Buffer[];
}

export interface SetCount {
  kind: "setCount";
  queue: Buffer;
}

/** Removes the set, also beside events. False if there is none of that name. */
export interface SetDrop {
  kind: "setDrop";
  queue: Buffer;
}

/** A page of the names of sets, ascending by bytes, as a List of queues. */
export interface SetList {
  kind: "setList";
  after: Buffer | null;
  limit: number;
}

export interface SetNames {
  names: Buffer[];
  /** The name to go on after; null at the end. */
  next: Buffer | null;
}

export type SetOperation =
  SetAdd | SetRemove | SetMembers | SetContains | SetCount | SetDrop | SetList;

export interface SetResults {
  setAdd: number | typeof WRONG_TYPE | typeof SET_FULL | typeof SETS_FULL;
  setRemove: number | typeof WRONG_TYPE;
  setMembers: Buffer[] | typeof WRONG_TYPE | typeof TOO_LARGE;
  setContains: boolean[] | typeof WRONG_TYPE;
  setCount: number | typeof WRONG_TYPE;
  setDrop: boolean;
  setList: SetNames;
}
