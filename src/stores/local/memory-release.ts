// Gives memory back to the system after a backlog has been drained, at a moment when no client
// waits for the store. It knows only how much memory is held and how much work there is.
//
// Measured on Bun 1.4.5 with 1,000,000 events drained: an idle process was back within 15 s by
// itself; one that stayed busy still kept 500 MB when the watch ended after 30 s. Bun.gc(false)
// freed hardly more; Bun.gc(true) came to within 50 MB of the start in 150 ms.

const fallBytesMin = 16 * 1024 * 1024;
const lookEveryMs = 1000;
/** Periodic work alone does less between two looks. */
const operationsIdleMax = 20;
/** Looks after which it does not wait for an idle second any more. */
const looksMax = 60;

/** Collects, synchronously, after three quarters and at least 16 MiB of a peak are gone. */
export class MemoryRelease {
  readonly #collect: () => void;
  #peakBytes = 0;
  #operations = 0;
  #looksLeft = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(collect: () => void = () => Bun.gc(true)) {
    this.#collect = collect;
  }

  /** To be told after every batch. */
  observe(heldBytes: number, operations: number): void {
    this.#operations += operations;
    if (heldBytes > this.#peakBytes) this.#peakBytes = heldBytes;
    const fallBytes = this.#peakBytes - heldBytes;
    if (fallBytes < fallBytesMin || heldBytes > this.#peakBytes / 4) return;
    this.#peakBytes = heldBytes;
    this.#looksLeft = looksMax;
    this.#timer ??= setInterval(() => this.look(), lookEveryMs).unref();
  }

  /** Called once a second while there is something to collect. */
  look(): void {
    if (this.#timer === null) return;
    const isIdle = this.#operations <= operationsIdleMax;
    this.#operations = 0;
    if (!isIdle && --this.#looksLeft > 0) return;
    this.close();
    this.#collect();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}
