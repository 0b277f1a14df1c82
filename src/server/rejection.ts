// The answer and the log line for bytes that okq does not accept as a command.
import type { Client } from "../commands/caller.ts";
import type { Context } from "../commands/context.ts";
import { type ProtocolError, TooLarge } from "../resp/protocol-error.ts";
import { Failure } from "../resp/reply.ts";

/** As with a refusal of the store: commands sent behind it are not done either. */
export const NOT_DONE_BEHIND = new Failure("ERR not done, as what was sent before it was refused");

export interface Rejection {
  /** Of the error reply. */
  text: string;
  /** No command of this client can be read any more. */
  isEnd: boolean;
}

export function rejection(
  error: ProtocolError,
  { address: addr, user }: Client,
  { warn }: Context,
): Rejection {
  if (!(error instanceof TooLarge)) return { text: `ERR ${error.message}`, isEnd: true };
  // As Redis says it: before a login commands are short.
  if (!user) return { text: "ERR Protocol error: unauthenticated bulk length", isEnd: true };
  const { bytes, bytesMax, isDropped } = error;
  const isEvent = error.what === "argument";
  const size = `${bytes} of at most ${bytesMax} bytes`;
  const text = isEvent
    ? `ERR event too large, ${size} (--max-event-bytes)`
    : `ERR command too large, ${size}`;
  warn(`refused ${isEvent ? "an event" : "a command"} that is too large`, {
    addr,
    bytes,
    bytesMax,
  });
  return { text, isEnd: !isDropped };
}
