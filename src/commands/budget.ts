// A budget of bytes that all clients share, such as for replies that clients have not read yet.

/**
 * Check isFull before taking more. So the bytes exceed the maximum by at most one taking for each
 * check.
 */
export class Budget {
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor(readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes > this.bytesMax;
  }

  take(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#waiting.size === 0 || this.isFull) return;
    const told = [...this.#waiting];
    this.#waiting.clear();
    for (const tell of told) tell();
  }

  /** For a full budget: calls the function once, when there is room again. */
  whenRoom(tell: () => void): void {
    this.#waiting.add(tell);
  }
}

/** Bytes that okq keeps for clients, besides events: one budget for each kind. */
export interface Budgets {
  /** Arguments of commands that wait for their answer. */
  waiting: Budget;
  /** Input of commands that were not started. */
  unread: Budget;
  /** Replies that clients have not read. */
  unsent: Budget;
}

export function createBudgets(bytesMax: number): Budgets {
  return {
    waiting: new Budget(bytesMax),
    unread: new Budget(bytesMax),
    unsent: new Budget(bytesMax),
  };
}
