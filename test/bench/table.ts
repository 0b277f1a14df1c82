// Rows as a Markdown table whose columns line up, and figures in few digits.

/** The first column is aligned left, the others right. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, n) =>
    Math.max(title.length, ...rows.map((row) => (row[n] ?? "").length)),
  );
  const line = (row: string[]) =>
    `| ${widths.map((width, n) => pad(row[n] ?? "", width, n)).join(" | ")} |`;
  const rule = widths.map((width, n) =>
    n === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}

/** Milliseconds in three digits: `0.063`, `1.25`, `48.1`. */
export function milliseconds(ms: number): string {
  if (Number.isNaN(ms)) return "-";
  return ms.toFixed(ms < 1 ? 3 : ms < 10 ? 2 : 1);
}

export function decimals(value: number, digits: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(digits);
}
