// Why something could not be appended to the log in an object store, or why the store cannot tell
// whether this okq still serves.

/**
 * - none: the object store refused it: it was not appended, and never will be
 * - away: it was not appended, and never will be: the object store could not be reached in time, or
 *   does not answer yet whether the object before is there
 * - unknown: it may have been appended, or may still be
 * - fenced: it was not appended, and nothing more will be: another okq took over, or may do so
 */
export class AppendError extends Error {
  constructor(
    readonly outcome: "none" | "away" | "unknown" | "fenced",
    message: string,
  ) {
    super(message);
  }
}
