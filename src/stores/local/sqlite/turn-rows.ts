// The rows of turns: which groups of each queue had the latest ones, in their order. Groups that
// are in no row had theirs before.
import type { Database, Statement } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import type { LocalQueue } from "../local-queue.ts";
import { eachRow } from "./each-row.ts";

/** Turns in a row: a pop alone writes a short row, and few rows are to be deleted. */
const turnsInRow = 128;
/** Of a queue so many turns are kept, and two for each group. */
const turnsKept = 1024;
const readAtOnce = 1000;

export class TurnRows {
  /** How many turns of a queue were written so far, by its number. */
  readonly #written = new Map<number, number>();
  readonly #add: Statement;
  readonly #drop: Statement;
  readonly #last: Statement;

  /** The table is in the schema of that name. */
  constructor(db: Database, schema: string) {
    const turns = `${schema}.turns`;
    this.#add = db.prepare(
      `INSERT INTO ${turns} VALUES (?, ?, ?)
       ON CONFLICT (queue, row) DO UPDATE SET names = names || excluded.names`,
    );
    this.#drop = db.prepare(`DELETE FROM ${turns} WHERE queue = ? AND row < ?`);
    this.#last = db.prepare(`SELECT coalesce(max(row) + 1, 0) FROM ${turns} WHERE queue = ?`);
  }

  write({ turns, retired, forgotten }: Changes): void {
    for (const number of retired.keys()) this.#forget(number);
    for (const number of forgotten) this.#forget(number);
    if (turns.length === 0) return;
    const names = new Map<LocalQueue, (string | null)[]>();
    for (const { queue, group } of turns) {
      const own = names.get(queue);
      if (own) own.push(group);
      else names.set(queue, [group]);
    }
    for (const [queue, own] of names) {
      if (queue.number === 0) continue;
      if (queue.groups === null) this.#forget(queue.number);
      else this.#write(queue.number, own, turnsKept + 2 * queue.groups.size);
    }
  }

  #write(queue: number, names: (string | null)[], kept: number): void {
    const before = this.#written.get(queue) ?? this.#writtenBefore(queue);
    const row = Math.floor(before / turnsInRow);
    // A batch that is not committed leaves a row with fewer turns.
    const after = before + names.length;
    this.#written.set(queue, after);
    this.#add.run(queue, row, JSON.stringify(names).slice(1, -1) + ",");
    const isNewRow = row < Math.floor(after / turnsInRow);
    if (isNewRow) this.#drop.run(queue, Math.floor((before - kept) / turnsInRow));
  }

  /** By an okq before. */
  #writtenBefore(queue: number): number {
    const [row] = this.#last.values(queue) as [number][];
    return row![0] * turnsInRow;
  }

  #forget(queue: number): void {
    this.#drop.run(queue, Number.MAX_SAFE_INTEGER);
    this.#written.delete(queue);
  }

  finalize(): void {
    for (const statement of [this.#add, this.#drop, this.#last]) statement.finalize();
  }
}

type TurnRow = [queue: number, row: number, names: string];

/** Loads the turns of these queues, whose groups are there. */
export async function loadTurns(
  db: Database,
  queues: ReadonlyMap<number, string>,
  restoration: Restoration,
): Promise<void> {
  const page = db.prepare(
    `SELECT queue, row, names FROM turns WHERE (queue, row) > (?, ?)
     ORDER BY queue, row LIMIT ${readAtOnce}`,
  );
  try {
    await eachRow(page, [0, -1], ([number, row, names]: TurnRow) => {
      const queue = queues.get(number);
      const had = JSON.parse(`[${names}null]`) as (string | null)[];
      if (queue !== undefined) restoration.turns(queue, had.slice(0, -1));
      return [number, row];
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
}
