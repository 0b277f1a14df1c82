// One counter of the reference store.
import type { CounterEvent } from "../../../src/queue/counters.ts";

export interface ReferenceCounter {
  key: string;
  count: number;
  left: number;
  sinceMs: number;
  endsAtMs: number;
  event: CounterEvent | null;
  members: Set<string>;
  /** Not null: pops that brought it to 0 were undone, and only these are still to be counted. */
  open: Set<string> | null;
}
