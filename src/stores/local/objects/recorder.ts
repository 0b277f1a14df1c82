// Records the statements that row writers run, as bytes that a replay runs again. A recording
// comes first: its statements are held back until run(), so that they can run while the recording
// is on its way.
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

const heldBack = { changes: NaN };

interface Call {
  statement: RowStatement;
  values: Value[];
}

export class Recorder {
  readonly #values = new RecordedValues();
  /** Has the numbers of statements in the current recording; null between recordings. */
  #numbers: Map<string, number> | null = null;
  #startBytes = 0;
  /** Of the latest recording. */
  #held: Call[] = [];
  #failure: Error | null = null;

  /** Its statements are recorded, and held back, from begin() to end(). */
  prepare(db: Database, sql: string): RowStatement {
    const statement = db.prepare(sql) as RowStatement;
    return new RecordedStatement(this, isReplayable(sql) ? sql : null, statement);
  }

  begin(schemaVersion: number): void {
    this.drop();
    this.#numbers = new Map();
    this.#values.clear();
    this.#values.number(recordingFormat);
    this.#values.number(schemaVersion);
    this.#startBytes = this.#values.length;
  }

  /** Whether a statement was recorded since begin(). */
  get hasRecorded(): boolean {
    return this.#values.length > this.#startBytes;
  }

  /** From now on statements run at once. */
  end(): void {
    this.#numbers = null;
  }

  /** The recording. null if nothing was recorded. */
  take(): Buffer | null {
    return this.hasRecorded ? this.#values.take() : null;
  }

  /** Runs what is held back. Throws the failure of a statement, now and at each further call. */
  run(): void {
    if (this.#failure !== null) throw this.#failure;
    const held = this.#held;
    this.#held = [];
    try {
      for (const { statement, values } of held) statement.run(...values);
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }

  /** What is held back will not run. */
  drop(): void {
    this.#held = [];
    this.#failure = null;
  }

  /** Returns whether the statement is held back. */
  holds(sql: string, call: Call): boolean {
    if (this.#numbers === null) return false;
    this.#note(this.#numbers, sql, call.values);
    this.#held.push(call);
    return true;
  }

  #note(numbers: Map<string, number>, sql: string, values: Value[]): void {
    let number = numbers.get(sql);
    if (number === undefined) {
      number = numbers.size + 1;
      numbers.set(sql, number);
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
  readonly #sql: string | null;
  readonly #statement: RowStatement;

  /** Without its text it is not recorded. */
  constructor(recorder: Recorder, sql: string | null, statement: RowStatement) {
    this.#recorder = recorder;
    this.#sql = sql;
    this.#statement = statement;
  }

  /** Nobody asks how many rows are changed by one that is held back. */
  run(...values: Value[]): { changes: number } {
    const sql = this.#sql;
    const statement = this.#statement;
    if (sql !== null && this.#recorder.holds(sql, { statement, values })) return heldBack;
    return statement.run(...values);
  }

  /** What is held back runs first. */
  values(...values: Value[]): unknown[][] {
    this.#recorder.run();
    return this.#statement.values(...values);
  }

  finalize(): void {
    this.#statement.finalize();
  }
}
