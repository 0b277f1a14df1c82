// The operations of a lane: those of every store, and those by which a move between two shards
// takes place (see apart.ts). No operation of the latter is ever given to an observer.
import type { Target } from "../../queue/management.ts";
import type { Operation as StoreOperation, Results } from "../../queue/operations.ts";

/** All of an event that another queue needs, as its shard keeps it. */
export interface Copy {
  id: Buffer;
  state: Buffer;
  /** When it is due in ms, or in ticks since when it is in its state; empty for a ready one. */
  score: Buffer;
  /** Of the event at home. */
  version: Buffer;
  /** Says of which event it is a copy. */
  mark: Buffer;
  value: Buffer;
  /** Its rare facts, errors and log, each may be empty. */
  more: Buffer;
  errors: Buffer;
  log: Buffer;
}

/**
 * Copies events that are not claimed; null for one that is, or is not there with that version. The
 * result is shorter where the contents became many bytes.
 */
export interface CopyOut {
  kind: "copyOut";
  queue: Buffer;
  targets: Target[];
}

/**
 * Adds copies to another queue. One that is to be ready or delayed is handed out only once it is
 * settled, or some seconds later if that never happens. "there": an earlier move has added it;
 * "taken": its id belongs to another event. The result is shorter if the queue takes no more.
 */
export interface CopyIn {
  kind: "copyIn";
  queue: Buffer;
  copies: Copy[];
  /** Who adds them or finds them there; no other may drop them again. */
  owner: string;
}

export type CopyInOutcome = "added" | "there" | "taken";

/** Ends a move: a copy is kept as the event that it is now, or dropped if its owner added it. */
export interface Settle {
  kind: "settle";
  queue: Buffer;
  copies: { id: Buffer; mark: Buffer; isKept: boolean }[];
  owner: string;
}

export type Operation = StoreOperation | CopyOut | CopyIn | Settle;

export function isForMove(operation: Operation): operation is CopyOut | CopyIn | Settle {
  const { kind } = operation;
  return kind === "copyOut" || kind === "copyIn" || kind === "settle";
}

interface LaneResults extends Results {
  copyOut: (Copy | null)[];
  copyIn: CopyInOutcome[];
  settle: null;
}

export type ResultOf<O extends Operation> = LaneResults[O["kind"]];
