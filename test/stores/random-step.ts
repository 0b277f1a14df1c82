// Random operations as steps: what differs between two stores, such as tokens, made ids and
// versions, is filled in for each of them.
import type { Operation } from "../../src/queue/operations.ts";

/** A claim that a store has given. */
export interface GivenClaim {
  queue: string;
  id: Buffer;
  token: Buffer | null;
}

/** What a store has answered so far; two stores have as many of each. */
export interface Known {
  startMs: number;
  claims: readonly GivenClaim[];
  madeIds: readonly Buffer[];
  /** Of the event as it was shown latest, or before it had another one. */
  versionOf(queue: string, id: Buffer, which: "latest" | "former"): string | null;
}

/** An operation for the store that knows this. */
export type Step = (known: Known) => Operation;

export function always(operation: Operation): Step {
  return () => operation;
}
