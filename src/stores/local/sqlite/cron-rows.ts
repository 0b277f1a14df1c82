// The rows of cron entries.
import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { Restoration } from "../journal.ts";
import { valuesOf } from "./schema.ts";
import type { RowStatement, Statements } from "./statements.ts";

export class CronRows {
  readonly #set: RowStatement;
  readonly #drop: RowStatement;

  constructor(statements: Statements) {
    this.#set = statements.prepare(
      "INSERT OR REPLACE INTO main.crons VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#drop = statements.prepare("DELETE FROM main.crons WHERE (queue, name) = (?, ?)");
  }

  write({ crons }: Changes): void {
    for (const { queue, name } of crons) {
      const entry = queue.crons?.get(name);
      if (entry === undefined) this.#drop.run(queue.name, name);
      else {
        const { version, setAtMs, lastAtMs, nextAtMs, definition } = entry;
        this.#set.run(queue.name, name, version, setAtMs, lastAtMs, nextAtMs, definition);
      }
    }
  }
}

type CronRow = [
  queueName: string,
  name: string,
  version: string,
  setAtMs: number,
  lastAtMs: number | null,
  nextAtMs: number | null,
  definition: Uint8Array,
];

export function loadCrons(db: Database, restoration: Restoration): void {
  for (const row of valuesOf(db, "SELECT * FROM crons") as CronRow[]) {
    const [queueName, name, version, setAtMs, lastAtMs, nextAtMs, definition] = row;
    const times = { setAtMs, lastAtMs, nextAtMs };
    restoration.cron({ queueName, name, version, definition: Buffer.from(definition), ...times });
  }
}
