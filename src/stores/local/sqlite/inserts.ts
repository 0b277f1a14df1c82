// Inserts rows of one form, as many with one statement as it takes.

import type { RowStatement, Statements, Value } from "./statements.ts";

const rowsAtOnce = 16;

export class Inserts {
  readonly #one: RowStatement;
  readonly #many: RowStatement;
  /** How many values a row has. */
  readonly #count: number;
  readonly #values: Value[] = [];

  /** The row has constants, and ? for values. */
  constructor(statements: Statements, table: string, row: string) {
    this.#one = statements.prepare(`INSERT INTO ${table} VALUES ${row}`);
    const rows = Array(rowsAtOnce).fill(row).join(", ");
    this.#many = statements.prepare(`INSERT INTO ${table} VALUES ${rows}`);
    this.#count = row.split("?").length - 1;
  }

  /** The row is inserted now or by flush(). */
  add(values: Value[]): void {
    const waiting = this.#values;
    for (const value of values) waiting.push(value);
    if (waiting.length < rowsAtOnce * this.#count) return;
    this.#many.run(...waiting);
    waiting.length = 0;
  }

  flush(): void {
    const values = this.#values;
    for (let at = 0; at < values.length; at += this.#count) {
      this.#one.run(...values.slice(at, at + this.#count));
    }
    values.length = 0;
  }

  /** Forgets the rows that wait. */
  clear(): void {
    this.#values.length = 0;
  }
}
