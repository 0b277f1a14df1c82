// A command that waits, until there is something or somebody ends its wait.
import type { Awaited } from "../queue/consumer.ts";
import type { Right, User } from "../users/user.ts";
import type { Caller } from "./caller.ts";
import { commandError } from "./errors.ts";

/** With this reason CLIENT UNBLOCK ends a wait that is to answer an error. */
export const UNBLOCKED = Symbol("unblocked");

/** Whether the user may wait for that. */
export function mayWait(user: User | null, awaited: Awaited): boolean {
  const { queues, target } = awaited;
  if (!user?.mayOneOf(rightsFor(awaited))) return false;
  if (target && !(user.may("push") && user.mayUse(target))) return false;
  return queues.every((queue) => user.mayUse(queue));
}

function rightsFor({ worker, reads }: Awaited): Right[] {
  if (worker !== null) return ["consume"];
  return reads ? ["inspect", "consume"] : ["inspect"];
}

/**
 * The caller counts as waiting for that until the promise settles. Null also when its user loses
 * the right to it. If the wait ends with null because of CLIENT UNBLOCK ERROR, this throws.
 */
export async function waiting<T>(
  caller: Caller,
  wait: (signal: AbortSignal) => Promise<T | null>,
  awaited: Awaited,
): Promise<T | null> {
  const { consumer, gone, user } = caller;
  // Its rights may have changed since the command began.
  if (!mayWait(user, awaited)) return null;
  const found = await consumer.waits(wait(gone), awaited);
  if (found === null && gone.reason === UNBLOCKED) throw commandError("unblocked");
  return found;
}
