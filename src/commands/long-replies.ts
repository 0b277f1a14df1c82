// Replies that grow with the number of queues or clients. They are collected page by page, in
// little memory. Only one client at a time gets more than the first page. The collected pages count
// as bytes that clients have not taken, and are written as the client takes them.
import { Encoded, Failure, type Reply } from "../resp/reply.ts";
import { LongReply } from "./answer.ts";
import type { Caller } from "./caller.ts";
import { CommandError } from "./errors.ts";

interface Unsent {
  unsentBytes: number;
}

/** Nobody reads this reply. */
const GONE = new Failure("ERR the client is gone");

/** Whose turn it is to collect more than one page. */
export class LongReplies {
  readonly #stats: Unsent;
  readonly #unsentBytesMax: number;
  /** Those who wait for their turn, in order of arrival. */
  readonly #line = new Map<Caller, () => void>();
  #collecting: Caller | null = null;

  /** No client begins while clients have not taken more bytes than this. */
  constructor(stats: Unsent, unsentBytesMax: number) {
    this.#stats = stats;
    this.#unsentBytesMax = unsentBytesMax;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Resolves when it is the client's turn, or when it has left before. */
  enter(client: Caller): Promise<void> {
    return new Promise((resolve) => {
      this.#line.set(client, resolve);
      this.check();
    });
  }

  /** Its turn is over, or the client is gone. */
  leave(client: Caller): void {
    if (this.#collecting === client) this.#collecting = null;
    this.#line.get(client)?.();
    this.#line.delete(client);
    this.check();
  }

  /** Must also be called now and then: nothing tells when clients take bytes. */
  check(): void {
    if (this.#collecting || this.#stats.unsentBytes > this.#unsentBytesMax) return;
    const [next] = this.#line;
    if (!next) return;
    const [client, resolve] = next;
    this.#line.delete(client);
    this.#collecting = client;
    resolve();
  }
}

interface Collecting {
  client: Caller;
  context: { longReplies: LongReplies; stats: Unsent };
}

/**
 * Goes through all pages; `keep` returns how many bytes it keeps of one. Resolves to a function
 * that frees these bytes when the reply is out. Rejects when the client is gone.
 */
export async function collect<Page>(
  { client, context }: Collecting,
  pages: AsyncIterable<Page>,
  keep: (page: Page) => number,
): Promise<() => void> {
  const { longReplies, stats } = context;
  let pageCount = 0;
  let [kept, counted] = [0, 0];
  const count = (bytes: number) => {
    stats.unsentBytes += bytes - counted;
    counted = bytes;
  };
  try {
    for await (const page of pages) {
      // While others are before this client, its first page does not count: they might never begin.
      if (++pageCount === 2) await longReplies.enter(client);
      if (client.isClosed) throw new CommandError(GONE);
      kept += keep(page);
      if (pageCount > 1) count(kept);
    }
    count(kept);
    return () => count(0);
  } catch (error) {
    count(0);
    throw error;
  } finally {
    longReplies.leave(client);
  }
}

/** An array with this number of elements; each is made when it is written. */
export function longArray(
  count: number,
  elements: Iterable<Reply>,
  release: () => void,
): LongReply {
  return new LongReply(partsOf([Encoded.arrayHead(count)], elements, []), release);
}

/** A text that is made of pieces. */
export function longText(pieces: Buffer[], release: () => void): LongReply {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const parts = pieces.map((piece) => new Encoded(piece));
  return new LongReply(partsOf([Encoded.bulkHead(bytes)], parts, [Encoded.LINE_END]), release);
}

function* partsOf(...sections: Iterable<Reply>[]): Generator<Reply> {
  for (const section of sections) yield* section;
}
