// All rows of a journal, and the transactions that change them.

import type { Database } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import { encodeSettings } from "../queue-facts.ts";
import type { StoredEvent } from "../stored-event.ts";
import { CronRows } from "./cron-rows.ts";
import { EventRows } from "./event-rows.ts";
import { valuesOf } from "./schema.ts";
import { SetRows } from "./set-rows.ts";
import type { RowStatement, Statements } from "./statements.ts";
import { TurnRows } from "./turn-rows.ts";

const clockEveryMs = 1000;
/** The time of tokens and made ids is written so far ahead, so that few batches write it. */
const countedAheadMs = 1000;

export class JournalRows {
  /** For deleting what is gone. */
  readonly events: EventRows;
  readonly #db: Database;
  readonly #damaged: (message: string) => Error;
  readonly #crons: CronRows;
  readonly #sets: SetRows;
  readonly #turns: TurnRows;
  readonly #setClock: RowStatement;
  readonly #setCounted: RowStatement;
  readonly #setDefaults: RowStatement;
  readonly #begin: RowStatement;
  readonly #commit: RowStatement;
  #clockMs: number;
  #countedMs: number;
  /** As the open transaction has them. */
  #next: { clockMs: number; countedMs: number };

  /** `damaged` makes the error for a row that is missing. */
  constructor(db: Database, statements: Statements, damaged: (message: string) => Error) {
    this.#db = db;
    this.#damaged = damaged;
    this.events = new EventRows(statements, "main");
    this.#crons = new CronRows(statements);
    this.#sets = new SetRows(statements, "main");
    this.#turns = new TurnRows(statements);
    this.#setClock = statements.prepare("UPDATE clock SET ms = ?");
    this.#setCounted = statements.prepare("UPDATE clock SET counted = ?");
    this.#setDefaults = statements.prepare("UPDATE clock SET defaults = ?");
    this.#begin = statements.prepare("BEGIN IMMEDIATE");
    this.#commit = statements.prepare("COMMIT");
    const [clock] = valuesOf(db, "SELECT ms, counted FROM clock") as [number, number][];
    [this.#clockMs, this.#countedMs] = clock!;
    this.#next = { clockMs: this.#clockMs, countedMs: this.#countedMs };
  }

  /** The latest time that was committed. */
  get clockMs(): number {
    return this.#clockMs;
  }

  /** Writes that time again. */
  rewriteClock(): void {
    this.#setClock.run(this.#clockMs);
  }

  /**
   * Writes changes in a new transaction, which stays open. Without room turns may be left out.
   * Returns whether events or members of sets were added.
   */
  write(changes: Changes, hasRoom: boolean): boolean {
    this.#begin.run();
    this.#next = { clockMs: this.#clockMs, countedMs: this.#countedMs };
    let hasNew = this.events.write(changes, true);
    hasNew = this.#sets.write(changes) || hasNew;
    this.#crons.write(changes);
    this.#turns.write(changes, hasRoom);
    if (changes.defaults) this.#setDefaults.run(encodeSettings(changes.defaults));
    return hasNew;
  }

  /** Tokens or ids were made that could be made again by another process. */
  isNewlyCounted({ countedMs }: Changes): boolean {
    return countedMs > this.#countedMs;
  }

  /** Writes the time in the open transaction, if it is due. */
  writeClock(changes: Changes, nowMs: number): void {
    const clockMs = Math.floor(nowMs);
    if (changes.isDemanded || clockMs >= this.#clockMs + clockEveryMs) {
      this.#setClock.run(clockMs);
      this.#next.clockMs = clockMs;
    }
    if (this.isNewlyCounted(changes)) {
      this.#next.countedMs = changes.countedMs + countedAheadMs;
      this.#setCounted.run(this.#next.countedMs);
    }
  }

  commit(): void {
    this.#commit.run();
    this.#clockMs = this.#next.clockMs;
    this.#countedMs = this.#next.countedMs;
  }

  rollBack(): void {
    // Some errors end the transaction by themselves.
    if (this.#db.inTransaction) this.#db.run("ROLLBACK");
  }

  read(key: number): StoredEvent {
    return this.events.read(key) ?? this.#missing(`event ${key}`);
  }

  readRange(from: number, to: number): StoredEvent[] {
    return this.events.readRange(from, to);
  }

  readThen(counter: number): string | Buffer {
    return this.events.readThen(counter) ?? this.#missing(`the event of counter ${counter}`);
  }

  #missing(what: string): never {
    throw this.#damaged(`${what} is missing`);
  }
}
