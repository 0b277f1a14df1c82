// What is in the bucket cannot be read, or is not complete: okq does not serve from it.

/** The message is one line and names the object. */
export class DamageError extends Error {}
