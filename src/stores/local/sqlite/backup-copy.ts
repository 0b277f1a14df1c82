// A consistent copy of a database, made in small steps while batches go on. Every batch also
// changes the events that were copied already. So the copy has the state at the moment it ends.

import type { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Changes } from "../changes.ts";
import { makeDraft, publish, removeDraft, removeDrafts, syncFolder } from "./database-file.ts";
import { EventRows } from "./event-rows.ts";
import { NO_MEMBER, SetRows } from "./set-rows.ts";
import { Statements } from "./statements.ts";
import { KEY, NO_WINDOW } from "./window-rows.ts";

const rowsAtOnce = 100;
const stepMsMax = 5;
const pauseMs = 5;

interface Table {
  name: string;
  /** The columns of its primary key. */
  key: string;
  copied: (number | string)[];
}

export class BackupCopy {
  readonly #db: Database;
  readonly #file: string;
  readonly #draft: string;
  readonly #statements: Statements;
  readonly #rows: EventRows;
  readonly #sets: SetRows;
  readonly #done = Promise.withResolvers<void>();
  /** Events up to this key are in the copy. */
  #copiedTo = 0;
  #hasEvents = false;
  /** The other tables with many rows, and up to which row each of them is in the copy. */
  readonly #tables: Table[] = [
    { name: "windows", key: KEY, copied: NO_WINDOW },
    { name: "members", key: "counter, member", copied: [0, ""] },
    { name: "thens", key: "number", copied: [0] },
    { name: "hours", key: "queue", copied: [0] },
    { name: "days", key: "queue", copied: [0] },
    { name: "sets", key: "name, member", copied: NO_MEMBER },
  ];
  #timer: ReturnType<typeof setTimeout>;
  #isOver = false;

  /** Throws when the file cannot be created. */
  constructor(db: Database, file: string) {
    this.#db = db;
    this.#file = file;
    removeDrafts(file);
    this.#draft = makeDraft(file);
    try {
      db.run("ATTACH ? AS copy", [this.#draft]);
      // It is used only when it is complete, and synced then.
      db.run("PRAGMA copy.journal_mode = OFF");
      db.run("PRAGMA copy.synchronous = OFF");
      this.#statements = new Statements(db);
      this.#rows = new EventRows(this.#statements, "copy");
      this.#sets = new SetRows(this.#statements, "copy");
    } catch (error) {
      removeDraft(this.#draft);
      throw error;
    }
    this.#timer = setTimeout(() => this.#step(), pauseMs);
  }

  /** Resolves when the file is complete and durable. Rejects, without a file, if that fails. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Call it after every commit, before the events of the batch count as stored. */
  mirror(changes: Changes): void {
    if (this.#isOver) return;
    this.#try(() => {
      this.#db.run("BEGIN");
      this.#rows.write(changes, false);
      this.#sets.write(changes);
      this.#db.run("COMMIT");
    });
  }

  /** Ends it without a file. */
  abort(reason: Error): void {
    if (!this.#isOver) this.#fail(reason);
  }

  #step(): void {
    this.#try(() => {
      const endsAtMs = performance.now() + stepMsMax;
      let isWhole = false;
      this.#db.run("BEGIN");
      while (!isWhole && performance.now() < endsAtMs) isWhole = this.#copySome();
      if (isWhole) this.#copyTheRest();
      this.#db.run("COMMIT");
      if (isWhole) this.#finish();
      else this.#timer = setTimeout(() => this.#step(), pauseMs);
    });
  }

  /** Copies some rows. Returns whether these were the last ones. */
  #copySome(): boolean {
    if (!this.#hasEvents) this.#hasEvents = this.#copyEvents();
    else if (this.#copyRows(this.#tables[0]!)) this.#tables.shift();
    return this.#tables.length === 0;
  }

  /** A row may have been added to the copy meanwhile. Returns whether these were the last ones. */
  #copyRows(table: Table): boolean {
    const { name, key, copied } = table;
    const marks = Array(copied.length).fill("?").join(", ");
    const some = `FROM main.${name} WHERE (${key}) > (${marks}) ORDER BY ${key}`;
    const copy = this.#db.prepare(
      `INSERT OR IGNORE INTO copy.${name} SELECT * ${some} LIMIT ${rowsAtOnce}`,
    );
    const next = this.#db.prepare(`SELECT ${key} ${some} LIMIT 1 OFFSET ${rowsAtOnce - 1}`);
    try {
      copy.run(...copied);
      const [last] = next.values(...copied) as Table["copied"][];
      if (last) table.copied = last;
      return last === undefined;
    } finally {
      copy.finalize();
      next.finalize();
    }
  }

  /** Returns whether these were the last ones. */
  #copyEvents(): boolean {
    const rows = `FROM main.events WHERE key > ${this.#copiedTo} ORDER BY key LIMIT ${rowsAtOnce}`;
    const { changes } = this.#db.run(`INSERT INTO copy.events SELECT * ${rows}`);
    if (changes < rowsAtOnce) return true;
    const last = this.#db.prepare(`SELECT max(key) FROM (SELECT key ${rows})`);
    this.#copiedTo = (last.values() as number[][])[0]![0]!;
    last.finalize();
    return false;
  }

  #copyTheRest(): void {
    for (const table of ["queues", "groups", "turns", "counters", "crons"]) {
      this.#db.run(`DELETE FROM copy.${table}`);
      this.#db.run(`INSERT INTO copy.${table} SELECT * FROM main.${table}`);
    }
    const clock = "SELECT ms, counted, defaults FROM main.clock";
    this.#db.run(`UPDATE copy.clock SET (ms, counted, defaults) = (${clock})`);
  }

  #finish(): void {
    this.#end();
    const descriptor = openSync(this.#draft, "r+");
    fsyncSync(descriptor);
    closeSync(descriptor);
    publish(this.#draft, this.#file);
    syncFolder(dirname(this.#file));
    this.#done.resolve();
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    if (!this.#isOver) this.#end();
    removeDraft(this.#draft);
    this.#done.reject(error);
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#statements.finalize();
    this.#db.run("DETACH copy");
  }
}
