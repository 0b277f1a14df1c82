// The failures of a store, in the terms that matter to a client.

/**
 * - unavailable: the store cannot be reached; the operation was not done
 * - unknown: the connection broke before the reply came; the operation may or may not be done
 * - refused: the store answered with an error; the operation was not done
 */
export type StoreFailure = "unavailable" | "unknown" | "refused";

export class StoreError extends Error {
  constructor(
    readonly failure: StoreFailure,
    message: string,
  ) {
    super(message);
  }
}

/** Why a queue takes no push: it is full (max-length), or pushes to it are paused. */
export type RefusalCode = "QUEUEFULL" | "PAUSED";

const refusals: Record<RefusalCode, string> = {
  QUEUEFULL: "the queue is full",
  PAUSED: "the queue is paused",
};

/** A push that a setting or a pause of its queue does not allow. Clients get the code. */
export class Refusal extends StoreError {
  constructor(
    readonly code: RefusalCode,
    readonly queue: Buffer,
  ) {
    super("refused", refusals[code]);
  }
}

/**
 * The error of an operation that was not done because an earlier operation of its session failed.
 * All that one failed operation, such as a push to a full store, leads to:
 * 1. The store gives its receiver a StoreError.
 * 2. Operations that its session had submitted after it fail with an EarlierFailure. Every store
 *    finds them with failures.ts.
 * 3. commands/execution.ts turns each error into an error reply.
 * 4. Commands that the client had sent after it, and that were not submitted yet, get the same
 *    reply as in 2 from the server (server/commands-after-failure.ts).
 */
export class EarlierFailure extends StoreError {
  constructor({ failure }: StoreError) {
    super(
      failure === "refused" ? "refused" : "unavailable",
      "not done, because an earlier operation of this client failed",
    );
  }
}
