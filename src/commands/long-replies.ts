// Replies that grow with what okq has: all its queues, all its clients. A page of what they show is
// collected at a time, in little memory, and beyond the first page for one client at a time. What
// is kept then counts as bytes that clients have not taken, and is written as they take it.
import { type Call, type Client, CommandError, type Context, LongReply } from "./command.ts";
import { Encoded, type Reply } from "../resp/reply.ts";

/** Whose turn it is to collect more than one page. */
export class LongReplies {
  readonly #stats: Pick<Context["stats"], "unsentBytes">;
  readonly #unsentBytesMax: number;
  /** Those who wait for their turn, in order of arrival. */
  readonly #line = new Map<Client, () => void>();
  #collecting: Client | null = null;

  /** Nobody begins while the bytes that clients have not taken are more than that. */
  constructor(stats: Pick<Context["stats"], "unsentBytes">, unsentBytesMax: number) {
    this.#stats = stats;
    this.#unsentBytesMax = unsentBytesMax;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#line.size;
  }

  /** Resolves when it is the client's turn, or when it has left before. */
  enter(client: Client): Promise<void> {
    return new Promise((resolve) => {
      this.#line.set(client, resolve);
      this.check();
    });
  }

  /** Its turn is over, or the client is gone. */
  leave(client: Client): void {
    if (this.#collecting === client) this.#collecting = null;
    this.#line.get(client)?.();
    this.#line.delete(client);
    this.check();
  }

  /** To be called also now and then, since clients take bytes without a word. */
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

/**
 * Goes through all pages; `keep` says how many bytes it keeps of one. Resolves to what lets go of
 * these when the reply is out. Rejects when the client is gone: then there is no point in more.
 */
export async function collect<Page>(
  { client, context }: Call,
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
      // The first page does not count as long as others are before it, or they might never begin.
      if (++pageCount === 2) await longReplies.enter(client);
      if (client.isClosed) throw new CommandError("ERR the client is gone");
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

/** An array of so many elements, each made when it is written. */
export function longArray(
  count: number,
  elements: Iterable<Reply>,
  release: () => void,
): LongReply {
  return new LongReply(partsOf([Encoded.arrayHead(count)], elements, []), release);
}

/** A text out of its pieces. */
export function longText(pieces: Buffer[], release: () => void): LongReply {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const parts = pieces.map((piece) => new Encoded(piece));
  return new LongReply(partsOf([Encoded.bulkHead(bytes)], parts, [Encoded.LINE_END]), release);
}

function* partsOf(...sections: Iterable<Reply>[]): Generator<Reply> {
  for (const section of sections) yield* section;
}
