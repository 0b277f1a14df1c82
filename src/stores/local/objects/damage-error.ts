// What is in the bucket cannot be read, or is not complete: okq does not serve from it.

/** The message is one line and names the object. */
export class DamageError extends Error {}

/** An object is not there. It may have been deleted because it is not needed any more. */
export class MissingError extends DamageError {
  constructor(
    /** Without the prefix of the bucket. */
    readonly object: string,
    url: string,
  ) {
    super(`${url} is missing`);
  }
}
