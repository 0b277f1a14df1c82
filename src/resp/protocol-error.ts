// Errors for bytes that are no command. The texts are those of Redis, where Redis has one.

/** Each error: its text, which is an error reply without its "ERR ", and when a client gets it. */
export const protocolErrors = {
  count: {
    text: "Protocol error: invalid multibulk length",
    when: "The number of arguments is not a number, or is too large.",
  },
  countTooLong: {
    text: "Protocol error: too big mbulk count string",
    when: "The number of arguments has too many digits.",
  },
  length: {
    text: "Protocol error: invalid bulk length",
    when: "The length of an argument is not a number, is negative, or is wrong.",
  },
  lengthTooLong: {
    text: "Protocol error: too big bulk count string",
    when: "The length of an argument has too many digits.",
  },
  argument: {
    text: "Protocol error: expected '$', got '{byte}'",
    when: "An argument does not begin with its length.",
  },
  quotes: {
    text: "Protocol error: unbalanced quotes in request",
    when: "An inline command has a quote without a partner.",
  },
  inlineTooLong: {
    text: "Protocol error: too big inline request",
    when: "An inline command is longer than 64 KiB.",
  },
} as const satisfies Record<string, { text: string; when: string }>;

/** Malformed input. The message is of printable ASCII. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
}

export type ProtocolErrorName = keyof typeof protocolErrors;

/** `byte`: the client's byte that the text shows. */
export function protocolError(name: ProtocolErrorName, byte = 0): ProtocolError {
  return new ProtocolError(protocolErrors[name].text.replace("{byte}", shown(byte)));
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

/** A line break or a control character in an error text would end or distort the reply. */
function shown(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?";
}
