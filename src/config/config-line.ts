// Parses a line of a config file: `name: value`. Quotes around the value are not part of it.

export interface ConfigLine {
  name: string;
  value: string;
}

/** Null for a comment or a blank line. Throws an error that describes the mistake. */
export function parseConfigLine(line: string): ConfigLine | null {
  if (/^\s*(#|$)/.test(line)) return null;
  const [, name, value = ""] = /^\s*([\w-]+)\s*:(?:\s+(.*?))?\s*$/.exec(line) ?? [];
  if (name === undefined) throw new Error('expected "name: value"');
  return { name, value: unquoted(name, value) };
}

function unquoted(name: string, value: string): string {
  const [, double, single] = /^(?:"([^"]*)"|'([^']*)')$/.exec(value) ?? [];
  const inside = double ?? single ?? value;
  if (inside === value && /^["']|["']$/.test(value)) {
    throw new Error(
      `${name}: the value has a quote at one end only; if the quote is part of the value, ` +
        "put quotes of the other kind around it",
    );
  }
  return inside;
}
