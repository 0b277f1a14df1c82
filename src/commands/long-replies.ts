// Replies that grow with the number of queues or clients. They are collected page by page, in
// little memory. Only one client at a time collects more than one page. Collected pages count as
// unsent bytes, and are written as the client reads them.
import { Encoded, type Reply, SetHead } from "../resp/reply.ts";
import { LongReply } from "./answer.ts";
import type { Budget } from "./budget.ts";
import type { Caller } from "./caller.ts";
import { CommandError, errorReply } from "./errors.ts";

/** Nobody reads this reply. */
const GONE = errorReply("internal", { reason: "the client is gone" });

/** The clients that collect more than one page, one at a time. */
export class LongReplies {
  /** Clients that wait for their turn, in order of arrival. */
  readonly #waitList = new Map<Caller, () => void>();
  #collecting: Caller | null = null;

  /** No client begins while the budget for unsent replies is full. */
  constructor(readonly unsent: Budget) {}

  /** How many clients wait for their turn. */
  get waiting(): number {
    return this.#waitList.size;
  }

  /** Resolves when it is the client's turn, or when the client leaves. */
  enter(client: Caller): Promise<void> {
    return new Promise((resolve) => {
      this.#waitList.set(client, resolve);
      this.#beginNext();
    });
  }

  /** Its turn is over, or the client is gone. */
  leave(client: Caller): void {
    if (this.#collecting === client) this.#collecting = null;
    this.#waitList.get(client)?.();
    this.#waitList.delete(client);
    this.#beginNext();
  }

  readonly #beginNext = (): void => {
    const [next] = this.#waitList;
    if (!next || this.#collecting) return;
    if (this.unsent.isFull) return this.unsent.whenRoom(this.#beginNext);
    const [client, resolve] = next;
    this.#waitList.delete(client);
    this.#collecting = client;
    resolve();
  };
}

interface Collecting {
  client: Caller;
  context: { longReplies: LongReplies };
}

/**
 * Calls `keep` with each page; it returns how many bytes it keeps of the page. Resolves to a
 * function that releases these bytes, for when the reply is sent. Rejects when the client is gone.
 */
export async function collect<Page>(
  { client, context }: Collecting,
  pages: AsyncIterable<Page>,
  keep: (page: Page) => number,
): Promise<() => void> {
  const { longReplies } = context;
  const { unsent } = longReplies;
  let pageCount = 0;
  let [kept, counted] = [0, 0];
  const count = () => {
    unsent.take(kept - counted);
    counted = kept;
  };
  const release = () => {
    unsent.release(counted);
    counted = 0;
  };
  try {
    for await (const page of pages) {
      // The first page is counted later: otherwise the first pages of many clients could fill the
      // budget, so that none of them ever begins.
      if (++pageCount === 2) await longReplies.enter(client);
      if (client.isClosed) throw new CommandError(GONE);
      kept += keep(page);
      if (pageCount > 1) count();
    }
    count();
    return release;
  } catch (error) {
    release();
    throw error;
  } finally {
    longReplies.leave(client);
  }
}

/** Does this when it is the client's turn to collect much. */
export async function inTurn<T>(
  { client, context }: Collecting,
  look: () => Promise<T>,
): Promise<T> {
  await context.longReplies.enter(client);
  try {
    return await look();
  } finally {
    context.longReplies.leave(client);
  }
}

/** An array with this number of elements. It makes each element when it writes that element. */
export function longArray(
  count: number,
  elements: Iterable<Reply>,
  release: () => void,
): LongReply {
  return new LongReply(partsOf([Encoded.arrayHead(count)], elements, []), release);
}

/** As longArray, a set. */
export function longSet(count: number, elements: Iterable<Reply>, release: () => void): LongReply {
  return new LongReply(partsOf([new SetHead(count)], elements, []), release);
}

/** A text in pieces. */
export function longText(pieces: Buffer[], release: () => void): LongReply {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const parts = pieces.map((piece) => new Encoded(piece));
  return new LongReply(partsOf([Encoded.bulkHead(bytes)], parts, [Encoded.LINE_END]), release);
}

function* partsOf(...sections: Iterable<Reply>[]): Generator<Reply> {
  for (const section of sections) yield* section;
}
