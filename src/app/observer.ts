// The parts of okq that the store tells what it does.
import type { Endings } from "../queue/endings.ts";
import type { Readers } from "../queue/readers.ts";
import type { Reporter } from "../queue/reporter.ts";
import { GROUP_ENDED, type ReadyListener, type StoreObserver } from "../queue/store.ts";
import type { Tally } from "../queue/tally.ts";
import type { Waiters } from "../queue/waiters.ts";

/** reporter: null as long as there are no clients yet. */
export function observerOf(
  tally: Tally,
  endings: Endings,
  reporter: () => Reporter | null,
): StoreObserver {
  return {
    done(operation, result, nowMs) {
      tally.done(operation, result, nowMs);
      endings.done(operation, result);
      const telling = reporter();
      if (telling?.isWanted) telling.done(operation, result, nowMs);
    },
    batchEnded: (size, tookMs, result) => tally.process.batchEnded(size, tookMs, result),
    tallied: (what, times) => tally.process.happened(what, times),
    get wantsReports() {
      return reporter()?.isWanted ?? false;
    },
    reported: (report) => reporter()?.reported(report),
  };
}

export function readyListener(waiters: Waiters, readers: Readers): ReadyListener {
  return (queue, count) => {
    // Who waits for entries of a group hears that it is gone.
    if (count >= GROUP_ENDED) waiters.wakeAll(queue);
    else waiters.wake(queue, count);
    readers.ready(queue);
  };
}
