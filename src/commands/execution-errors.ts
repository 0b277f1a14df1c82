// The reply to an error that a command threw or rejected with.
import { Refusal, type RefusalCode, StoreError, type StoreFailure } from "../queue/errors.ts";
import { ErrorReply, quoteForError } from "../resp/reply.ts";
import type { QueueContext } from "./context.ts";
import { CommandError, errorReply } from "./errors.ts";
import { PassedFailure } from "./failover.ts";

const storeErrors = {
  unavailable: "storeUnavailable",
  unknown: "storeUnknown",
  refused: "storeRefused",
} as const satisfies Record<StoreFailure, string>;

const refusals = {
  QUEUEFULL: "queueFull",
  PAUSED: "queuePaused",
} as const satisfies Record<RefusalCode, string>;

/** An error that no command should have is logged. */
export function replyToError(
  error: unknown,
  { args, context }: { args: Buffer[]; context: Pick<QueueContext, "reportFailure"> },
): ErrorReply {
  if (error instanceof CommandError) return error.reply;
  if (error instanceof Refusal) return errorReply(refusals[error.code], { queue: error.queue });
  if (error instanceof PassedFailure) return new ErrorReply(error.text);
  if (error instanceof StoreError) {
    return errorReply(storeErrors[error.failure], { reason: error.message });
  }
  const { message } = error as Error;
  context.reportFailure(`internal error in ${quoteForError(args[0]!)}`, error as Error);
  return errorReply("internal", { reason: message });
}
