// The rows of the members of sets. "=" stands in front of the name of a set, so that the empty key
// comes before all rows.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

const loadedAtOnce = 10_000;

type SetRow = [keyOfSet: string, member: string];

/** Before all rows. */
export const NO_MEMBER: SetRow = ["", ""];

export class SetRows {
  readonly #add: RowStatement;
  readonly #remove: RowStatement;
  readonly #drop: RowStatement;

  constructor(statements: Statements, schema: "main" | "copy") {
    this.#add = statements.prepare(`INSERT OR IGNORE INTO ${schema}.sets VALUES (?, ?)`);
    this.#remove = statements.prepare(`DELETE FROM ${schema}.sets WHERE (name, member) = (?, ?)`);
    this.#drop = statements.prepare(`DELETE FROM ${schema}.sets WHERE name = ?`);
  }

  /** Returns whether a member was added. */
  write({ sets: changed }: Changes): boolean {
    let hasAdded = false;
    // As they are now: a later change, or an undone one, may have set them back.
    for (const { sets, name, member } of changed) {
      const key = `=${name}`;
      const members = sets.membersOf(name);
      if (member === null) {
        this.#drop.run(key);
        for (const each of members) this.#add.run(key, each);
      } else if (members.has(member)) {
        this.#add.run(key, member);
        hasAdded = true;
      } else this.#remove.run(key, member);
    }
    return hasAdded;
  }
}

export async function loadSets(db: Database, restoration: Restoration): Promise<void> {
  const page = db.prepare(
    `SELECT name, member FROM sets WHERE (name, member) > (?, ?)
     ORDER BY name, member LIMIT ${loadedAtOnce}`,
  );
  try {
    await eachRow<SetRow>(page, NO_MEMBER, ([key, member]) => {
      restoration.setMember(key.slice(1), member);
      return [key, member];
    });
  } finally {
    page.finalize();
  }
}
