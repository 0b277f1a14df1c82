// How many columns of a terminal a text takes, and texts that fit into so many. For texts without
// control characters: see printable.ts.

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Marks above and below a letter take no column, but are bytes: a letter has at most so many. */
const UNITS_PER_COLUMN = 12;
const ELLIPSIS = "…";

/** Wide characters, as those of Chinese, take two columns, marks above a letter none. */
export function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

/** The text, or its beginning with `…` behind it, in at most so many columns. */
export function cut(text: string, columns: number): string {
  const unitsMax = columns * UNITS_PER_COLUMN;
  if (text.length <= unitsMax && widthOf(text) <= columns) return text;
  if (columns <= 0) return "";
  let width = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text.slice(0, unitsMax))) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    end = index + segment.length;
  }
  return text.slice(0, end) + ELLIPSIS;
}

/** The text with blanks behind or before it, in exactly so many columns; longer ones are cut. */
export function fill(text: string, columns: number, side: "left" | "right" = "left"): string {
  const shown = cut(text, columns);
  const blanks = " ".repeat(Math.max(0, columns - widthOf(shown)));
  return side === "left" ? shown + blanks : blanks + shown;
}
