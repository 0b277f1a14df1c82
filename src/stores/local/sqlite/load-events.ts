// Reads everything in a database at start, without contents, in pieces between which the process
// stays responsive.

import type { Database, Statement } from "bun:sqlite";
import type { LoadProgress, Restoration } from "../journal.ts";
import { LEASE_BASE, PLACE_BASE, type StateColumns, valuesOf } from "./schema.ts";
import { CLAIMED, DELAYED, numberOf } from "../states.ts";
import { loadCrons } from "./cron-rows.ts";
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

/** What was flushed and is not deleted yet. */
interface Flushed {
  /** The keys of events. */
  flushed: number[];
  /** The numbers of queues that have windows. */
  flushedQueues: Iterable<number>;
}

/** Loads everything. */
export async function loadEvents(
  db: Database,
  restoration: Restoration,
  onProgress: LoadProgress,
): Promise<Flushed> {
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
    `SELECT key, queue, state, at, lease, pushed, place, token, expires, claimant, id,
       CASE state WHEN ${CLAIMED} THEN more END,
       CASE WHEN state = ${DELAYED} AND more IS NOT NULL THEN ${made} END
     FROM events WHERE key > ? ORDER BY key LIMIT ${rowsAtOnce}`,
  );
  try {
    await forEachRow(page, onProgress, (row) => {
      const [
        key,
        number,
        state,
        atMs,
        storedLease,
        pushedAtMs,
        stored,
        token,
        expires,
        claimant,
        id,
        more,
        attempts,
      ] = row;
      const place = stored - PLACE_BASE;
      const lease = storedLease - LEASE_BASE;
      last = Math.max(last, key, numberOf(place));
      const queue = queues.get(number);
      if (queue === undefined) return void flushed.push(key);
      // In one piece: there may be millions.
      const event = {
        key,
        id,
        state,
        atMs,
        place,
        lease,
        token: token ?? 0,
        claimant,
        pushedAtMs,
        expiresAtMs: expires ?? 0,
      };
      restoration.event(queue, event, more, (attempts ?? 0) > 0);
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  const flushedQueues = await loadWindows(db, queues, restoration);
  loadCrons(db, restoration);
  // A new queue must not get the number of one whose windows are still to be deleted.
  for (const number of flushedQueues) last = Math.max(last, number);
  restoration.end(last);
  return { flushed, flushedQueues };
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
