// A command that waits, until there is something or somebody ends its wait.
import type { Caller } from "./caller.ts";
import { commandError } from "./errors.ts";

/** With this reason CLIENT UNBLOCK ends a wait that is to answer an error. */
export const UNBLOCKED = Symbol("unblocked");

/**
 * The caller counts as waiting, for events of these queues, until the promise settles. If the wait
 * ends with null because of CLIENT UNBLOCK ERROR, this throws.
 */
export async function waiting<T>(
  { consumer, gone }: Caller,
  wait: (signal: AbortSignal) => Promise<T | null>,
  queues?: Buffer[],
): Promise<T | null> {
  const found = await consumer.waits(wait(gone), queues);
  if (found === null && gone.reason === UNBLOCKED) throw commandError("unblocked");
  return found;
}
