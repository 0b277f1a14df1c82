// Facts for people, one below the other: a label, and the value behind it in one column.
import { printable } from "../terminal/printable.ts";
import type { TableOptions } from "../terminal/table.ts";
import { fill } from "../terminal/width.ts";

/**
 * Bytes and texts are one line, and are made safe to show here. Of several lines each must be so:
 * see printableLines(). undefined: no such fact.
 */
export type LabelledFact = readonly [
  label: string,
  value: Buffer | string | readonly string[] | undefined,
];

const GAP = 2;

export function labelledLines(
  facts: readonly LabelledFact[],
  { paint }: Pick<TableOptions, "paint">,
): string[] {
  const known = facts.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...known.map(([label]) => label.length)) + GAP;
  return known.flatMap(([label, value]) => {
    const isOne = typeof value === "string" || Buffer.isBuffer(value);
    const lines = isOne ? [printable(value)] : (value as readonly string[]);
    return lines.map((line, at) => {
      const before = at === 0 ? paint(fill(label, width), "bold") : " ".repeat(width);
      return `${before}${line}`;
    });
  });
}
