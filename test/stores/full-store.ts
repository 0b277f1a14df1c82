// Fills a store with every kind of state, by random operations on the whole life of events.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Database } from "bun:sqlite";
import type { StoreUnderTest } from "./contract.ts";
import { Side } from "./life-side.ts";
import { RandomCounters } from "./random-counters.ts";
import { RandomCrons } from "./random-crons.ts";
import { RandomLife } from "./random-life.ts";
import { RandomSets } from "./random-sets.ts";
import { Random } from "./random.ts";

const rounds = 60;
/** So that histories have minutes and ten minutes that are over. */
const pauseMs = 61_000;
const pauseEvery = 5;

export async function fillStore(under: StoreUnderTest, seed: number): Promise<void> {
  const random = new Random(seed);
  const life = new RandomLife(random, { hasChains: false, hasGroups: true });
  const others = [
    new RandomCrons(new Random(seed), life.queues),
    new RandomCounters(new Random(seed + 1), life.queues),
    new RandomSets(new Random(seed + 2), life.queues),
    life.groups,
  ];
  const side = new Side(under);
  const submit = async (steps: Parameters<Side["outcomes"]>[0]) => {
    for (const outcome of await side.outcomes(steps)) side.answer(outcome, false);
  };
  await submit(life.first());
  for (let round = 1; round <= rounds; round++) {
    side.store.advance(round % pauseEvery === 0 ? pauseMs : life.pauseMs());
    await side.store.submit({ kind: "tick", limit: 1_000_000, parts: "all" });
    await submit([...life.batch(side), ...others.flatMap((each) => each.some())]);
    await submit([life.figures()]);
  }
  await side.store.configure("windows", { "dedupe-window": "3600" });
  for (const id of ["1", "2"]) {
    await side.store.pushWith("windows", id, { unique: { key: id, until: "end", forMs: 600_000 } });
    await side.store.ackClaim("windows", await side.store.mustClaim("windows"));
  }
  await side.store.configure("states", { "keep-completed": "10" });
  for (const id of ["completed", "failed", "claimed"]) {
    await side.store.pushWith("states", id, { headers: [["a", "1"]] });
    const held = await side.store.mustClaim("states", 3_600_000, "worker");
    if (id === "completed") await side.store.ackClaim("states", held, "a result");
    if (id === "failed") await side.store.fail("states", held, "final", "broken");
  }
  await side.store.pushWith("states", "delayed", { start: { afterMs: 3_600_000 } });
  await side.store.pushWith("large", "1", { contents: "x".repeat(20_000_000) });
  await side.store.pushWith("large", "bytes", { contents: "\0\xff".repeat(2_000_000) });
}

/** All rows of a database, by table, as text. Tables without rows are left out. */
export function rowsIn(file: string): Record<string, string[]> {
  const db = new Database(file, { readonly: true });
  try {
    const values = (sql: string) => db.query(sql).values() as unknown[][];
    const names = values("SELECT name FROM sqlite_schema WHERE type = 'table'").flat() as string[];
    const tables = names.filter((name) => name !== "mark");
    const found = tables.map((name): [string, string[]] => [name, rowsOf(db, name)]);
    return Object.fromEntries(found.filter(([, rows]) => rows.length > 0));
  } finally {
    db.close();
  }
}

function rowsOf(db: Database, table: string): string[] {
  const names = db.query(`SELECT name FROM pragma_table_info('${table}')`).values().flat();
  const columns = names.map((name) => `quote(${String(name)})`).join(" || ', ' || ");
  const rows = db.query(`SELECT ${columns} FROM ${table}`).values() as string[][];
  return rows.map(([row]) => Bun.hash(row!).toString(36)).toSorted();
}
