// Opens a local store for a test, with a clock that only the test moves.

import { LocalStore } from "../../src/stores/local/local-store.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreUnderTest } from "./contract.ts";
import { Heard } from "./heard.ts";
import { RefusingStore } from "./refusing-store.ts";

/** See LocalStoreOptions.warmEventsMax. */
export async function openLocal(warmEventsMax?: number): Promise<StoreUnderTest> {
  const clock = new TestClock();
  const heard = new Heard();
  const ready: [string, number][] = [];
  const store = new RefusingStore(
    new LocalStore({
      clock,
      warmEventsMax,
      onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
      observer: heard.observer,
    }),
  );
  return {
    store,
    nowMs: () => clock.nowMs(),
    advance: (ms) => clock.advance(ms),
    ready,
    hear: async () => Object.assign(heard, { isOn: true }),
    setRefusing: (queue, isRefusing) => store.setRefusing(queue, isRefusing),
    close: () => store.close(),
  };
}
