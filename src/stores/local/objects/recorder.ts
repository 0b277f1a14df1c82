// Records the statements that row writers run, as bytes that a replay runs again.
//
//   recording: format, version of the schema, entries
//   entry:     0 and the text of a statement, which gets the next number from 1 on; or
//              the number of a statement, the count of its values, and these
//
// Numbers are variable integers; values are as recorded-values.ts writes them.

import type { Database } from "bun:sqlite";
import type { RowStatement, Value } from "../sqlite/statements.ts";
import { RecordedValues } from "./recorded-values.ts";

export const recordingFormat = 1;

/** Statements of other kinds are not recorded, and not replayed. */
export const isReplayable = (sql: string): boolean => /^(INSERT|UPDATE|DELETE) [^;]+$/.test(sql);

export class Recorder {
  readonly #values = new RecordedValues();
  /** Has the numbers of statements in the current recording; null between recordings. */
  #numbers: Map<string, number> | null = null;
  #startBytes = 0;

  /** A statement that is recorded when it runs. */
  prepare(db: Database, sql: string): RowStatement {
    const statement = db.prepare(sql) as RowStatement;
    return isReplayable(sql) ? new RecordedStatement(this, sql, statement) : statement;
  }

  begin(schemaVersion: number): void {
    this.#numbers = new Map();
    this.#values.clear();
    this.#values.number(recordingFormat);
    this.#values.number(schemaVersion);
    this.#startBytes = this.#values.length;
  }

  /** Whether a statement has run since begin(). */
  get hasRecorded(): boolean {
    return this.#values.length > this.#startBytes;
  }

  /** Ends the recording. null if no statement has run since begin(). */
  end(): Buffer | null {
    this.#numbers = null;
    return this.hasRecorded ? this.#values.take() : null;
  }

  note(sql: string, values: Value[]): void {
    if (this.#numbers === null) return;
    let number = this.#numbers.get(sql);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(sql, number);
      this.#values.number(0);
      this.#values.text(sql);
    }
    this.#values.number(number);
    this.#values.number(values.length);
    for (const value of values) this.#values.value(value);
  }
}

class RecordedStatement implements RowStatement {
  readonly #recorder: Recorder;
  readonly #sql: string;
  readonly #statement: RowStatement;

  constructor(recorder: Recorder, sql: string, statement: RowStatement) {
    this.#recorder = recorder;
    this.#sql = sql;
    this.#statement = statement;
  }

  run(...values: Value[]): { changes: number } {
    this.#recorder.note(this.#sql, values);
    return this.#statement.run(...values);
  }

  values(...values: Value[]): unknown[][] {
    return this.#statement.values(...values);
  }

  finalize(): void {
    this.#statement.finalize();
  }
}
