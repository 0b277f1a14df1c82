// The error of a command line, an environment or a config file.

/** A command line, environment or config file that cannot be used: one line for a person. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message.replace(/\p{Cc}/gu, "?"));
  }
}
