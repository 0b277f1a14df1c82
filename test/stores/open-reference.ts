// Opens a reference store for a test, with a clock that only the test moves.
import { TestClock } from "../support/test-clock.ts";
import type { StoreUnderTest } from "./contract.ts";
import type { Operations } from "./reference/reference-operations.ts";
import { ReferenceStore } from "./reference/reference-store.ts";
import { Heard } from "./heard.ts";
import { RefusingStore } from "./refusing-store.ts";

/** wrong: see ReferenceOptions. */
export async function openReference(wrong?: Partial<Operations>): Promise<StoreUnderTest> {
  const clock = new TestClock();
  const heard = new Heard();
  const ready: StoreUnderTest["ready"] = [];
  const store = new RefusingStore(
    new ReferenceStore({
      clock,
      onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
      observer: heard.observer,
      wrong,
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
