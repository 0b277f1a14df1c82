// The prepared statements of row writers, finalized together.
import type { Database } from "bun:sqlite";

export type Value = number | string | Uint8Array | null;

/** What row writers need of a statement; one of SQLite has it. */
export interface RowStatement {
  run(...values: Value[]): { changes: number };
  values(...values: Value[]): unknown[][];
  finalize(): void;
}

export class Statements {
  readonly #prepare: (sql: string) => RowStatement;
  readonly #all: RowStatement[] = [];

  /** The default prepares them in the database; another one may see what they do. */
  constructor(
    db: Database,
    prepare: (sql: string) => RowStatement = (sql) => db.prepare(sql) as RowStatement,
  ) {
    this.#prepare = prepare;
  }

  prepare(sql: string): RowStatement {
    const statement = this.#prepare(sql);
    this.#all.push(statement);
    return statement;
  }

  /** An open statement would keep the file open. */
  finalize(): void {
    for (const statement of this.#all) statement.finalize();
  }
}
