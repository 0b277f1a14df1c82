// The rows of dedupe windows, in the order in which those of a queue end. A row may outlast its
// window until a chore deletes it.
import type { Database, Statement } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";

const readAtOnce = 10_000;
const deletedAtOnce = 1000;

export class WindowRows {
  readonly #add: Statement;
  readonly #drop: Statement;
  readonly #dropFirst: Statement;
  readonly #dropEnded: Statement;

  /** The table is in the schema of that name. */
  constructor(db: Database, schema: string) {
    const windows = `${schema}.windows`;
    const some = (rest: string) => `SELECT queue, ends, id FROM ${windows} WHERE queue = ? ${rest}`;
    const dropped = `DELETE FROM ${windows} WHERE (queue, ends, id)`;
    this.#add = db.prepare(`INSERT OR IGNORE INTO ${windows} VALUES (?, ?, ?)`);
    this.#drop = db.prepare(`${dropped} = (?, ?, ?)`);
    this.#dropFirst = db.prepare(`${dropped} IN (${some("ORDER BY ends, id LIMIT 1")})`);
    this.#dropEnded = db.prepare(
      `${dropped} IN (${some(`AND ends < ? ORDER BY ends, id LIMIT ${deletedAtOnce}`)})`,
    );
  }

  /** Without `isWhole` some rows of the table are still missing. */
  write({ windows, retired }: Changes, isWhole: boolean): void {
    for (const { number, taken } of windows) {
      if (retired.has(number)) continue;
      const { id, endsAtMs, before, putBack } = taken;
      if (putBack !== null && isWhole) this.#dropFirst.run(number);
      if (before > 0) this.#drop.run(number, before, id);
      this.#add.run(number, endsAtMs, id);
    }
  }

  /** Deletes some of those that ended before that time. Returns whether there may be more. */
  deleteEnded(queue: number, beforeMs: number): boolean {
    return this.#dropEnded.run(queue, beforeMs).changes === deletedAtOnce;
  }

  finalize(): void {
    for (const statement of [this.#add, this.#drop, this.#dropFirst, this.#dropEnded]) {
      statement.finalize();
    }
  }
}

export type WindowRow = [queue: number, endsAtMs: number, id: string];

/** Loads all windows of these queues. Returns the numbers of other queues that have some. */
export async function loadWindows(
  db: Database,
  queues: ReadonlyMap<number, string>,
  restoration: Restoration,
): Promise<Set<number>> {
  const others = new Set<number>();
  const page = db.prepare(
    `SELECT queue, ends, id FROM windows WHERE (queue, ends, id) > (?, ?, ?)
     ORDER BY queue, ends, id LIMIT ${readAtOnce}`,
  );
  try {
    for (let last: WindowRow | undefined = [0, 0, ""]; last;) {
      const rows = page.values(...last) as WindowRow[];
      for (const [number, endsAtMs, id] of rows) {
        const queue = queues.get(number);
        if (queue === undefined) others.add(number);
        else restoration.window(queue, id, endsAtMs);
      }
      last = rows.at(-1);
      // oxlint-disable-next-line no-await-in-loop -- the process stays responsive
      await new Promise<void>((done) => void setImmediate(done));
    }
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  return others;
}
