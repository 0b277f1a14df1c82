// The order of a session behind a failure (see Session in store.ts), the same for all stores: which
// operations had been submitted before anybody heard of the failure.
import { BehindFailure, type StoreError } from "./errors.ts";

/** Of one session. Each of its operations notes `failures` when it is submitted. */
export class Order {
  #failures = 0;
  #last: StoreError | null = null;

  /** How many operations failed so far. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * An operation failed, and its receiver is told next. Those behind it fail for its sake only:
   * they do not count, so that a client that sends without a pause is not refused for ever.
   */
  fail(error: StoreError): void {
    if (error instanceof BehindFailure) return;
    this.#failures += 1;
    this.#last = error;
  }

  /** Whether an operation that noted this number stands behind one that failed. */
  isBehindFailure(failures: number): boolean {
    return failures !== this.#failures;
  }

  /** What such an operation fails with. */
  refusal(): BehindFailure {
    return new BehindFailure(this.#last!);
  }
}
