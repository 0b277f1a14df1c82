// Copies of whole tables: every difference between two databases is found.
import { expect, test } from "bun:test";
import type { Database } from "bun:sqlite";
import { join } from "node:path";
import { makeDraft, openExisting } from "../../src/stores/local/sqlite/database-file.ts";
import { compareTables, copyTables } from "../../src/stores/local/sqlite/whole-tables.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { fillStore } from "./full-store.ts";
import { openSqlite } from "./open-sqlite.ts";

async function openCopied(): Promise<Database> {
  const file = join(newFolder(), "a.db");
  const under = await openSqlite({ file });
  await fillStore(under, 7);
  await under.close();
  const db = closeAfterTest(openExisting(file));
  db.run("ATTACH ? AS copy", [makeDraft(join(newFolder(), "b.db"))]);
  await copyTables(db, "copy", () => {});
  return db;
}

test("a copy is equal, and is told in events", async () => {
  const db = await openCopied();
  const told: number[] = [];
  await compareTables(db, "copy", (done, all) => void told.push(done, all));
  const [all] = db.query("SELECT count(*) FROM events").values()[0] as [number];
  expect(told.slice(-2)).toEqual([all, all]);
});

test.each([
  ["events", "UPDATE copy.events SET contents = contents || 'x' WHERE key = (SELECT max(key) F)"],
  [
    "events",
    "UPDATE copy.events SET contents = CAST(contents AS BLOB) WHERE key IN (SELECT key F)",
  ],
  ["events", "UPDATE copy.events SET claimant = '' WHERE claimant IS NULL"],
  ["events", "DELETE FROM copy.events WHERE key = (SELECT min(key) F)"],
  ["queues", "INSERT INTO copy.queues SELECT max(number) + 1, 'new', NULL FROM copy.queues"],
  ["queues", "UPDATE copy.queues SET facts = facts || ' ' WHERE facts IS NOT NULL"],
  ["clock", "UPDATE copy.clock SET ms = ms + 1"],
  ["sets", "DELETE FROM copy.sets WHERE (name, member) = (SELECT name, member FROM copy.sets)"],
  ["windows", "UPDATE copy.windows SET owner = owner || 'x'"],
  ["hours", "DELETE FROM copy.hours"],
])("finds another row in %s: %s", async (table, change) => {
  const db = await openCopied();
  expect(db.run(change.replace("F)", "FROM copy.events)")).changes).toBeGreaterThan(0);
  const differs = new RegExp(`^the copy differs: of \\d+ rows of ${table} the target has`);
  await expect(compareTables(db, "copy", () => {})).rejects.toThrow(differs);
});
