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
  /** Not null: only this one is still to be counted. */
  only: string | null;
}
