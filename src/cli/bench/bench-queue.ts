// The queue of one `okq bench`: nobody else has it, and nothing of it is left.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Okq } from "../../client/client.ts";
import { PermissionError } from "../../client/errors.ts";

const AT_ONCE = 1000;

/** A name that no other queue has. */
export function benchQueueName(prefix: string): string {
  return `${prefix}${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Removes all events of the queue, and so the queue. */
export async function removeQueue(okq: Pick<Okq, "call">, queue: string): Promise<void> {
  try {
    await okq.call("QFLUSH", queue);
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    // The user may only push and consume. Events still claimed after errors go later.
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- until there is nothing more
      const popped = await okq.call("QPOP", "COUNT", AT_ONCE, "NOACK", "FROM", queue);
      if (popped === null) return;
    }
  }
}
