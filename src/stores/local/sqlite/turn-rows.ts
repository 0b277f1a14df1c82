// The rows of turns: which groups of each queue had the latest ones, in their order. Groups that
// are in no row had theirs before.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import type { LocalQueue } from "../local-queue.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

// A row begins when the last one has so much: a pop writes little, and few rows are to be deleted.
const turnsInRow = 128;
const charactersInRow = 4096;
/** Of a queue so many turns are kept, and two for each group. */
const turnsKept = 1024;
const readAtOnce = 1000;

/** The rows of a queue. Each has as its number how many turns were written before it. */
interface Written {
  row: number;
  turns: number;
  /** In the row. */
  characters: number;
}

export class TurnRows {
  /** By the numbers of queues. */
  readonly #written = new Map<number, Written>();
  readonly #add: RowStatement;
  readonly #drop: RowStatement;
  readonly #last: RowStatement;

  constructor(statements: Statements) {
    this.#add = statements.prepare(
      `INSERT INTO turns VALUES (?, ?, ?)
       ON CONFLICT (queue, row) DO UPDATE SET names = names || excluded.names`,
    );
    this.#drop = statements.prepare("DELETE FROM turns WHERE queue = ? AND row < ?");
    this.#last = statements.prepare("SELECT max(row) FROM turns WHERE queue = ?");
  }

  /** Without room on the disk it is left to events, and turns may begin anew at the next start. */
  write({ turns, retired, forgotten }: Changes, hasRoom: boolean): void {
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
      else if (hasRoom) this.#write(queue.number, own, turnsKept + 2 * queue.groups.size);
    }
  }

  #write(queue: number, names: (string | null)[], kept: number): void {
    let { row, turns, characters } = this.#written.get(queue) ?? this.#writtenBefore(queue);
    if (turns - row >= turnsInRow || characters >= charactersInRow) {
      this.#drop.run(queue, turns - kept);
      [row, characters] = [turns, 0];
    }
    const text = JSON.stringify(names).slice(1, -1) + ",";
    this.#add.run(queue, row, text);
    // A batch that is not committed leaves a row with fewer turns.
    [turns, characters] = [turns + names.length, characters + text.length];
    this.#written.set(queue, { row, turns, characters });
  }

  /** By an okq before: its last row had at most so many turns, or those of one batch. */
  #writtenBefore(queue: number): Written {
    const [last] = this.#last.values(queue) as [number | null][];
    const row = last![0] === null ? 0 : last![0] + turnsInRow;
    return { row, turns: row, characters: 0 };
  }

  #forget(queue: number): void {
    this.#drop.run(queue, Number.MAX_SAFE_INTEGER);
    this.#written.delete(queue);
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
