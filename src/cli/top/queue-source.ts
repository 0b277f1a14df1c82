// The rows of `okq top`, read from okq: all queues, and the rates of those that are of interest.
import type { Okq } from "../../client/client.ts";
import { pagesOf } from "../looks/pages.ts";
import { queueRow, type QueueRow, ratesIn, statsOf, totalsIn } from "../looks/queue-rows.ts";
import { Rates } from "./rates.ts";
import type { Size, Snapshot, TopView } from "./top-view.ts";

const QUEUES_MAX = 10_000;
/** Queues whose rates are asked at a time. */
const RATES_MAX = 200;

export class QueueSource {
  readonly #okq: Pick<Okq, "call">;
  readonly #match: string | undefined;
  readonly #rates = new Rates();

  constructor(okq: Pick<Okq, "call">, match: string | undefined) {
    this.#okq = okq;
    this.#match = match;
  }

  /** Gives the view what there is now, or the problem. Never rejects. */
  async update(view: TopView, size: Size): Promise<void> {
    try {
      const snapshot = await this.read();
      view.snapshot = { ...snapshot, rows: carried(view.snapshot.rows, snapshot.rows) };
      await this.addRates(view.wanted(size));
      view.problem = null;
    } catch (error) {
      view.problem = {
        since: view.problem?.since ?? new Date(),
        message: (error as Error).message,
      };
    }
  }

  async read(): Promise<Snapshot> {
    const rows: QueueRow[] = [];
    const match = this.#match === undefined ? [] : ["MATCH", this.#match];
    for await (const page of pagesOf(this.#okq, ["QUEUES", ...match], QUEUES_MAX)) {
      rows.push(...page.map(queueRow));
    }
    this.#rates.keep(new Set(rows.map(({ key }) => key)));
    return { rows, hasMore: rows.length >= QUEUES_MAX, at: new Date() };
  }

  /** Rates of the last seconds, or of the last minute where these are not known yet. */
  async addRates(rows: readonly QueueRow[]): Promise<void> {
    const asked = rows.slice(0, RATES_MAX);
    const all = await Promise.all(asked.map(({ name }) => statsOf(this.#okq, name)));
    const now = performance.now();
    for (const [at, stats] of all.entries()) {
      const row = asked[at]!;
      row.rates = this.#rates.note(row.key, totalsIn(stats), now) ?? ratesIn(stats);
      row.heldBackBy = stats.has("held-back-by") ? stats.text("held-back-by") : null;
    }
  }
}

/** The rows with the rates that they had, until newer ones are known. */
function carried(before: readonly QueueRow[], rows: QueueRow[]): QueueRow[] {
  const known = new Map(before.map((row) => [row.key, row]));
  return rows.map((row) => {
    const { rates = null, heldBackBy = null } = known.get(row.key) ?? {};
    return { ...row, rates, heldBackBy };
  });
}
