// The rows of turns are short whatever the names, and take no room when there is none.
import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { Changes } from "../../src/stores/local/changes.ts";
import type { Restoration } from "../../src/stores/local/journal.ts";
import { createSchema } from "../../src/stores/local/sqlite/schema.ts";
import { Statements } from "../../src/stores/local/sqlite/statements.ts";
import { loadTurns, TurnRows } from "../../src/stores/local/sqlite/turn-rows.ts";
import { closeAfterTest } from "../support/close-after-test.ts";

const GROUPS = 10;

function prepare() {
  const db = new Database(":memory:");
  createSchema(db);
  const statements = new Statements(db);
  const rows = new TurnRows(statements);
  closeAfterTest({
    close() {
      statements.finalize();
      db.close();
    },
  });
  const queue = { number: 7, name: "q", groups: { size: GROUPS } };
  const take = (name: string, hasRoom = true) => {
    const changes = new Changes();
    changes.turns.push({ queue, group: name } as unknown as Changes["turns"][number]);
    rows.write(changes, hasRoom);
  };
  return { db, take };
}

async function turnsIn(db: Database): Promise<(string | null)[]> {
  const all: (string | null)[] = [];
  const turns = (_: string, names: (string | null)[]) => void all.push(...names);
  await loadTurns(db, new Map([[7, "q"]]), { turns } as Partial<Restoration> as Restoration);
  return all;
}

test("keeps the latest turns in their order, also of an okq before", async () => {
  const { db, take } = prepare();
  const had = Array.from({ length: 5000 }, (_, at) => `${at}`);
  for (const name of had) take(name);
  const kept = await turnsIn(db);
  expect(kept.length).toBeGreaterThanOrEqual(1024);
  expect(kept.length).toBeLessThan(1500);
  expect(kept).toEqual(had.slice(-kept.length));
  const statements = new Statements(db);
  const again = new TurnRows(statements);
  const changes = new Changes();
  const queue = { number: 7, name: "q", groups: { size: GROUPS } };
  changes.turns.push({ queue, group: "last" } as unknown as Changes["turns"][number]);
  again.write(changes, true);
  statements.finalize();
  expect((await turnsIn(db)).at(-1)).toBe("last");
});

test("a row of long names is short: each turn writes it anew", async () => {
  const { db, take } = prepare();
  const name = "\x01".repeat(1024);
  for (let at = 0; at < 100; at++) take(name);
  const query = db.query("SELECT max(length(names)), count(*) FROM turns");
  const [longest, count] = query.values()[0] as [number, number];
  expect(longest).toBeLessThan(16 * 1024);
  expect(count).toBeGreaterThan(50);
  expect(await turnsIn(db)).toEqual(Array.from({ length: 100 }, () => name));
});

test("without room nothing is written", async () => {
  const { db, take } = prepare();
  take("a");
  take("b", false);
  expect(await turnsIn(db)).toEqual(["a"]);
});
