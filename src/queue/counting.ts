// Gives the store what the tally has counted. A page of counts whose outcome is unknown is sent
// again as it was, with its number, by which the store knows what it has added already.
import { StoreError } from "./errors.ts";
import type { Count } from "./management.ts";
import { nameOf } from "./name-cache.ts";
import { slicesOf } from "./slices.ts";
import type { Session } from "./store.ts";
import type { Tally } from "./tally.ts";

/** Queues in one operation: Redis adds their counts in one step. */
const PAGE = 32;
/** Pages of unknown outcome. The counts of further ones are lost. */
const UNKNOWN_MAX = 100;

type Page = Pick<Count, "number" | "counted">;

export class Counting {
  readonly #session: Session;
  readonly #tally: Tally;
  /** Pages that the store may have, the oldest first. */
  #unknown: Page[] = [];
  #latest = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(session: Session, tally: Tally) {
    this.#session = session;
    this.#tally = tally;
  }

  /**
   * Resolves when the store has what was counted before the call. Rejects with a StoreError if it
   * did not take all. The next call sends the rest.
   */
  send(): Promise<void> {
    // In turn: a page of unknown outcome must not be sent twice at a time.
    this.#sending = this.#sending.catch(() => {}).then(() => this.#send());
    return this.#sending;
  }

  async #send(): Promise<void> {
    const again = this.#unknown;
    const pages = this.#take();
    const settled = (again[0] ?? pages[0])?.number;
    if (settled === undefined) return;
    this.#unknown = [];
    try {
      for (; again.length > 0; again.shift()) await this.#sendAgain(again[0]!, settled);
      while (pages.length > 0) await this.#sendNew(pages.shift()!, settled);
    } finally {
      this.#unknown = [...again, ...this.#unknown].slice(0, UNKNOWN_MAX);
      for (const page of pages) this.#putBack(page.counted);
    }
  }

  #take(): Page[] {
    const counted = [...this.#tally.take()].map(([name, counts]) => ({
      queue: Buffer.from(name, "latin1"),
      counts,
    }));
    return slicesOf(counted, PAGE).map((page) => ({ number: ++this.#latest, counted: page }));
  }

  async #sendAgain(page: Page, settled: number): Promise<void> {
    const { notDone, unknown } = await this.#session.ask({ kind: "count", ...page, settled });
    this.#keep(page, [...notDone, ...unknown]);
  }

  async #sendNew(page: Page, settled: number): Promise<void> {
    const { counted } = page;
    try {
      const { notDone, unknown } = await this.#session.ask({ kind: "count", ...page, settled });
      this.#keep(page, unknown);
      this.#putBack(among(counted, notDone));
    } catch (error) {
      if (error instanceof StoreError && error.failure === "unknown") this.#unknown.push(page);
      else this.#putBack(counted);
      throw error;
    }
  }

  #keep({ number, counted }: Page, queues: Buffer[]): void {
    if (queues.length > 0) this.#unknown.push({ number, counted: among(counted, queues) });
  }

  #putBack(counted: Page["counted"]): void {
    this.#tally.putBack(new Map(counted.map(({ queue, counts }) => [nameOf(queue), counts])));
  }
}

function among(counted: Page["counted"], queues: Buffer[]): Page["counted"] {
  const names = new Set(queues.map(nameOf));
  return counted.filter(({ queue }) => names.has(nameOf(queue)));
}
