// What okq knows of an event besides what a pop tells: when it was pushed, and its attempts.
import { PermissionError } from "../../client/errors.ts";
import type { Okq } from "../../client/client.ts";

export interface EventDetails {
  enqueuedMs: number | null;
  maxAttempts: number | null;
}

const UNKNOWN: EventDetails = { enqueuedMs: null, maxAttempts: null };

export class EventDetailsReader {
  #isAllowed = true;

  constructor(readonly okq: Pick<Okq, "call">) {}

  /** Unknown if the user may not inspect the queue, or okq does not answer. */
  async read(queue: string, id: string): Promise<EventDetails> {
    if (!this.#isAllowed) return UNKNOWN;
    try {
      const reply = await this.okq.call("QGET", queue, id);
      return Array.isArray(reply) ? detailsIn(reply) : UNKNOWN;
    } catch (error) {
      if (error instanceof PermissionError) this.#isAllowed = false;
      return UNKNOWN;
    }
  }
}

/** From names and values in turn. */
function detailsIn(reply: readonly unknown[]): EventDetails {
  const valueOf = (name: string) => {
    const at = reply.findIndex((word, index) => index % 2 === 0 && String(word) === name);
    const value = at === -1 ? null : reply[at + 1];
    return value === null || value === undefined ? null : Number(String(value));
  };
  const pushedAt = valueOf("pushed-at");
  return {
    enqueuedMs: pushedAt === null ? null : Math.round(pushedAt * 1000),
    maxAttempts: valueOf("max-attempts"),
  };
}
