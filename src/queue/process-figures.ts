// What this okq process has done since it started, over all queues. Nothing of it sinks when a
// queue is gone.
import { DoublingHistogram } from "./doubling-histogram.ts";
import { COUNTED, type Counted } from "./queue-status.ts";
import type { BatchResult } from "./store.ts";

/** From 1 ms to 37 hours. */
const WAIT_BUCKETS = { first: 0, last: 27, step: 1 } as const;
/** In microseconds: from 64 to 33 s. */
const BATCH_BUCKETS = { first: 6, last: 25, step: 1 } as const;
const SIZE_BUCKETS = { first: 0, last: 12, step: 1 } as const;
const US_PER_MS = 1000;

export class ProcessFigures {
  /** By the places of COUNTED. A pop that is undone stays counted. */
  readonly totals: number[] = COUNTED.map(() => 0);
  duplicates = 0;
  /** Pops with a token of events that were popped before. */
  redelivered = 0;
  /** In ms: from the push to the pop, and from the pop to the end of a claim that has a token. */
  readonly waits = new DoublingHistogram(WAIT_BUCKETS);
  readonly runs = new DoublingHistogram(WAIT_BUCKETS);
  /** What the store did: how many operations a batch had, and for how long it took (in us). */
  readonly batchSizes = new DoublingHistogram(SIZE_BUCKETS);
  readonly batchTimes = new DoublingHistogram(BATCH_BUCKETS);
  readonly batchResults: Record<BatchResult, number> = {
    done: 0,
    refused: 0,
    unavailable: 0,
    unknown: 0,
  };

  happened(what: Counted, times: number): void {
    this.totals[COUNTED.indexOf(what)]! += times;
  }

  /** See StoreObserver. */
  batchEnded(size: number, tookMs: number, result: BatchResult): void {
    this.batchResults[result] += 1;
    this.batchSizes.add(size);
    this.batchTimes.add(tookMs * US_PER_MS);
  }
}
