// What happened in a queue in the last hour or day, as small charts.
import { numberIn } from "../../client/reply.ts";
import { count } from "../terminal/figures.ts";
import { sparkline } from "../terminal/sparkline.ts";
import { type Column, Table, type TableOptions } from "../terminal/table.ts";
import type { Facts } from "./facts.ts";

interface Series {
  title: string;
  /** null where nothing is known. */
  values: (number | null)[];
  /** The numbers of each step add up; of others the last one counts. */
  isSum: boolean;
}

const series: [name: string, title: string, isSum: boolean][] = [
  ["pushed", "pushed", true],
  ["popped", "popped", true],
  ["acked", "acknowledged", true],
  ["failures", "failures", true],
  ["newly-failed", "failed for good", true],
  ["ready", "ready", false],
  ["delayed", "delayed", false],
  ["claimed", "claimed", false],
  ["failed", "failed", false],
];
/** What a table of charts needs beside the chart itself. */
const OTHER_COLUMNS = 42;

export function historyLines(steps: Facts, options: TableOptions): string[] {
  const rows = series.map(([name, title, isSum]): Series => {
    const values = steps.list(name).map((value) => (value === null ? null : numberIn(value)));
    return { title, values, isSum };
  });
  const most = options.width === null ? Infinity : Math.max(10, options.width - OTHER_COLUMNS);
  const columns: Column<Series>[] = [
    { title: "", of: ({ title }) => title },
    { title: "CHART", of: ({ values, isSum }) => sparkline(narrowed(values, most, isSum)) },
    { title: "IN ALL", of: (row) => (row.isSum ? count(sum(row.values)) : ""), side: "right" },
    { title: "NOW", of: (row) => (row.isSum ? "" : count(last(row.values))), side: "right" },
    { title: "MOST", of: ({ values }) => count(Math.max(0, ...known(values))), side: "right" },
  ];
  return new Table(columns, options).lines(rows);
}

/** Several steps in one where there are more steps than room. */
function narrowed(
  values: readonly (number | null)[],
  most: number,
  isSum: boolean,
): (number | null)[] {
  const each = Math.max(1, Math.ceil(values.length / most));
  return Array.from({ length: Math.ceil(values.length / each) }, (_, at) => {
    const part = known(values.slice(at * each, (at + 1) * each));
    if (part.length === 0) return null;
    return isSum ? sum(part) : Math.max(...part);
  });
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function sum(values: readonly (number | null)[]): number {
  return known(values).reduce((total, value) => total + value, 0);
}

function last(values: readonly (number | null)[]): number {
  return known(values).at(-1) ?? 0;
}
