// The names of all keys that a user may see, page by page: a queue with events in any state is one.
import { hasEvents } from "../queue/queue-status.ts";
import type { Caller } from "./caller.ts";
import { statusPagesOfAll } from "./inspect.ts";

export interface KeyPage {
  names: Buffer[];
  /** How many names the store has looked at for it. */
  lookedAt: number;
  /** The place behind which the next page begins; null: this is the last page. */
  next: Buffer | null;
}

/** Begins behind that place. */
export async function* keyPages(
  caller: Pick<Caller, "session" | "user">,
  after: Buffer | null = null,
  limit?: number,
): AsyncGenerator<KeyPage> {
  for await (const { statuses, lookedAt, next } of statusPagesOfAll(caller, after, limit)) {
    const names = statuses.filter(hasEvents).map(({ queue }) => queue);
    yield { names, lookedAt, next };
  }
}
