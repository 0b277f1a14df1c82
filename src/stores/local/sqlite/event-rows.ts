// The rows of a journal: writes the net changes of a batch and reads events back. One statement
// changes neighbouring rows that change in the same way.

import type { Changes } from "../changes.ts";
import { LOOKED_AT_BYTES_MAX } from "../journal.ts";
import type { StoredEvent } from "../stored-event.ts";
import { encodeMore, type More, WITHOUT_COLUMNS } from "../more.ts";
import { encodeFacts } from "../queue-facts.ts";
import { CounterRows } from "./counter-rows.ts";
import { Inserts } from "./inserts.ts";
import { LEASE_BASE, NO_TIME, PLACE_BASE, type StateColumns } from "./schema.ts";
import { type LocalEvent } from "../local-queue.ts";
import { CLAIMED, GONE, READY } from "../states.ts";
import { GroupRows } from "./group-rows.ts";
import { HistoryRows } from "./history-rows.ts";
import type { RowStatement, Statements } from "./statements.ts";
import { WindowRows } from "./window-rows.ts";

/** Of the table of events. */
const columns = 16;
const noneOf = (columnCount: number) => Array(columnCount).fill("NULL").join(", ");
/** A ready event that was just pushed, without rare facts or with a priority or group. */
const pushed = `?, ?, ${READY}, ${NO_TIME}, ${LEASE_BASE}, ?, ?`;
const plainRow = `(${pushed}, ${noneOf(6)}, ?, NULL, ?)`;
const orderedRow = `(${pushed}, ${noneOf(4)}, ?, ?, ?, NULL, ?)`;

export class EventRows {
  readonly #plain: Inserts;
  readonly #ordered: Inserts;
  readonly #whole: Inserts;
  readonly #delete: RowStatement;
  readonly #claim: RowStatement;
  readonly #move: RowStatement;
  readonly #moveWhole: RowStatement;
  readonly #setContents: RowStatement;
  readonly #nameQueue: RowStatement;
  readonly #dropQueue: RowStatement;
  readonly #read: RowStatement;
  readonly #readRange: RowStatement;
  readonly #windows: WindowRows;
  readonly #groups: GroupRows;
  readonly #counters: CounterRows;
  readonly #histories: HistoryRows;
  /** Collected from the current batch. */
  readonly #gone: number[] = [];
  readonly #claimed: LocalEvent[] = [];

  /** The tables are in the schema of that name: "main", or an attached database. */
  constructor(statements: Statements, schema: string) {
    const prepare = (sql: string) => statements.prepare(sql);
    const events = `${schema}.events`;
    const between = "WHERE key BETWEEN ? AND ?";
    this.#plain = new Inserts(statements, events, plainRow);
    this.#ordered = new Inserts(statements, events, orderedRow);
    this.#whole = new Inserts(statements, events, `(${Array(columns).fill("?").join(", ")})`);
    this.#delete = prepare(`DELETE FROM ${events} ${between}`);
    this.#claim = prepare(
      `UPDATE ${events} SET state = ${CLAIMED}, at = ?, lease = ?, place = ? - key,
         token = ? + key, claimant = ? ${between}`,
    );
    const moved = `UPDATE ${events}
      SET queue = ?, state = ?, at = ?, lease = ?, place = ?, token = ?, claimant = ?`;
    this.#move = prepare(`${moved} WHERE key = ?`);
    this.#moveWhole = prepare(
      `${moved}, pushed = ?, expires = ?, ukey = ?, priority = ?, grp = ?,
         more = ? WHERE key = ?`,
    );
    this.#setContents = prepare(`UPDATE ${events} SET contents = ? WHERE key = ?`);
    this.#nameQueue = prepare(`INSERT OR REPLACE INTO ${schema}.queues VALUES (?, ?, ?)`);
    this.#dropQueue = prepare(`DELETE FROM ${schema}.queues WHERE number = ?`);
    const read =
      "SELECT key, id, state, at, lease, pushed, place, token, expires, claimant, ukey, " +
      "priority, grp, more";
    this.#read = prepare(`${read}, contents FROM ${events} WHERE key = ?`);
    this.#readRange = prepare(
      `${read}, CASE WHEN octet_length(contents) <= ${LOOKED_AT_BYTES_MAX} THEN contents END
       FROM ${events} ${between} ORDER BY key`,
    );
    this.#windows = new WindowRows(statements, schema);
    this.#groups = new GroupRows(statements, schema);
    this.#counters = new CounterRows(statements, schema);
    this.#histories = new HistoryRows(statements, schema);
  }

  /**
   * Without `withNew`, events that are not in the tables yet are left out. Returns whether events
   * were added.
   */
  write(changes: Changes, withNew: boolean): boolean {
    let hasNew = false;
    // They may still have the values of a write that failed.
    for (const notes of [this.#gone, this.#claimed]) notes.length = 0;
    for (const inserts of [this.#plain, this.#ordered, this.#whole]) inserts.clear();
    for (const { queue, number } of changes.named) {
      if (changes.retired.has(number)) continue;
      this.#nameQueue.run(number, queue.name, encodeFacts(queue, changes.last));
    }
    const named = new Set(changes.figured.size > 0 ? changes.named.map(({ queue }) => queue) : []);
    // Without a number it has nothing any more, not even figures.
    for (const queue of changes.figured) {
      if (queue.number === 0 || named.has(queue)) continue;
      this.#nameQueue.run(queue.number, queue.name, encodeFacts(queue, changes.last));
    }
    for (const number of changes.retired.keys()) this.#dropQueue.run(number);
    for (const number of changes.forgotten) this.#dropQueue.run(number);
    const { touched, queueNumbers, retired } = changes;
    for (let at = 0; at < touched.length; at++) {
      const number = queueNumbers[at] as number;
      const event = touched[at] as LocalEvent;
      if (retired.size > 0 && retired.has(number)) {
        // It may have come from another queue.
        if (event.isStored) this.#gone.push(event.key);
      } else if (event.isStored) this.#note(event, number);
      else if (withNew && event.state !== GONE) {
        hasNew = true;
        this.#insertLater(event, number);
      }
    }
    this.#writeNoted();
    this.#windows.write(changes, withNew);
    this.#groups.write(changes);
    if (changes.counters.length > 0) this.#counters.write(changes);
    this.#histories.write(changes);
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

  /** Deletes some of the windows that ended before that time. Returns whether there may be more. */
  deleteWindows(queue: number, beforeMs: number): boolean {
    return this.#windows.deleteEnded(queue, beforeMs);
  }

  /** Deletes some of the groups of a queue that was flushed. Returns whether there may be more. */
  deleteGroups(queue: number): boolean {
    return this.#groups.deleteSome(queue);
  }

  /** Deletes some members of a counter that is gone. Returns whether there may be more. */
  deleteMembers(counter: number): boolean {
    return this.#counters.deleteMembers(counter);
  }

  readThen(counter: number): string | Buffer | undefined {
    const contents = this.#counters.readThen(counter);
    return contents instanceof Uint8Array ? bufferOf(contents) : contents;
  }

  read(key: number): StoredEvent | undefined {
    const [row] = this.#read.values(key) as StoredRow[];
    return row && storedEvent(row);
  }

  readRange(from: number, to: number): StoredEvent[] {
    return (this.#readRange.values(from, to) as StoredRow[]).map(storedEvent);
  }

  #note(event: LocalEvent, queue: number): void {
    const { state, key, hasNewMore, more } = event;
    if (state === GONE) this.#gone.push(key);
    else if (state === CLAIMED && !hasNewMore) this.#claimed.push(event);
    else if (!hasNewMore) this.#move.run(queue, ...positionOf(event), key);
    else {
      const position = positionOf(event);
      this.#moveWhole.run(queue, ...position, event.pushedAtMs, ...moreColumnsOf(more), key);
    }
    if (event.hasNewContents && state !== GONE) this.#setContents.run(event.contents, key);
  }

  #insertLater(event: LocalEvent, queue: number): void {
    const { key, pushedAtMs, id, more, contents } = event;
    const isNewlyReady = event.state === READY && event.lease === 0;
    const newPlace = PLACE_BASE + event.place;
    if (isNewlyReady && more === null) {
      return this.#plain.add([key, queue, pushedAtMs, newPlace, id, contents]);
    }
    const [expires, ukey, priority, group, facts] = moreColumnsOf(more);
    if (isNewlyReady && expires === null && ukey === null && facts === null) {
      return this.#ordered.add([key, queue, pushedAtMs, newPlace, priority, group, id, contents]);
    }
    const [state, at, lease, place, token, claimant] = positionOf(event);
    const position = [state, at, lease, pushedAtMs, place, token, expires, claimant];
    this.#whole.add([key, queue, ...position, ukey, priority, group, id, facts, contents]);
  }

  #writeNoted(): void {
    this.#plain.flush();
    this.#ordered.flush();
    this.#whole.flush();
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
      const { atMs, place, key, token, claimant } = first;
      const lease = LEASE_BASE + first.lease;
      const firstToken = token === 0 ? null : token - key;
      const last = key + to - from - 1;
      this.#claim.run(atMs, lease, PLACE_BASE + place + key, firstToken, claimant, key, last);
      from = to;
    }
    events.length = 0;
  }
}

function isFollowedBy(first: LocalEvent, event: LocalEvent, distance: number): boolean {
  const { key, place, atMs, lease, token, claimant } = first;
  const isNext = event.key === key + distance && event.place === place - distance;
  const isSame = event.atMs === atMs && event.lease === lease && event.claimant === claimant;
  return isNext && isSame && event.token === (token === 0 ? 0 : token + distance);
}

type PositionColumns = [
  state: number,
  at: number,
  lease: number,
  place: number,
  token: number | null,
  claimant: string | null,
];

function positionOf(event: LocalEvent): PositionColumns {
  const { state, atMs, lease, place, token, claimant } = event;
  const at = state === READY ? NO_TIME : atMs;
  return [state, at, LEASE_BASE + lease, PLACE_BASE + place, token || null, claimant];
}

type MoreColumns = [
  expires: number | null,
  ukey: string | null,
  priority: number | null,
  grp: string | null,
  more: string | null,
];

function moreColumnsOf(more: More | null): MoreColumns {
  if (more === null) return [null, null, null, null, null];
  const { expiresAtMs, unique, priority, group } = more;
  return [expiresAtMs || null, unique, priority || null, group, encodeMore(more, WITHOUT_COLUMNS)];
}

type StoredRow = [
  key: number,
  id: string,
  ...StateColumns,
  more: string | null,
  contents: string | Uint8Array | null,
];

type LastColumns = [
  unique: string | null,
  priority: number | null,
  group: string | null,
  more: string | null,
  contents: string | Uint8Array | null,
];

function storedEvent(row: StoredRow): StoredEvent {
  const [key, id, state, at, lease, pushedAtMs, place, token, expires, claimant] = row;
  const [unique, priority, group, more, contents] = row.slice(10) as LastColumns;
  return {
    key,
    id,
    state,
    atMs: state === READY ? 0 : at,
    lease: lease - LEASE_BASE,
    token: token ?? 0,
    claimant,
    pushedAtMs,
    place: place - PLACE_BASE,
    expiresAtMs: expires ?? 0,
    unique,
    priority,
    group,
    more,
    contents: contents instanceof Uint8Array ? bufferOf(contents) : contents,
  };
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
