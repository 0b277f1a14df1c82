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

/** The error of an operation that was not done because an operation in front of it failed. */
export class BehindFailure extends StoreError {
  constructor({ failure }: StoreError) {
    super(
      failure === "refused" ? "refused" : "unavailable",
      "not done, because an earlier operation of this client failed",
    );
  }
}
