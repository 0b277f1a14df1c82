// The names of all keys that a user may see, page by page: those of streams and of queues
// with events in any state, then those of sets.
import { isKey, type QueueStatus } from "../queue/queue-status.ts";
import type { Caller } from "./caller.ts";
import { statusPagesOfAll } from "./inspect.ts";
import { FIRST, type KeyType, type Place } from "./key-place.ts";

/** More names at a time would delay other clients. */
const PAGE = 64;

const FIRST_SET: Place = { part: "sets", after: null };

export interface Key {
  name: Buffer;
  type: KeyType;
}

export interface KeyPage {
  keys: Key[];
  /** How many names the store has looked at for it. */
  lookedAt: number;
  /** Where the next page begins; null: this is the last page. */
  next: Place | null;
}

type Looker = Pick<Caller, "session" | "user">;

/** Begins at that place. A page has at most `limit` names of each part of the store. */
export async function* keyPages(
  looker: Looker,
  begin = FIRST,
  limit = PAGE,
): AsyncGenerator<KeyPage> {
  const most = Math.min(limit, PAGE);
  if (begin.part === "queues") {
    for await (const page of statusPagesOfAll(looker, begin.after, most)) {
      const keys = page.statuses.filter(isKey).map(keyOf);
      const next: Place = page.next ? { part: "queues", after: page.next } : FIRST_SET;
      yield { keys, lookedAt: page.lookedAt, next };
    }
  }
  yield* setPages(looker, begin.part === "sets" ? begin.after : null, most);
}

function keyOf({ queue, isStream }: QueueStatus): Key {
  return { name: queue, type: isStream ? "stream" : "list" };
}

async function* setPages(
  { session, user }: Looker,
  begin: Buffer | null,
  limit: number,
): AsyncGenerator<KeyPage> {
  let after = begin;
  do {
    const page: { names: Buffer[]; next: Buffer | null } = await session.ask({
      kind: "setList",
      after,
      limit,
    });
    after = page.next;
    const keys = page.names
      .filter((name) => user?.mayUse(name))
      .map((name): Key => ({ name, type: "set" }));
    const next: Place | null = after ? { part: "sets", after } : null;
    yield { keys, lookedAt: page.names.length, next };
  } while (after);
}
