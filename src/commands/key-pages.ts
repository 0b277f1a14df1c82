// The names of all keys that a user may see, page by page: those of queues with events in any
// state, then those of sets.
import { isKey } from "../queue/queue-status.ts";
import type { Caller } from "./caller.ts";
import { statusPagesOfAll } from "./inspect.ts";
import { FIRST, type KeyType, type Place } from "./key-place.ts";

/** More names at a time would delay other clients. */
const PAGE = 64;

const FIRST_SET: Place = { type: "set", after: null };

export interface KeyPage {
  names: Buffer[];
  type: KeyType;
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
  if (begin.type === "list") {
    for await (const page of statusPagesOfAll(looker, begin.after, most)) {
      const names = page.statuses.filter(isKey).map(({ queue }) => queue);
      const next: Place = page.next ? { type: "list", after: page.next } : FIRST_SET;
      yield { names, type: "list", lookedAt: page.lookedAt, next };
    }
  }
  yield* setPages(looker, begin.type === "set" ? begin.after : null, most);
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
    const names = page.names.filter((name) => user?.mayUse(name));
    const next: Place | null = after ? { type: "set", after } : null;
    yield { names, type: "set", lookedAt: page.names.length, next };
  } while (after);
}
