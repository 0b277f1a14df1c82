// Finds the operations of a session that stand behind a failure (see Session in store.ts): those
// that were submitted before the session was told of the failure. All stores use it.
import { BehindFailure, type StoreError } from "./errors.ts";

/** The failures of one session. Each operation notes `failures` when it is submitted. */
export class Order {
  #failures = 0;
  #last: StoreError | null = null;

  /** How many operations failed so far. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Notes that an operation failed; call it before its receiver is told. The failures of operations
   * behind it do not count: else a client that sends without a pause would be refused for ever.
   */
  fail(error: StoreError): void {
    if (error instanceof BehindFailure) return;
    this.#failures += 1;
    this.#last = error;
  }

  /** Whether an operation that noted this number stands behind a failure. */
  isBehindFailure(failures: number): boolean {
    return failures !== this.#failures;
  }

  /** The error of such an operation. */
  refusal(): BehindFailure {
    return new BehindFailure(this.#last!);
  }
}
