// The rows of the scratch database. Changes become rows and a recording for the log, in a
// transaction that is open until the log has them.

import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import { JournalRows } from "../sqlite/journal-rows.ts";
import { migrations } from "../sqlite/schema.ts";
import { Statements } from "../sqlite/statements.ts";
import { Recorder } from "./recorder.ts";
import { Replay } from "./replay.ts";

export class RecordedRows {
  readonly rows: JournalRows;
  readonly #db: Database;
  readonly #recorder = new Recorder();
  readonly #statements: Statements;

  /** `damaged` makes the error for a row that is missing. */
  constructor(db: Database, damaged: (message: string) => Error) {
    this.#db = db;
    this.#statements = new Statements(db, (sql) => this.#recorder.prepare(db, sql));
    this.rows = new JournalRows(db, this.#statements, damaged);
  }

  /**
   * Writes changes in a new transaction, and returns their recording; null if no row changes.
   * Without room turns may be left out.
   */
  record(changes: Changes, nowMs: number, hasRoom: boolean): Buffer | null {
    this.#recorder.begin(migrations.length);
    this.rows.write(changes, hasRoom);
    const isClockDue = this.#recorder.hasRecorded || this.rows.isNewlyCounted(changes);
    if (isClockDue) this.rows.writeClock(changes, nowMs);
    return this.#recorder.end();
  }

  /** Ends the transaction, with its changes. */
  commit(): void {
    this.rows.commit();
  }

  /** Ends the transaction, without its changes. */
  undo(): void {
    this.#recorder.end();
    this.rows.rollBack();
  }

  /** Makes the changes of a recording whose transaction was undone. */
  repeat(recording: Uint8Array): void {
    const replay = new Replay(this.#db);
    try {
      this.#db.run("BEGIN");
      replay.run(recording);
      this.rows.commit();
    } finally {
      replay.finalize();
    }
  }

  finalize(): void {
    this.#statements.finalize();
  }
}
