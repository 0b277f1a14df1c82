// Copies all rows of a database into another one that is attached to it, and compares the two.
// Works in short steps, so that the process stays responsive.

import type { Database } from "bun:sqlite";
import { JournalError } from "../journal.ts";
import { valuesOf } from "./schema.ts";

const stepMsMin = 10;
const stepMsMax = 50;
const rowsAtOnceMax = 10_000;

/** Called with the number of events so far, and that of all. */
export type RowProgress = (events: number, all: number) => void;

type Key = (number | string | Uint8Array)[];

/** Those with rows of the queues. The one that is left out belongs to a file: see wal-mark.ts. */
const names = `SELECT name FROM main.sqlite_schema
  WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'mark'
  ORDER BY name <> 'events', name`;

/** The attached database has the same tables, and no rows that are not replaced. */
export async function copyTables(
  db: Database,
  schema: string,
  onProgress: RowProgress,
): Promise<void> {
  const all = countOf(db, "main", "events");
  for (const table of tablesOf(db)) {
    db.run(`DELETE FROM ${schema}.${table.name}`);
    const copied = `INSERT INTO ${schema}.${table.name} SELECT * FROM main.${table.name} AS own`;
    let count = 0;
    await inSteps(db, table, (where, values) => {
      count += db.run(`${copied} WHERE ${where}`, values).changes;
      if (table.name === "events") onProgress(count, all);
    });
  }
}

/** Rejects with a JournalError if a row is not the same in both, or only in one of them. */
export async function compareTables(
  db: Database,
  schema: string,
  onProgress: RowProgress,
): Promise<void> {
  const all = countOf(db, "main", "events");
  for (const table of tablesOf(db)) {
    const { name, key, columns } = table;
    const sameKey = key.map((column) => `own.${column} = other.${column}`).join(" AND ");
    const sameRest = columns.map((column) => `own.${column} IS other.${column}`).join(" AND ");
    const pairs = `main.${name} AS own JOIN ${schema}.${name} AS other ON ${sameKey}`;
    let count = 0;
    await inSteps(db, table, (where, values) => {
      count += counted(db, `${pairs} WHERE ${where} AND ${sameRest}`, values);
      if (name === "events") onProgress(count, all);
    });
    const [own, other] = [countOf(db, "main", name), countOf(db, schema, name)];
    if (count === own && count === other) continue;
    const rows = `of ${own} rows of ${name} the target has ${count}, and ${other - count} others`;
    throw new JournalError("failed", `the copy differs: ${rows}`);
  }
}

interface Table {
  name: string;
  columns: string[];
  /** The columns of its primary key. */
  key: string[];
}

function tablesOf(db: Database): Table[] {
  return valuesOf(db, names).map(([name]) => {
    const info = valuesOf(db, `SELECT name, pk FROM pragma_table_info('${name}', 'main')`);
    const columns = info as [name: string, pk: number][];
    const key = columns.filter(([, pk]) => pk > 0).toSorted((a, b) => a[1] - b[1]);
    return {
      name: String(name),
      columns: columns.map(([column]) => column),
      key: key.map(([column]) => column),
    };
  });
}

/** Takes steps over all rows of `own`, in the order of their keys; as many rows as are fast. */
async function inSteps(
  db: Database,
  { name, key }: Table,
  step: (where: string, values: Key) => void,
): Promise<void> {
  const columns = key.map((column) => `own.${column}`).join(", ");
  const marks = key.map(() => "?").join(", ");
  let rowsAtOnce = 100;
  let done: Key | null = null;
  for (;;) {
    const startedAtMs = performance.now();
    const behind = done === null ? "TRUE" : `(${columns}) > (${marks})`;
    const last = `SELECT ${columns} FROM main.${name} AS own WHERE ${behind}
      ORDER BY ${columns} LIMIT 1 OFFSET ${rowsAtOnce - 1}`;
    const [end] = queried(db, last, done ?? []) as Key[];
    const upTo = end === undefined ? "TRUE" : `(${columns}) <= (${marks})`;
    step(`${behind} AND ${upTo}`, [...(done ?? []), ...(end ?? [])]);
    if (end === undefined) return;
    done = end;
    const tookMs = performance.now() - startedAtMs;
    if (tookMs > stepMsMax) rowsAtOnce = Math.ceil(rowsAtOnce / 2);
    else if (tookMs < stepMsMin) rowsAtOnce = Math.min(2 * rowsAtOnce, rowsAtOnceMax);
    await new Promise<void>((turn) => void setImmediate(turn));
  }
}

function countOf(db: Database, schema: string, table: string): number {
  return counted(db, `${schema}.${table}`, []);
}

function counted(db: Database, rows: string, values: Key): number {
  return Number(queried(db, `SELECT count(*) FROM ${rows}`, values)[0]![0]);
}

function queried(db: Database, sql: string, values: Key): unknown[][] {
  const statement = db.prepare(sql);
  try {
    return statement.values(...values) as unknown[][];
  } finally {
    // An open statement would keep the file open.
    statement.finalize();
  }
}
