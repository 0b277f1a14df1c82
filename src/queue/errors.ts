// What can go wrong below a command, in terms of what the client must know.

/**
 * - unavailable: the store cannot be reached; nothing was done
 * - unknown: the connection broke while the operation was under way; it may or may not be done
 * - refused: the store answered with an error of its own; nothing was done
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

/** The error of an operation that was not begun because one in front of it had failed. */
export class BehindFailure extends StoreError {
  constructor({ failure }: StoreError) {
    super(
      failure === "refused" ? "refused" : "unavailable",
      "nothing was done, for an operation in front of it failed",
    );
  }
}
