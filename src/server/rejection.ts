// The error reply and the log line for bytes that okq does not accept as a command.
import type { Client } from "../commands/caller.ts";
import type { Context } from "../commands/context.ts";
import { errorReply } from "../commands/errors.ts";
import { type ProtocolError, TooLarge } from "../resp/protocol-error.ts";
import type { ErrorReply } from "../resp/reply.ts";

/** Commands sent after rejected bytes are not run, as after a failed operation. */
export const NOT_DONE_AFTER_REJECTED = errorReply("afterRejected");

export interface Rejection {
  reply: ErrorReply;
  /** No command of this client can be read any more. */
  isEnd: boolean;
}

export function rejection(
  error: ProtocolError,
  { address: addr, user }: Client,
  { warn }: Context,
): Rejection {
  if (!(error instanceof TooLarge)) {
    return { reply: errorReply("protocol", { problem: error.message }), isEnd: true };
  }
  // Before a login commands are short, as in Redis.
  if (!user) return { reply: errorReply("tooLargeBeforeLogin"), isEnd: true };
  const { bytes, bytesMax, isDropped } = error;
  const isEvent = error.what === "argument";
  const sizes = { addr, bytes, bytesMax };
  warn(`refused ${isEvent ? "an event" : "a command"} that is too large`, sizes);
  const reply = errorReply(isEvent ? "eventTooLarge" : "commandTooLarge", { bytes, bytesMax });
  return { reply, isEnd: !isDropped };
}
