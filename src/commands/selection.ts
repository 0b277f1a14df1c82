// The events of a queue that a command is about: <which> in the contract. They are found page by
// page, so that other clients do not wait, and only as long as the client is there.
import type { EventFacts, State } from "../queue/event.ts";
import { decodeHeaders } from "../queue/headers.ts";
import { Glob } from "../users/glob.ts";
import type { Caller } from "./caller.ts";
import { commandError } from "./errors.ts";
import type { Options } from "./syntax-types.ts";
import { wordOf } from "./words.ts";

const KNOWN_FACTS = "[MATCH pattern] [ERROR pattern] [HEADER name pattern]... [GROUP group]";

/** For syntax lines. An event must fit all of them. */
export const WHICH = `${KNOWN_FACTS} [CONTAINS bytes] [BEFORE time]` as const;

/** In the order in which a command without STATE shows them. */
export const STATES = ["ready", "delayed", "claimed", "failed", "completed"] as const;

/** Events in one operation. More of them would delay other clients. */
const PAGE = 128;
/** The same where their contents are needed. */
const WHOLE_PAGE = 16;

type Which = Options<typeof WHICH>;

export class Selection {
  /** Whether the contents have to be known. */
  readonly needsContents: boolean;
  readonly #tests: ((event: EventFacts) => boolean)[] = [];

  constructor({ MATCH, ERROR, HEADER = [], GROUP, CONTAINS, BEFORE }: Which) {
    this.needsContents = CONTAINS !== undefined;
    if (MATCH) {
      const glob = Glob.of(MATCH);
      this.#tests.push(({ id }) => glob.matches(id));
    }
    if (ERROR) {
      const glob = Glob.of(ERROR);
      this.#tests.push(({ lastError }) => lastError !== null && glob.matches(lastError));
    }
    for (const [name, pattern] of HEADER) {
      const glob = Glob.of(pattern);
      this.#tests.push(({ headers }) =>
        decodeHeaders(headers).some((each) => each[0].equals(name) && glob.matches(each[1])),
      );
    }
    if (GROUP) this.#tests.push(({ group }) => group !== null && group.equals(GROUP));
    if (CONTAINS) {
      this.#tests.push(({ contents }) => contents !== null && contents.includes(CONTAINS));
    }
    if (BEFORE !== undefined) this.#tests.push(({ pushedAtMs }) => pushedAtMs < BEFORE);
  }

  /** Every event fits. */
  get isAll(): boolean {
    return this.#tests.length === 0;
  }

  has(event: EventFacts): boolean {
    return this.#tests.every((test) => test(event));
  }
}

/** Selects every event. */
export const EVERYTHING = new Selection({});

/** How many entries a list has, unless its COUNT says more or fewer. */
export const LISTED_DEFAULT = 100;

/** Which events of a queue, and in which order. */
export interface Search {
  queue: Buffer;
  state: State;
  selection: Selection;
  /** How many are wanted. */
  count: number;
}

/** The events found, page by page; none any more once the client is gone. */
export async function* pagesOf(
  { queue, state, selection, count }: Search,
  client: Caller,
): AsyncGenerator<EventFacts[]> {
  const isWhole = selection.needsContents;
  const limit = pageLimit(isWhole);
  let left = count;
  let after: Buffer | null = null;
  do {
    const page: { events: EventFacts[]; next: Buffer | null } = await client.session.ask({
      kind: "scan",
      queue,
      state,
      after,
      limit,
      isReverse: false,
      isWhole,
    });
    const found = page.events.filter((event) => selection.has(event)).slice(0, left);
    if (found.length > 0) yield found;
    left -= found.length;
    after = page.next;
  } while (after !== null && left > 0 && !client.isClosed);
}

/** How many events one operation may look at. */
export function pageLimit(isWhole: boolean): number {
  return isWhole ? WHOLE_PAGE : PAGE;
}

/** The state of that name. Throws if it is not one of these. */
export function stateOf<S extends State>(name: string, bytes: Buffer, states: readonly S[]): S {
  const word = wordOf(bytes).toLowerCase();
  const found = states.find((state) => state === word);
  if (found !== undefined) return found;
  throw commandError("notOneOf", { name, accepts: states.join(", "), given: bytes });
}
