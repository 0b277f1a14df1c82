// The rows of groups: what each has beside its events, if that is something.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import { encodeGroup } from "../group.ts";
import type { Restoration } from "../journal.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

const readAtOnce = 10_000;
const deletedAtOnce = 1000;

export class GroupRows {
  readonly #set: RowStatement;
  readonly #drop: RowStatement;
  readonly #dropSome: RowStatement;

  /** The table is in the schema of that name. */
  constructor(statements: Statements, schema: string) {
    const groups = `${schema}.groups`;
    const some = `SELECT queue, name FROM ${groups} WHERE queue = ? LIMIT ${deletedAtOnce}`;
    this.#set = statements.prepare(`INSERT OR REPLACE INTO ${groups} VALUES (?, ?, ?)`);
    this.#drop = statements.prepare(`DELETE FROM ${groups} WHERE queue = ? AND name = ?`);
    this.#dropSome = statements.prepare(`DELETE FROM ${groups} WHERE (queue, name) IN (${some})`);
  }

  write({ groups, retired }: Changes): void {
    for (const { queue, number, name } of groups.values()) {
      if (retired.has(number) || queue.number !== number) continue;
      const group = queue.groups?.get(name);
      const facts = group ? encodeGroup(group) : null;
      if (group) group.isWritten = facts !== null;
      if (facts === null) this.#drop.run(number, name);
      else this.#set.run(number, name, facts);
    }
  }

  /** Deletes some of a queue. Returns whether there may be more. */
  deleteSome(queue: number): boolean {
    return this.#dropSome.run(queue).changes === deletedAtOnce;
  }
}

type GroupRow = [queue: number, name: string, facts: string];

/** Loads all groups of these queues. Returns the numbers of other queues that have some. */
export async function loadGroups(
  db: Database,
  queues: ReadonlyMap<number, string>,
  restoration: Restoration,
): Promise<Set<number>> {
  const others = new Set<number>();
  const page = db.prepare(
    `SELECT queue, name, facts FROM groups WHERE (queue, name) > (?, ?)
     ORDER BY queue, name LIMIT ${readAtOnce}`,
  );
  try {
    await eachRow(page, [0, ""], ([number, name, facts]: GroupRow) => {
      const queue = queues.get(number);
      if (queue === undefined) others.add(number);
      else restoration.group(queue, name, facts);
      return [number, name];
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  return others;
}
