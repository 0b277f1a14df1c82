// The rows of windows, in the order in which those of a queue end. A row may outlast its
// window until a chore deletes it.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import type { WindowKind } from "../local-windows.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

const kinds: WindowKind[] = ["windows", "keyWindows"];
/** The columns of the primary key. */
export const KEY = "queue, ends, kind, id";
const readAtOnce = 10_000;
const deletedAtOnce = 1000;

export class WindowRows {
  readonly #add: RowStatement;
  readonly #drop: RowStatement;
  readonly #first: RowStatement;
  readonly #dropEnded: RowStatement;

  /** The table is in the schema of that name. */
  constructor(statements: Statements, schema: string) {
    const windows = `${schema}.windows`;
    const some = (rest: string) => `SELECT ${KEY} FROM ${windows} WHERE queue = ? AND ${rest}`;
    const dropped = `DELETE FROM ${windows} WHERE (${KEY})`;
    this.#add = statements.prepare(`INSERT OR REPLACE INTO ${windows} VALUES (?, ?, ?, ?, ?)`);
    this.#drop = statements.prepare(`${dropped} = (?, ?, ?, ?)`);
    this.#first = statements.prepare(some(`kind = ? ORDER BY ${KEY} LIMIT 1`));
    this.#dropEnded = statements.prepare(
      `${dropped} IN (${some(`ends < ? ORDER BY ${KEY} LIMIT ${deletedAtOnce}`)})`,
    );
  }

  /** Without `isWhole` some rows of the table are still missing. */
  write({ windows, retired }: Changes, isWhole: boolean): void {
    for (const { number, taken } of windows) {
      if (retired.has(number)) continue;
      const { id, owner, endsAtMs, before, putBack } = taken;
      const kind = kinds.indexOf(taken.kind);
      if (putBack !== null && isWhole) this.#dropFirst(number, kind);
      if (before > 0) this.#drop.run(number, before, kind, id);
      this.#add.run(number, endsAtMs, kind, id, owner);
    }
  }

  /** Deletes some of those that ended before that time. Returns whether there may be more. */
  deleteEnded(queue: number, beforeMs: number): boolean {
    return this.#dropEnded.run(queue, beforeMs).changes === deletedAtOnce;
  }

  /** By its key: a copy of the table may still have others that ended. */
  #dropFirst(queue: number, kind: number): void {
    const [first] = this.#first.values(queue, kind) as WindowKey[];
    if (first) this.#drop.run(...first);
  }
}

/** In the order of the primary key. */
export type WindowKey = [queue: number, endsAtMs: number, kind: number, id: string];
type WindowRow = [...WindowKey, owner: string];
export const NO_WINDOW: WindowKey = [0, 0, 0, ""];

/** Loads all windows of these queues. Returns the numbers of other queues that have some. */
export async function loadWindows(
  db: Database,
  queues: ReadonlyMap<number, string>,
  restoration: Restoration,
): Promise<Set<number>> {
  const others = new Set<number>();
  const page = db.prepare(
    `SELECT ${KEY}, owner FROM windows WHERE (${KEY}) > (?, ?, ?, ?)
     ORDER BY ${KEY} LIMIT ${readAtOnce}`,
  );
  try {
    await eachRow(page, NO_WINDOW, ([number, endsAtMs, kind, id, owner]: WindowRow) => {
      const queue = queues.get(number);
      if (queue === undefined) others.add(number);
      else restoration.window(queue, kinds[kind]!, id, endsAtMs, owner);
      return [number, endsAtMs, kind, id];
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  return others;
}
