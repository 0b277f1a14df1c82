// Work on a database between commits.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { HeldCheckpoints } from "../../src/stores/local/objects/held-checkpoints.ts";
import { Chores } from "../../src/stores/local/sqlite/chores.ts";
import { Garbage } from "../../src/stores/local/sqlite/garbage.ts";
import { JournalRows } from "../../src/stores/local/sqlite/journal-rows.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { Statements } from "../../src/stores/local/sqlite/statements.ts";
import { eventually, lasting } from "../support/eventually.ts";

/** Longer than a step waits for its time. */
const STEP_MS = 50;

function openChores() {
  const db = new Database(":memory:");
  createSchema(db, migrations);
  const statements = new Statements(db);
  const rows = new JournalRows(db, statements, (message) => new Error(message));
  const garbage = new Garbage(db, rows.events);
  garbage.add({ flushed: [1, 2, 3], flushedQueues: [], goneCounters: [] });
  const failures: Error[] = [];
  const chores = new Chores(db, garbage, new HeldCheckpoints(db), (error) => failures.push(error));
  const close = () => {
    chores.stop();
    statements.finalize();
    db.close();
  };
  return { chores, garbage, failures, close };
}

test("while they are paused they do nothing, and afterwards the step that is due", async () => {
  const { chores, garbage, failures, close } = openChores();
  chores.pause();
  chores.collect();
  await lasting(STEP_MS);
  expect(garbage.isEmpty).toBe(false);
  chores.resume();
  await eventually(() => garbage.isEmpty);
  expect(failures).toEqual([]);
  close();
});

test("nothing is done behind the end, however often they were paused right before it", async () => {
  const { chores, garbage, failures, close } = openChores();
  chores.pause();
  chores.collect();
  await lasting(STEP_MS);
  for (let times = 0; times < 3; times++) {
    chores.resume();
    chores.pause();
  }
  chores.resume();
  close();
  // A step would throw, and end the process.
  await lasting(STEP_MS);
  expect(garbage.isEmpty).toBe(false);
  expect(failures).toEqual([]);
});
