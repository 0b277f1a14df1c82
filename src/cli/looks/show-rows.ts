// Rows of a list: a table for people that grows page by page, or a line of JSON for each row.
import type { Invocation } from "../client-command.ts";
import type { Json } from "../terminal/json-text.ts";
import { type Column, Table, type TableOptions } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

type Call = Pick<Invocation, "options" | "terminal">;

/** A table as wide as the terminal, elsewhere as wide as its rows. */
export function tableOptions(terminal: Terminal): TableOptions {
  return {
    width: terminal.isTerminal ? terminal.columns : null,
    paint: (text, colour) => terminal.paint(text, colour),
  };
}

/**
 * Writes each page as soon as it is there, and asks for the next one when the reader has taken it.
 * Resolves to the number of rows. `nothing` tells people that there are none.
 */
export async function showRows<Row>(
  { options, terminal }: Call,
  pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
  {
    columns,
    json,
    nothing,
  }: { columns: readonly Column<Row>[]; json(row: Row): Json; nothing: string },
): Promise<number> {
  const table = new Table(columns, tableOptions(terminal));
  let shown = 0;
  for await (const page of pages) {
    const lines = options.json
      ? page.map((row) => JSON.stringify(json(row)))
      : shown + page.length > 0
        ? table.lines(page)
        : [];
    if (lines.length > 0) await terminal.line(lines.join("\n"));
    shown += page.length;
  }
  if (shown === 0 && !options.json) terminal.note(nothing);
  return shown;
}
