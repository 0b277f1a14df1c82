// The failures of one session. With them a store finds the operations that were submitted after an
// operation that failed, and before the session was told so (see Session in store.ts).
import { EarlierFailure, type StoreError } from "./errors.ts";

/** Note `count` when an operation is submitted, and ask hasNewSince() before it is executed. */
export class Failures {
  #count = 0;
  #last: StoreError | null = null;

  /** How many operations failed so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Notes that an operation failed; call it before its receiver is told. Operations that were not
   * done because of an earlier failure do not count: otherwise a client that sends without a pause
   * would be refused for ever.
   */
  add(error: StoreError): void {
    if (error instanceof EarlierFailure) return;
    this.#count += 1;
    this.#last = error;
  }

  /** Whether an operation has failed since that count was noted. */
  hasNewSince(count: number): boolean {
    return count !== this.#count;
  }

  /** The error of an operation that is not done because of the latest failure. */
  earlierFailure(): EarlierFailure {
    return new EarlierFailure(this.#last!);
  }
}
