// Tables for people. Rows may come in pages: the columns get wider, never narrower. On a terminal
// a table is no wider than the terminal; elsewhere nothing is cut.
import { printable } from "./printable.ts";
import type { Colour } from "./terminal.ts";
import { cut, fill, widthOf } from "./width.ts";

export interface Column<Row> {
  title: string;
  /** What stands there; bytes and texts of others are made safe to show here. */
  of(row: Row): Buffer | string;
  side?: "left" | "right";
  /** On a narrow terminal the column may be cut to so many columns of the terminal. */
  least?: number;
  /** On a narrow terminal the columns with the greatest number are left out first. */
  dispensable?: number;
  colour?(row: Row): Colour | undefined;
}

export interface TableOptions {
  /** How wide the terminal is; null where the output is none. */
  width: number | null;
  paint(text: string, colour: Colour): string;
}

const GAP = "  ";
/** The most bytes of UTF-8 that a character takes. */
const BYTES_PER_CHARACTER = 4;

export class Table<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #options: TableOptions;
  /** How wide each column is, with all rows so far. */
  readonly #natural: number[];
  #hasHeader = false;

  constructor(columns: readonly Column<Row>[], options: TableOptions) {
    this.#columns = columns;
    this.#options = options;
    this.#natural = columns.map(({ title }) => widthOf(title));
  }

  /** The lines of these rows, at first with the titles above them. */
  lines(rows: readonly Row[]): string[] {
    const { width, paint } = this.#options;
    const cells = rows.map((row) => this.#columns.map((column) => this.#text(column.of(row))));
    for (const row of cells) {
      for (const [at, text] of row.entries()) {
        this.#natural[at] = Math.max(this.#natural[at]!, widthOf(text));
      }
    }
    const widths = fit(this.#columns, this.#natural, width);
    const line = (texts: readonly string[], colourOf: (at: number) => Colour | undefined) => {
      const parts: string[] = [];
      const last = widths.findLastIndex((columns) => columns > 0);
      for (const [at, text] of texts.entries()) {
        if (widths[at] === 0) continue;
        const isLastText = at === last && this.#columns[at]!.side !== "right";
        const shown = isLastText
          ? cut(text, widths[at]!)
          : fill(text, widths[at]!, this.#columns[at]!.side);
        const colour = colourOf(at);
        parts.push(colour === undefined ? shown : paint(shown, colour));
      }
      return parts.join(GAP);
    };
    const body = rows.map((row, at) =>
      line(cells[at]!, (column) => this.#columns[column]!.colour?.(row)),
    );
    if (this.#hasHeader) return body;
    this.#hasHeader = true;
    const titles = this.#columns.map(({ title }) => title);
    return [line(titles, () => "bold"), ...body];
  }

  /** Of long bytes only as much as the terminal can show. */
  #text(value: Buffer | string): string {
    const { width } = this.#options;
    const most = width === null ? Infinity : (width + 1) * BYTES_PER_CHARACTER;
    if (value.length <= most) return printable(value);
    return `${printable(value.slice(0, most) as Buffer | string)}…`;
  }
}

/** How wide each column is shown, 0 for those that are left out. */
function fit<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number | null,
): number[] {
  if (width === null) return [...natural];
  const widths = natural.map((each) => Math.min(each, width));
  const least = columns.map(({ least: most }, at) => Math.min(most ?? Infinity, widths[at]!));
  const drops = columns
    .map(({ dispensable }, at) => ({ at, dispensable: dispensable ?? 0 }))
    .filter(({ dispensable }) => dispensable > 0)
    .toSorted((a, b) => b.dispensable - a.dispensable);
  for (const { at } of drops) {
    if (total(least) <= width) break;
    widths[at] = least[at] = 0;
  }
  for (let excess = total(widths) - width; excess > 0; excess--) {
    const at = widest(widths, least);
    if (at === -1) break;
    widths[at]!--;
  }
  return cutAtEdge(widths, width);
}

/** How wide a line is, with the gaps between its columns. */
function total(widths: readonly number[]): number {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, GAP.length * (shown.length - 1));
}

/** The widest of the columns that can become narrower, or -1. */
function widest(widths: readonly number[], least: readonly number[]): number {
  let found = -1;
  for (const [at, width] of widths.entries()) {
    if (width > least[at]! && (found === -1 || width > widths[found]!)) found = at;
  }
  return found;
}

/** Columns beyond the edge of the terminal are left out, and the one at the edge is cut. */
function cutAtEdge(widths: number[], width: number): number[] {
  let left = width;
  return widths.map((columns) => {
    const shown = Math.max(0, Math.min(columns, left));
    if (columns > 0) left -= columns + GAP.length;
    return shown;
  });
}
