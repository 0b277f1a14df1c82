// The rows of a journal: writes the net changes of a batch and reads events back. One statement
// changes neighbouring rows that change in the same way.

import type { Database, Statement } from "bun:sqlite";
import type { Changes } from "../changes.ts";
import type { StoredEvent } from "../journal.ts";
import { LEFT_END, type LocalEvent } from "../local-queue.ts";
import { READY } from "./schema.ts";

/** Rows inserted by one statement. */
const insertedAtOnce = 16;
/** Of the table of events. */
const columns = 6;
/** Larger contents are left out when several events are read. */
const contentsReadAtOnceMax = 4096;

export class EventRows {
  readonly #insert: Statement;
  readonly #insertMany: Statement;
  readonly #delete: Statement;
  readonly #claim: Statement;
  readonly #ready: Statement;
  readonly #nameQueue: Statement;
  readonly #dropQueue: Statement;
  readonly #read: Statement;
  readonly #readRange: Statement;
  /** Collected from the current batch. */
  readonly #gone: number[] = [];
  readonly #claimed: LocalEvent[] = [];
  readonly #values: (number | string | Buffer | null)[] = [];

  /** The tables are in the schema of that name: "main", or an attached database. */
  constructor(db: Database, schema: string) {
    const row = "(?, ?, ?, ?, ?, ?)";
    const rows = Array(insertedAtOnce).fill(row).join(", ");
    const events = `${schema}.events`;
    const between = "WHERE key BETWEEN ? AND ?";
    this.#insert = db.prepare(`INSERT INTO ${events} VALUES ${row}`);
    this.#insertMany = db.prepare(`INSERT INTO ${events} VALUES ${rows}`);
    this.#delete = db.prepare(`DELETE FROM ${events} ${between}`);
    this.#claim = db.prepare(`UPDATE ${events} SET deadline = ?, place = ? - key ${between}`);
    this.#ready = db.prepare(`UPDATE ${events} SET deadline = ${READY}, place = ? WHERE key = ?`);
    this.#nameQueue = db.prepare(`INSERT OR REPLACE INTO ${schema}.queues VALUES (?, ?)`);
    this.#dropQueue = db.prepare(`DELETE FROM ${schema}.queues WHERE number = ?`);
    this.#read = db.prepare(`SELECT key, id, contents FROM ${events} WHERE key = ?`);
    this.#readRange = db.prepare(
      `SELECT key, id,
         CASE WHEN octet_length(contents) <= ${contentsReadAtOnceMax} THEN contents END
       FROM ${events} ${between} ORDER BY key`,
    );
  }

  /**
   * Without `withNew`, events that are not in the tables yet are left out. Returns whether events
   * were added.
   */
  write(changes: Changes, withNew: boolean): boolean {
    let hasNew = false;
    // They may still have the values of a write that failed.
    for (const notes of [this.#gone, this.#claimed, this.#values]) notes.length = 0;
    for (const { name, number } of changes.named) {
      if (!changes.retired.has(number)) this.#nameQueue.run(number, name);
    }
    for (const number of changes.retired.keys()) this.#dropQueue.run(number);
    for (const number of changes.forgotten) this.#dropQueue.run(number);
    const { touched, queueNumbers, retired } = changes;
    for (let at = 0; at < touched.length; at++) {
      const number = queueNumbers[at] as number;
      if (retired.size > 0 && retired.has(number)) continue;
      const event = touched[at] as LocalEvent;
      if (event.isStored) this.#note(event);
      else if (withNew && !event.isGone) {
        hasNew = true;
        this.#insertLater(event, number);
      }
    }
    this.#writeNoted();
    return hasNew;
  }

  /** Deletes the events with these keys. Sorts and empties the array. */
  deleteKeys(keys: number[]): void {
    keys.sort((a, b) => a - b);
    for (let from = 0; from < keys.length;) {
      let to = from;
      while (keys[to + 1] === (keys[to] as number) + 1) to++;
      this.#delete.run(keys[from] as number, keys[to] as number);
      from = to + 1;
    }
    keys.length = 0;
  }

  read(key: number): StoredEvent | undefined {
    const [row] = this.#read.values(key) as StoredRow[];
    return row && storedEvent(row);
  }

  readRange(from: number, to: number): StoredEvent[] {
    return (this.#readRange.values(from, to) as StoredRow[]).map(storedEvent);
  }

  finalize(): void {
    for (const statement of [
      this.#insert,
      this.#insertMany,
      this.#delete,
      this.#claim,
      this.#ready,
      this.#nameQueue,
      this.#dropQueue,
      this.#read,
      this.#readRange,
    ]) {
      statement.finalize();
    }
  }

  #note(event: LocalEvent): void {
    if (event.isGone) this.#gone.push(event.key);
    else if (event.isClaimed) this.#claimed.push(event);
    else this.#ready.run(event.place, event.key);
  }

  #insertLater(event: LocalEvent, queue: number): void {
    const { key, place, isClaimed, deadlineMs, id, contents } = event;
    const values = this.#values;
    const storedPlace = place === LEFT_END - key ? null : place;
    values.push(key, queue, storedPlace, isClaimed ? deadlineMs : READY, id, contents);
    if (values.length < insertedAtOnce * columns) return;
    this.#insertMany.run(...values);
    values.length = 0;
  }

  #writeNoted(): void {
    const values = this.#values;
    for (let at = 0; at < values.length; at += columns) {
      this.#insert.run(...values.slice(at, at + columns));
    }
    values.length = 0;
    if (this.#gone.length > 0) this.deleteKeys(this.#gone);
    if (this.#claimed.length > 0) this.#claimNoted();
  }

  /** Events claimed one after the other with the same deadline are changed together. */
  #claimNoted(): void {
    const events = this.#claimed;
    events.sort((a, b) => a.key - b.key);
    for (let from = 0; from < events.length;) {
      const first = events[from] as LocalEvent;
      let to = from + 1;
      while (to < events.length && isFollowedBy(first, events[to]!, to - from)) to++;
      const { deadlineMs, place, key } = first;
      this.#claim.run(deadlineMs, place + key, key, key + to - from - 1);
      from = to;
    }
    events.length = 0;
  }
}

function isFollowedBy(first: LocalEvent, event: LocalEvent, distance: number): boolean {
  const { key, place, deadlineMs } = first;
  const isNext = event.key === key + distance && event.place === place - distance;
  return isNext && event.deadlineMs === deadlineMs;
}

type StoredRow = [key: number, id: string, contents: string | Uint8Array | null];

function storedEvent([key, id, contents]: StoredRow): StoredEvent {
  if (contents === null || typeof contents === "string") return { key, id, contents };
  const { buffer, byteOffset, length } = contents;
  return { key, id, contents: Buffer.from(buffer, byteOffset, length) };
}
