// Reads everything in a database at start, without contents, in pieces between which the process
// stays responsive.

import type { Database, Statement } from "bun:sqlite";
import type { LoadProgress, Restoration } from "../journal.ts";
import type { Gone } from "./garbage.ts";
import { LEASE_BASE, PLACE_BASE, type StateColumns, valuesOf } from "./schema.ts";
import type { StoredPlace } from "../stored-event.ts";
import { CLAIMED, DELAYED, numberOf } from "../states.ts";
import { loadGroups } from "./group-rows.ts";
import { loadCounters } from "./counter-rows.ts";
import { loadCrons } from "./cron-rows.ts";
import { loadHistories } from "./history-rows.ts";
import { loadSets } from "./set-rows.ts";
import { loadTurns } from "./turn-rows.ts";
import { loadWindows } from "./window-rows.ts";

const rowsAtOnce = 10_000;
const progressEveryMs = 1000;

type EventRow = [
  key: number,
  queue: number,
  ...StateColumns,
  id: string,
  more: string | null,
  attempts: number | null,
];

/** Loads everything. */
export async function loadEvents(
  db: Database,
  restoration: Restoration,
  onProgress: LoadProgress,
): Promise<Gone> {
  const queues = new Map<number, string>();
  const flushed: number[] = [];
  let last = 0;
  const [clock] = valuesOf(db, "SELECT defaults, counted FROM clock");
  restoration.begin(...(clock as [string | null, number]));
  const named = valuesOf(db, "SELECT number, name, facts FROM queues");
  for (const [number, name, facts] of named as [number, string, string | null][]) {
    queues.set(number, name);
    restoration.queue(name, number, facts);
    last = Math.max(last, number);
  }
  const made = `coalesce(more ->> 'failures', 0) + coalesce(more ->> 'crashes', 0)`;
  const page = db.prepare(
    `SELECT key, queue, state, at, lease, pushed, place, token, expires, claimant, ukey,
       priority, grp, id,
       CASE state WHEN ${CLAIMED} THEN more END,
       CASE WHEN state = ${DELAYED} AND more IS NOT NULL THEN ${made} END
     FROM events WHERE key > ? ORDER BY key LIMIT ${rowsAtOnce}`,
  );
  try {
    await forEachRow(page, onProgress, (row) => {
      const stored = placeIn(row);
      // That of a flushed queue too: a new queue with its number would get the event.
      last = Math.max(last, stored.key, numberOf(stored.place), row[1]);
      const queue = queues.get(row[1]);
      if (queue === undefined) return void flushed.push(stored.key);
      const [more, attempts] = row.slice(14) as [string | null, number | null];
      restoration.event(queue, stored, more, (attempts ?? 0) > 0);
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  const withWindows = await loadWindows(db, queues, restoration);
  const flushedQueues = withWindows.union(await loadGroups(db, queues, restoration));
  await loadTurns(db, queues, restoration);
  await loadHistories(db, queues, restoration);
  loadCrons(db, restoration);
  await loadSets(db, restoration);
  // A new queue must not get the number of one of which rows are still to be deleted.
  for (const number of flushedQueues) last = Math.max(last, number);
  const counters = valuesOf(db, "SELECT max(number) FROM counters") as [number | null][];
  last = Math.max(last, counters[0]![0] ?? 0);
  const goneCounters = await loadCounters(db, restoration);
  for (const number of goneCounters) last = Math.max(last, number);
  restoration.end(last);
  return { flushed, flushedQueues, goneCounters };
}

/** In one piece: there may be millions. */
function placeIn(row: EventRow): StoredPlace {
  const [key, , state, atMs, lease, pushedAtMs, place, token, expires, claimant] = row;
  return {
    key,
    id: row[13],
    state,
    atMs,
    place: place - PLACE_BASE,
    lease: lease - LEASE_BASE,
    token: token ?? 0,
    claimant,
    pushedAtMs,
    expiresAtMs: expires ?? 0,
    unique: row[10],
    priority: row[11],
    group: row[12],
  };
}

async function forEachRow(
  page: Statement,
  onProgress: LoadProgress,
  visit: (row: EventRow) => void,
): Promise<void> {
  let count = 0;
  let reportedAtMs = performance.now();
  let rows: EventRow[] = [];
  do {
    rows = page.values(rows.at(-1)?.[0] ?? 0) as EventRow[];
    for (const row of rows) visit(row);
    count += rows.length;
    if (performance.now() - reportedAtMs > progressEveryMs) {
      onProgress(count);
      reportedAtMs = performance.now();
    }
    await new Promise<void>((done) => void setImmediate(done));
  } while (rows.length === rowsAtOnce);
}
