// A command that waits, until there is something or somebody ends its wait.
import type { Awaited } from "../queue/consumer.ts";
import type { Caller } from "./caller.ts";
import { commandError } from "./errors.ts";

/** With this reason CLIENT UNBLOCK ends a wait that is to answer an error. */
export const UNBLOCKED = Symbol("unblocked");

/**
 * The caller counts as waiting, for these events if any, until the promise settles. If the wait
 * ends with null because of CLIENT UNBLOCK ERROR, this throws.
 */
export async function waiting<T>(
  { consumer, gone }: Caller,
  wait: (signal: AbortSignal) => Promise<T | null>,
  awaited?: Awaited,
): Promise<T | null> {
  const found = await consumer.waits(wait(gone), awaited);
  if (found === null && gone.reason === UNBLOCKED) throw commandError("unblocked");
  return found;
}
