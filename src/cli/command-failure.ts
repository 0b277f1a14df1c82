// A failure of a client command that the command itself explains, with its exit code.
import { exitCodes } from "./exit-codes.ts";

export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.internal,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
