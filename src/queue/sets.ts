// Small sets beside the queues: programs that use Redis as a queue note the names of queues in sets
// (Sidekiq, Resque, Celery). A set is there while it has members. A name is of a set or of a queue:
// with ready, delayed, claimed, failed or completed events it is of a queue.
import type { WRONG_TYPE } from "./lists.ts";

/** A set has at most so many members, of at most so many bytes each. */
export const SET_MEMBERS_MAX = 10_000;
export const SET_MEMBER_BYTES_MAX = 1024;

/** There are at most so many sets, or as many in each part of a store of several parts. */
export const SETS_MAX = 10_000;

/** The set, or the sets, would grow beyond these bounds: nothing was done. */
export const SET_FULL = "set full";

/** Adds members. The result is how many were not in it. */
export interface SetAdd {
  kind: "setAdd";
  queue: Buffer;
  members: Buffer[];
}

/** Removes members. The result is how many were in it. */
export interface SetRemove {
  kind: "setRemove";
  queue: Buffer;
  members: Buffer[];
}

/** All members, in any order. */
export interface SetMembers {
  kind: "setMembers";
  queue: Buffer;
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

/** Removes the set. False if there is none of that name. */
export interface SetDrop {
  kind: "setDrop";
  queue: Buffer;
}

/** A page of the names of sets, as a List of queues. */
export interface SetList {
  kind: "setList";
  after: Buffer | null;
  limit: number;
}

export type SetOperation =
  SetAdd | SetRemove | SetMembers | SetContains | SetCount | SetDrop | SetList;

export interface SetResults {
  setAdd: number | typeof WRONG_TYPE | typeof SET_FULL;
  setRemove: number | typeof WRONG_TYPE;
  setMembers: Buffer[] | typeof WRONG_TYPE;
  setContains: boolean[] | typeof WRONG_TYPE;
  setCount: number | typeof WRONG_TYPE;
  setDrop: boolean;
  setList: { names: Buffer[]; next: Buffer | null };
}
