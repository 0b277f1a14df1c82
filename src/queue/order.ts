// Finds the operations of a session that stand behind a failure (see Session in store.ts): they
// were submitted before the session was told of the failure. All stores use it.
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
   * An operation failed; to be called before its receiver is told. Failures of those behind it do
   * not count: a client that sends without a pause would be refused for ever.
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

  /** The error of such an operation. */
  refusal(): BehindFailure {
    return new BehindFailure(this.#last!);
  }
}
