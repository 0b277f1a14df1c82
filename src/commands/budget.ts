// A budget of bytes that all clients share, such as for replies that clients do not read.

/**
 * Check isFull before each take(). So the bytes exceed the maximum by at most one take() for each
 * check.
 */
export class Budget {
  #bytes = 0;
  readonly #onRoom = new Set<() => void>();

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
    if (this.#onRoom.size === 0 || this.isFull) return;
    const callbacks = [...this.#onRoom];
    this.#onRoom.clear();
    for (const callback of callbacks) callback();
  }

  /** Takes so many bytes more, or releases them if the number is negative. */
  change(bytes: number): void {
    if (bytes > 0) this.take(bytes);
    else if (bytes < 0) this.release(-bytes);
  }

  /** For a full budget: calls the function once, when there is room again. */
  whenRoom(callback: () => void): void {
    this.#onRoom.add(callback);
  }
}

/** Bytes that okq keeps for clients, besides events: one budget for each kind. */
export interface Budgets {
  /** Arguments of commands that were started and are not answered. */
  unanswered: Budget;
  /** Commands that wait for EXEC. */
  queued: Budget;
  /** Input of commands that were not started. */
  unstarted: Budget;
  /** Replies that sockets have not taken, because clients do not read them. */
  unsent: Budget;
  /** Bodies of HTTP requests that are not answered. */
  bodies: Budget;
}

/** Each budget gets this maximum. */
export function createBudgets(bytesMax: number): Budgets {
  return {
    unanswered: new Budget(bytesMax),
    queued: new Budget(bytesMax),
    unstarted: new Budget(bytesMax),
    unsent: new Budget(bytesMax),
    bodies: new Budget(bytesMax),
  };
}
