// The rows of histories: the steps that are over, as packed-steps.ts has them. They are in tables
// of their own, because they change less often than the other facts of queues.
import type { Database } from "bun:sqlite";
import { NO_STEPS } from "../../../queue/packed-steps.ts";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import type { LocalQueue } from "../local-queue.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

const readAtOnce = 1000;

export class HistoryRows {
  readonly #setHour: RowStatement;
  readonly #setDay: RowStatement;
  readonly #drops: RowStatement[];

  /** The tables are in the schema of that name. */
  constructor(statements: Statements, schema: string) {
    this.#setHour = statements.prepare(`INSERT OR REPLACE INTO ${schema}.hours VALUES (?, ?)`);
    this.#setDay = statements.prepare(`INSERT OR REPLACE INTO ${schema}.days VALUES (?, ?)`);
    this.#drops = ["hours", "days"].map((table) =>
      statements.prepare(`DELETE FROM ${schema}.${table} WHERE queue = ?`),
    );
  }

  write({ named, hours, days, retired, forgotten }: Changes): void {
    for (const { queue } of named) this.#write(queue, true, true);
    for (const queue of hours) this.#write(queue, true, days.has(queue));
    for (const number of [...retired.keys(), ...forgotten]) {
      for (const drop of this.#drops) drop.run(number);
    }
  }

  /** A queue without a number has nothing any more. */
  #write({ number, history }: LocalQueue, hasHour: boolean, hasDay: boolean): void {
    if (number === 0 || history === null) return;
    if (hasHour && history.hour.length > 0) this.#setHour.run(number, history.hour);
    if (hasDay && history.day.length > 0) this.#setDay.run(number, history.day);
  }
}

type HistoryRow = [queue: number, hour: Uint8Array | null, day: Uint8Array | null];

/** Loads the histories of these queues. */
export async function loadHistories(
  db: Database,
  queues: ReadonlyMap<number, string>,
  restoration: Restoration,
): Promise<void> {
  // There is no ten minutes without a minute.
  const page = db.prepare(
    `SELECT queue, hours.steps, days.steps FROM hours LEFT JOIN days USING (queue)
     WHERE queue > ? ORDER BY queue LIMIT ${readAtOnce}`,
  );
  try {
    await eachRow(page, [0], ([number, hour, day]: HistoryRow) => {
      const queue = queues.get(number);
      if (queue !== undefined) restoration.steps(queue, hour ?? NO_STEPS, day ?? NO_STEPS);
      return [number];
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
}
