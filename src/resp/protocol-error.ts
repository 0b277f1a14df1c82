// Errors for bytes that are no command. The texts are those of Redis, where Redis has one.

export const INVALID_LENGTH = "Protocol error: invalid bulk length";

/** Malformed input. The message is an error reply without its "ERR ", of printable ASCII. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
}

/**
 * An argument, or all arguments of a command together, have more bytes than they may. With
 * isDropped the command was read to its end, and the next one can follow.
 */
export class TooLarge extends ProtocolError {
  override readonly name = "TooLarge";

  constructor(
    readonly what: "argument" | "command",
    readonly bytes: number,
    readonly bytesMax: number,
    readonly isDropped: boolean,
  ) {
    super(`Protocol error: ${what} too large, ${bytes} of at most ${bytesMax} bytes`);
  }
}

/** One byte of a client's in an error text must not be able to end the reply early. */
export function shown(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?";
}
