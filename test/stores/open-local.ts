// Opens a local store for a test, with a clock that only the test moves.

import { LocalStore } from "../../src/stores/local/local-store.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreUnderTest } from "./contract.ts";
import { RefusingStore } from "./refusing-store.ts";

/** See LocalStoreOptions.warmEventsMax. */
export async function openLocal(warmEventsMax?: number): Promise<StoreUnderTest> {
  const clock = new TestClock();
  const ready: [string, number][] = [];
  const store = new RefusingStore(
    new LocalStore({
      clock,
      warmEventsMax,
      onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
    }),
  );
  return {
    store,
    nowMs: () => clock.nowMs(),
    advance: (ms) => clock.advance(ms),
    ready,
    setRefusing: (queue, isRefusing) => store.setRefusing(queue, isRefusing),
    close: () => store.close(),
  };
}
