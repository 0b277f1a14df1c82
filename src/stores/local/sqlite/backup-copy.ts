// A consistent copy of a database, made in small steps while batches go on. Every batch also
// changes the events that were copied already. So the copy has the state at the moment it ends.

import type { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Changes } from "../changes.ts";
import { makeDraft, publish, removeDraft, removeDrafts, syncFolder } from "./database-file.ts";
import { EventRows } from "./event-rows.ts";
import { KEY, NO_WINDOW, type WindowKey } from "./window-rows.ts";

const rowsAtOnce = 100;
const stepMsMax = 5;
const pauseMs = 5;

export class BackupCopy {
  readonly #db: Database;
  readonly #file: string;
  readonly #draft: string;
  readonly #rows: EventRows;
  readonly #done = Promise.withResolvers<void>();
  /** Events up to this key are in the copy. */
  #copiedTo = 0;
  #hasEvents = false;
  /** Windows up to this one are in the copy. */
  #copiedWindow: WindowKey = NO_WINDOW;
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
      this.#rows = new EventRows(db, "copy");
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

  /** Copies some events or windows. Returns whether these were the last ones. */
  #copySome(): boolean {
    if (this.#hasEvents) return this.#copyWindows();
    this.#hasEvents = this.#copyEvents();
    return false;
  }

  /** One may have been added to the copy meanwhile. */
  #copyWindows(): boolean {
    const some = `FROM main.windows WHERE (${KEY}) > (?, ?, ?, ?) ORDER BY ${KEY}`;
    const copy = this.#db.prepare(
      `INSERT OR IGNORE INTO copy.windows SELECT * ${some} LIMIT ${rowsAtOnce}`,
    );
    const next = this.#db.prepare(`SELECT ${KEY} ${some} LIMIT 1 OFFSET ${rowsAtOnce - 1}`);
    try {
      copy.run(...this.#copiedWindow);
      const [last] = next.values(...this.#copiedWindow) as WindowKey[];
      if (last) this.#copiedWindow = last;
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
    this.#db.run("DELETE FROM copy.queues");
    this.#db.run("INSERT INTO copy.queues SELECT * FROM main.queues");
    this.#db.run("INSERT INTO copy.crons SELECT * FROM main.crons");
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
    this.#rows.finalize();
    this.#db.run("DETACH copy");
  }
}
