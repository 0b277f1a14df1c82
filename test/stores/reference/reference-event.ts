// An event of the reference store, and its place among others.
import type { EventError, PushOptions, State } from "../../../src/queue/event.ts";

/** The place in the line: the lowest is the next one out. */
export type Rank = readonly [part: "1 right end" | "2 came back" | "3 left end", at: number];

export interface Claimed {
  /** Ascends with each claim of the store. */
  number: number;
  token: string | null;
  claimant: Buffer | null;
  sinceMs: number;
  leaseMs: number;
  endsAtMs: number;
  /** Its consumer was asked to stop. */
  isCancelled: boolean;
}

export interface ReferenceEvent {
  id: string;
  contents: Buffer;
  options: PushOptions;
  priority: number;
  group: string | null;
  /** The place in its group, from when it becomes ready for the first time. */
  groupRank: number | null;
  /** That of its group when it became ready. */
  groupNumber: number;
  /** In this queue. */
  wasClaimed: boolean;
  /** The counter that it counts down when it is acknowledged. */
  part: { queue: Buffer; key: Buffer; member: string } | null;
  state: State;
  pushedAtMs: number;
  ttlFromMs: number;
  rank: Rank;
  /** When it is due, or since when it has failed or is completed. */
  atMs: number;
  /** The place among the failed or completed ones. */
  order: number;
  claim: Claimed | null;
  failures: number;
  crashes: number;
  lastError: Buffer | null;
  errors: EventError[];
  log: Buffer[];
  progress: Buffer | null;
  result: Buffer | null;
  version: number;
}

/** In another queue an event has another place. */
export const ELSEWHERE = { groupRank: null, wasClaimed: false };

/** Its place among the events of its state. */
export function keyOf(event: ReferenceEvent): (string | number)[] {
  const { state, rank, atMs, claim, order } = event;
  if (state === "ready") {
    return event.group === null
      ? ["1 no group", -event.priority, ...rank]
      : ["2 a group", event.groupNumber, event.groupRank!];
  }
  if (state === "delayed") return [atMs, ...rank];
  if (state === "claimed") return [claim!.endsAtMs, claim!.number];
  return [atMs, order];
}

export function compareKeys(a: (string | number)[], b: (string | number)[]): number {
  const at = a.findIndex((part, n) => part !== b[n]);
  if (at === -1) return 0;
  return a[at]! < b[at]! ? -1 : 1;
}
