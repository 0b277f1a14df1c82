// Runs recorded statements again, in a database that was in the same state. Anything else than what
// a recorder writes is an error, because a bucket must not have okq run other statements.

import type { Database } from "bun:sqlite";
import { pragma } from "../sqlite/schema.ts";
import { type RowStatement, Statements, type Value } from "../sqlite/statements.ts";
import { RecordedReader } from "./recorded-values.ts";
import { isReplayable, recordingFormat } from "./recorder.ts";

/** okq has a few dozen. */
const statementsMax = 1000;

/** The version of the schema that a recording is for. Throws an Error. */
export function schemaVersionOf(recording: Uint8Array): number {
  return versionIn(new RecordedReader(recording));
}

export class Replay {
  readonly #schemaVersion: number;
  readonly #statements: Statements;
  readonly #prepared = new Map<string, RowStatement>();

  constructor(db: Database) {
    this.#schemaVersion = pragma(db, "user_version");
    this.#statements = new Statements(db);
  }

  /** Throws an Error that says what is wrong; then some statements may have run. */
  run(recording: Uint8Array): void {
    const reader = new RecordedReader(recording);
    const version = versionIn(reader);
    if (version !== this.#schemaVersion) {
      throw new Error(`it is for schema ${version} and not for ${this.#schemaVersion}`);
    }
    const known: RowStatement[] = [];
    while (!reader.isAtEnd) {
      const number = reader.number();
      if (number === 0) known.push(this.#prepare(reader.text()));
      else this.#call(reader, known[number - 1]);
    }
  }

  finalize(): void {
    this.#statements.finalize();
  }

  #call(reader: RecordedReader, statement: RowStatement | undefined): void {
    if (statement === undefined) throw new Error("it calls a statement that it does not have");
    const values: Value[] = [];
    for (let count = reader.number(); count > 0; count--) values.push(reader.value());
    statement.run(...values);
  }

  #prepare(sql: string): RowStatement {
    const prepared = this.#prepared.get(sql);
    if (prepared) return prepared;
    if (!isReplayable(sql)) throw new Error("it has a statement that is not for rows");
    if (this.#prepared.size === statementsMax) throw new Error("it has too many statements");
    const statement = this.#statements.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

function versionIn(reader: RecordedReader): number {
  const format = reader.number();
  if (format !== recordingFormat) throw new Error(`it has the unknown format ${format}`);
  return reader.number();
}
