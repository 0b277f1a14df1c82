// Reads a table page by page, so that the process stays responsive.
import type { Statement } from "bun:sqlite";

type Key = (number | string)[];

/**
 * Visits all rows behind that key. The statement answers the next page behind the key that it is
 * given; visit returns the key of a row.
 */
export async function eachRow<Row extends unknown[]>(
  page: Statement,
  first: Key,
  visit: (row: Row) => Key,
): Promise<void> {
  for (let last: Key | null = first; last;) {
    const rows = page.values(...last) as Row[];
    last = null;
    for (const row of rows) last = visit(row);
    // oxlint-disable-next-line no-await-in-loop -- the process stays responsive
    await new Promise<void>((done) => void setImmediate(done));
  }
}
