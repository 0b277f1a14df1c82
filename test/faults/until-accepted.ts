// Repeats a command until a reply is accepted, so that a load does not get thousands of errors.
import { eventually } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import type { Argument, Wire } from "../support/wire.ts";

const PATIENCE_MS = 300_000;

/** Rejects when the connection is closed. */
export async function untilAccepted(
  wire: Wire,
  command: Argument[],
  isAccepted: (reply: Decoded) => boolean,
): Promise<void> {
  const ended = await eventually(
    async () => {
      try {
        return isAccepted(await wire.call(...command));
      } catch (error) {
        return error as Error;
      }
    },
    { timeoutMs: PATIENCE_MS, message: `${command[0]} is accepted` },
  );
  if (ended instanceof Error) throw ended;
}
