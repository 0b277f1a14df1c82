// Returns memory to the system after a backlog has been drained. It waits for a second with few
// operations, because the garbage collection is a pause.
//
// Measured on Bun 1.4.5 with 1,000,000 events drained: an idle process had returned the memory
// after 15 s by itself; a busy one still kept 500 MB after 60 s in one run of two, and had returned
// it 20 s after the load had become lighter. Longer loads were not measured.
// Bun.gc(false) freed hardly more; Bun.gc(true) came to within 50 MB of the start, and paused for
// 150 ms.
import { collectGarbage } from "../../runtime/runtime.ts";
import type { Cancel, Clock } from "../../queue/clock.ts";

const fallBytesMin = 16 * 1024 * 1024;
const checkEveryMs = 1000;
/** Operations in a second that count as none: periodic work needs a few. */
const idleOperationsMax = 20;

/** Collects, synchronously, when 16 MiB and three quarters of a peak are gone and okq is idle. */
export class MemoryRelease {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #peakBytes = 0;
  #operations = 0;
  #stop: Cancel | null = null;

  constructor(clock: Clock, collect: () => void = collectGarbage) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** To be called after every batch, with the memory that events take now. */
  observe(heldBytes: number, operations: number): void {
    this.#operations += operations;
    if (heldBytes > this.#peakBytes) this.#peakBytes = heldBytes;
    const fallBytes = this.#peakBytes - heldBytes;
    if (fallBytes < fallBytesMin || heldBytes > this.#peakBytes / 4) return;
    this.#peakBytes = heldBytes;
    this.#stop ??= this.#clock.every(checkEveryMs, () => this.#check());
  }

  close(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #check(): void {
    const isIdle = this.#operations <= idleOperationsMax;
    this.#operations = 0;
    if (!isIdle) return;
    this.close();
    this.#collect();
  }
}
