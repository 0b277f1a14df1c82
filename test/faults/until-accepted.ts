// Repeats commands until they succeed: in a load, so that it does not get thousands of errors, and
// in front of and behind it, where a slow machine may see a takeover of its own.
import { eventually } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { readable } from "../support/readable.ts";
import { type Argument, CLOSED, Wire } from "../support/wire.ts";

const PATIENCE_MS = 300_000;
/** How long the clients of a load are refused before they connect anew. */
export const CLIENT_PATIENCE_MS = 3_000;

/**
 * Rejects when the connection is closed, and with the same error after leavesAfterMs: then the
 * client is to connect anew, perhaps to another okq.
 */
export async function untilAccepted(
  wire: Wire,
  command: Argument[],
  isAccepted: (reply: Decoded) => boolean,
  leavesAfterMs = Infinity,
): Promise<void> {
  const beganAtMs = performance.now();
  const ended = await eventually(
    async () => {
      try {
        const isDone = isAccepted(await wire.call(...command));
        if (isDone || performance.now() < beganAtMs + leavesAfterMs) return isDone;
        return new Error(CLOSED);
      } catch (error) {
        return error as Error;
      }
    },
    { timeoutMs: PATIENCE_MS, message: `${command[0]} is accepted` },
  );
  if (ended instanceof Error) throw ended;
}

/** Repeats `work`, each time on a new connection, until it does not reject. */
export async function untilWorked<T>(
  port: () => number,
  work: (wire: Wire) => Promise<T>,
  timeoutMs = 60_000,
): Promise<T> {
  const worked = await eventually(
    async () => {
      const wire = await Wire.connect(port());
      try {
        return { result: await work(wire) };
      } finally {
        wire.close();
      }
    },
    { timeoutMs, message: "okq does what it is asked" },
  );
  return worked.result;
}

/** Throws if the reply is an error. */
export function checked(reply: Decoded): Decoded {
  const text = readable(reply);
  if (typeof text === "string" && text.startsWith("-")) throw new Error(text);
  return reply;
}
