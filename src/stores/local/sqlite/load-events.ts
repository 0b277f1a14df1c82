// Reads everything in a database at start, without contents, in pieces between which the process
// stays responsive.

import type { Database, Statement } from "bun:sqlite";
import type { LoadProgress, Restoration } from "../journal.ts";
import { READY, valuesOf } from "./schema.ts";

const rowsAtOnce = 10_000;
const progressEveryMs = 1000;

type EventRow = [key: number, queue: number, place: number | null, deadline: number, id: string];

/** Loads everything. Returns the keys of events that were flushed and are not deleted yet. */
export async function loadEvents(
  db: Database,
  restoration: Restoration,
  onProgress: LoadProgress,
): Promise<number[]> {
  const queues = new Map<number, string>();
  const flushed: number[] = [];
  let last = 0;
  const named = valuesOf(db, "SELECT number, name FROM queues") as [number, string][];
  for (const [number, name] of named) {
    queues.set(number, name);
    restoration.queue(name, number);
    last = Math.max(last, number);
  }
  const page = db.prepare(
    `SELECT key, queue, place, deadline, id FROM events WHERE key > ?
     ORDER BY key LIMIT ${rowsAtOnce}`,
  );
  try {
    await forEachRow(page, onProgress, ([key, number, place, deadline, id]) => {
      last = Math.max(last, key, place ?? 0);
      const queue = queues.get(number);
      if (queue === undefined) return void flushed.push(key);
      const deadlineMs = deadline === READY ? null : deadline;
      restoration.event({ key, queue, id, place, deadlineMs });
    });
  } finally {
    // An open statement would keep the file open.
    page.finalize();
  }
  restoration.end(last);
  return flushed;
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
