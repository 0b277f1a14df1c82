// Verifies a database that no okq uses: SQLite's own check of the file, then what okq relies on.
// Opening recovers the files of a killed process; nothing else changes.

import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { JournalError } from "../journal.ts";
import { openExisting } from "./database-file.ts";
import { damagedText, explained } from "./explained.ts";
import { realFile } from "./real-file.ts";
import { valuesOf } from "./schema.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY } from "../states.ts";

/** Queues that have events, and the events in each state. */
export interface DatabaseCounts {
  queues: number;
  ready: number;
  delayed: number;
  claimed: number;
  failed: number;
  completed: number;
}

/** Problems, each with a query that counts it. */
const problems: Record<string, string> = {
  "events with an id that another one in the queue has":
    "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY queue, id HAVING count(*) > 1)",
  "queues with a name that another one has":
    "SELECT count(*) FROM (SELECT 1 FROM queues GROUP BY name HAVING count(*) > 1)",
  "events with values of a wrong type":
    "SELECT count(*) FROM events WHERE typeof(id) <> 'text' OR typeof(at) <> 'integer' " +
    "OR typeof(place) <> 'integer' OR typeof(queue) <> 'integer' OR state NOT BETWEEN 2 AND 6 " +
    "OR typeof(contents) NOT IN ('text', 'blob') OR key < 1",
};

/** Throws a JournalError with one line that says what is wrong. */
export function checkDatabase(path: string): DatabaseCounts {
  const file = realFile(path);
  if (!existsSync(file)) throw new JournalError("failed", `${file} is not there`);
  const db = openExisting(file);
  try {
    return checkOpened(db, (problem) => damagedText(file, problem));
  } catch (error) {
    throw explained(error, file);
  } finally {
    db.close();
  }
}

/** As checkDatabase(), for one that is open. `damaged` makes the line from a list of problems. */
export function checkOpened(db: Database, damaged: (problem: string) => string): DatabaseCounts {
  const wrong = problemsOf(db);
  if (wrong.length > 0) throw new JournalError("failed", damaged(wrong.join(", ")));
  return countsOf(db);
}

function countsOf(db: Database): DatabaseCounts {
  const counts = [READY, DELAYED, CLAIMED, FAILED, COMPLETED].map(
    (state) => `count(*) FILTER (WHERE state = ${state})`,
  );
  const [row] = valuesOf(
    db,
    `SELECT count(DISTINCT queue), ${counts.join(", ")}
     FROM events WHERE queue IN (SELECT number FROM queues)`,
  ) as [[number, number, number, number, number, number]];
  const [queues, ready, delayed, claimed, failed, completed] = row;
  return { queues, ready, delayed, claimed, failed, completed };
}

function problemsOf(db: Database): string[] {
  const said = valuesOf(db, "PRAGMA integrity_check(3)").map(([text]) => String(text));
  // A value may have several lines, one for each problem.
  if (said[0] !== "ok") return said.flatMap((text) => text.split("\n"));
  return Object.entries(problems)
    .map(([what, sql]) => ({ what, count: Number(valuesOf(db, sql)[0]?.[0]) }))
    .filter(({ count }) => count > 0)
    .map(({ what, count }) => `${count} ${what}`);
}
