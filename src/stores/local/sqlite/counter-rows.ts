// The rows of counters, of the events that they push, and of their members. Those of members may
// outlast their counter until a chore deletes them.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import { eachRow } from "./each-row.ts";
import type { RowStatement, Statements } from "./statements.ts";

const readAtOnce = 10_000;
const deletedAtOnce = 1000;

export class CounterRows {
  readonly #add: RowStatement;
  readonly #addThen: RowStatement;
  readonly #drop: RowStatement;
  readonly #dropThen: RowStatement;
  readonly #setLeft: RowStatement;
  readonly #addMember: RowStatement;
  readonly #dropMember: RowStatement;
  readonly #dropMembers: RowStatement;
  readonly #readThen: RowStatement;

  /** The tables are in the schema of that name. */
  constructor(statements: Statements, schema: string) {
    const prepare = (sql: string) => statements.prepare(sql.replaceAll("$", `${schema}.`));
    this.#add = prepare("INSERT OR REPLACE INTO $counters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#addThen = prepare("INSERT OR REPLACE INTO $thens VALUES (?, ?)");
    this.#drop = prepare("DELETE FROM $counters WHERE number = ?");
    this.#dropThen = prepare("DELETE FROM $thens WHERE number = ?");
    this.#setLeft = prepare("UPDATE $counters SET remaining = ? WHERE number = ?");
    this.#addMember = prepare("INSERT OR IGNORE INTO $members VALUES (?, ?)");
    this.#dropMember = prepare("DELETE FROM $members WHERE (counter, member) = (?, ?)");
    this.#dropMembers = prepare(
      `DELETE FROM $members WHERE (counter, member) IN
         (SELECT counter, member FROM $members WHERE counter = ? LIMIT ${deletedAtOnce})`,
    );
    this.#readThen = prepare("SELECT contents FROM $thens WHERE number = ?");
  }

  write({ counters }: Changes): void {
    for (const { kind, counter, member } of counters) {
      const { number, queue, key, count, left, sinceMs, endsAtMs, isBack, event } = counter;
      if (kind === "add") {
        const ends = endsAtMs === Infinity ? null : endsAtMs;
        const facts = [number, queue, key, count, left, sinceMs, ends] as const;
        this.#add.run(...facts, isBack ? 1 : 0, event?.text ?? null);
        if (event) this.#addThen.run(number, event.contents);
      } else if (kind === "drop") {
        this.#drop.run(number);
        this.#dropThen.run(number);
      } else {
        const isAdded = (kind === "count") !== isBack;
        (isAdded ? this.#addMember : this.#dropMember).run(number, member);
        // Of several changes in a batch the last one counts.
        this.#setLeft.run(left, number);
      }
    }
  }

  /** Deletes some members. Returns whether there may be more. */
  deleteMembers(counter: number): boolean {
    return this.#dropMembers.run(counter).changes === deletedAtOnce;
  }

  readThen(counter: number): string | Uint8Array | undefined {
    const [row] = this.#readThen.values(counter) as [string | Uint8Array][];
    return row?.[0];
  }
}

export type MemberKey = [counter: number, member: string];
type CounterRow = [
  number: number,
  queue: string,
  key: string,
  count: number,
  left: number,
  sinceMs: number,
  endsAtMs: number | null,
  isBack: 0 | 1,
  event: string | null,
];

/** Loads all counters with their members. Returns the numbers of others that have members. */
export async function loadCounters(db: Database, restoration: Restoration): Promise<Set<number>> {
  const [known, others] = [new Set<number>(), new Set<number>()];
  const counters = db.prepare(
    `SELECT number, queue, key, count, remaining, since, ends, is_back, event FROM counters
     WHERE number > ? ORDER BY number LIMIT ${readAtOnce}`,
  );
  const members = db.prepare(
    `SELECT counter, member FROM members WHERE (counter, member) > (?, ?)
     ORDER BY counter, member LIMIT ${readAtOnce}`,
  );
  try {
    await eachRow(counters, [0], (row: CounterRow) => {
      const [number, queue, key, count, left, sinceMs, endsAtMs, isBack, event] = row;
      known.add(number);
      const stored = { number, queue, key, count, left, sinceMs, endsAtMs, event };
      restoration.counter({ ...stored, isBack: isBack === 1 });
      return [number];
    });
    await eachRow(members, [0, ""], ([counter, member]: MemberKey) => {
      if (known.has(counter)) restoration.member(counter, member);
      else others.add(counter);
      return [counter, member];
    });
  } finally {
    // An open statement would keep the file open.
    counters.finalize();
    members.finalize();
  }
  return others;
}
