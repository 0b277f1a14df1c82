// What `okq top` shows, and what its keys change: a function of the rows and the size of the
// terminal. Asks nothing and draws nothing.
import { count, duration, plural, timeOfDay } from "../terminal/figures.ts";
import { printable } from "../terminal/printable.ts";
import { Table, type TableOptions } from "../terminal/table.ts";
import { cut } from "../terminal/width.ts";
import {
  pausedColumn,
  type QueueColumn,
  queueColumns,
  type QueueRow,
  rateColumns,
  type SortKey,
  sorted,
} from "../looks/queue-rows.ts";

export const sortKeys = [
  "ready",
  "claimed",
  "failed",
  "delayed",
  "oldest",
  "pushed",
  "acked",
  "failures",
  "queue",
] as const satisfies readonly SortKey[];

const columns = [...queueColumns, ...rateColumns, pausedColumn];
/** Lines that are not rows: two above the titles, the titles, and two below the rows. */
const OTHER_LINES = 5;

export interface Size {
  columns: number;
  rows: number;
}

export interface Snapshot {
  rows: QueueRow[];
  /** There are more queues than were read. */
  hasMore: boolean;
  at: Date;
}

export class TopView {
  sort: SortKey;
  isReverse = false;
  isPaused = false;
  intervalMs: number;
  /** How many rows are above the first one that is shown. */
  #offset = 0;
  snapshot: Snapshot = { rows: [], hasMore: false, at: new Date() };
  /** Since when okq does not answer, and why. */
  problem: { since: Date; message: string | null } | null = null;
  readonly #address: string;
  readonly #paint: TableOptions["paint"];

  constructor(
    address: string,
    {
      sort,
      intervalMs,
      paint,
    }: { sort: SortKey; intervalMs: number; paint: TableOptions["paint"] },
  ) {
    this.#address = address;
    this.sort = sort;
    this.intervalMs = intervalMs;
    this.#paint = paint;
  }

  /** What a key does. "ask": there is something to ask okq at once. */
  press(key: string, size: Size): "quit" | "ask" | "draw" | null {
    const page = pageRows(size);
    switch (key) {
      case "q":
      case "Q":
      case "\x03":
        return "quit";
      case "s":
      case "S": {
        const step = key === "s" ? 1 : sortKeys.length - 1;
        const at = sortKeys.findIndex((each) => each === this.sort);
        this.sort = sortKeys[(at + step) % sortKeys.length]!;
        this.#offset = 0;
        return this.isPaused ? "draw" : "ask";
      }
      case "r":
        this.isReverse = !this.isReverse;
        this.#offset = 0;
        return this.isPaused ? "draw" : "ask";
      case "p":
      case " ":
        this.isPaused = !this.isPaused;
        return this.isPaused ? "draw" : "ask";
      case "\x1b[A":
      case "k":
        return this.#scroll(-1, size);
      case "\x1b[B":
      case "j":
        return this.#scroll(1, size);
      case "\x1b[5~":
        return this.#scroll(-page, size);
      case "\x1b[6~":
        return this.#scroll(page, size);
      default:
        return null;
    }
  }

  #scroll(by: number, size: Size): "ask" | "draw" {
    this.#offset += by;
    this.#shown(size);
    return this.isPaused ? "draw" : "ask";
  }

  /** The rows that there is room for. */
  #shown(size: Size): QueueRow[] {
    const page = pageRows(size);
    const rows = sorted(this.snapshot.rows, this.sort, this.isReverse);
    this.#offset = Math.max(0, Math.min(this.#offset, rows.length - page));
    return rows.slice(this.#offset, this.#offset + page);
  }

  /** The rows whose rates are of interest. */
  wanted(size: Size): QueueRow[] {
    const isByRate = ["pushed", "acked", "failures"].includes(this.sort);
    return isByRate ? sorted(this.snapshot.rows, "ready") : this.#shown(size);
  }

  /** The whole screen, as many lines as it has at most. */
  lines(size: Size): string[] {
    const shown = this.#shown(size);
    const titled = columns.map((column) => marked(column, this.sort));
    const table = new Table(titled, { width: size.columns, paint: this.#paint });
    const lines = [...this.#head(size), ...table.lines(shown)];
    const last = Math.max(1, size.rows) - 1;
    const foot = `${this.#position(shown.length)}  q quit  s sort  r reverse  p pause  ↑↓ scroll`;
    // On a terminal of very few lines the rows are of more use than the line of keys.
    const body = size.rows > OTHER_LINES ? padded(lines, last) : lines.slice(-size.rows);
    return [...body, ...(size.rows > OTHER_LINES ? [this.#dim(foot, size)] : [])];
  }

  #head(size: Size): string[] {
    const { rows, hasMore, at } = this.snapshot;
    const state = this.isPaused ? "paused" : `every ${duration(this.intervalMs / 1000)}`;
    const sum = (of: (row: QueueRow) => number) =>
      count(rows.reduce((total, row) => total + of(row), 0));
    const first = `okq at ${printable(this.#address)}  ${timeOfDay(at)}  ${state}`;
    const second =
      `${hasMore ? "the first " : ""}${plural(rows.length, "queue")}  ` +
      `ready ${sum(({ ready }) => ready)}  delayed ${sum(({ delayed }) => delayed)}  ` +
      `claimed ${sum(({ claimed }) => claimed)}  failed ${sum(({ failed }) => failed)}`;
    return [cut(first, size.columns), this.#problemLine(size) ?? cut(second, size.columns)];
  }

  #problemLine(size: Size): string | null {
    if (this.problem === null) return null;
    const { since, message } = this.problem;
    const reason = message === null ? "" : `: ${printable(message)}`;
    const text = `no answer since ${timeOfDay(since)}, trying again${reason}`;
    return this.#paint(cut(text, size.columns), "red");
  }

  #dim(text: string, size: Size): string {
    return this.#paint(cut(text, size.columns), "dim");
  }

  #position(shown: number): string {
    const { length } = this.snapshot.rows;
    if (shown === length) return `by ${this.sort}`;
    return `by ${this.sort}, ${this.#offset + 1}-${this.#offset + shown} of ${count(length)}`;
  }
}

/** The column by which the rows are sorted has a mark. */
function marked(column: QueueColumn, sort: SortKey): QueueColumn {
  return column.sortKey === sort ? { ...column, title: `${column.title}*` } : column;
}

function pageRows({ rows }: Size): number {
  return Math.max(1, rows - OTHER_LINES);
}

/** Exactly so many lines. */
function padded(lines: readonly string[], length: number): string[] {
  return Array.from({ length }, (_, at) => lines[at] ?? "");
}
