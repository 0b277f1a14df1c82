// A mistake in the command line, the environment or a config file.

/** The message is one line for the user: control characters are replaced. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message.replace(/\p{Cc}/gu, "?"));
  }
}
