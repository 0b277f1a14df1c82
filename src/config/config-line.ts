// A line of a config file: `name: value`, the value may stand in quotes, which are not part of it.

export interface ConfigLine {
  name: string;
  value: string;
}

/** Null for a comment or a blank line. Throws an Error that says what is wrong. */
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
      `${name}: the value begins or ends with a quote that has no partner; ` +
        "put quotes of the other kind around the whole value if the quote is a part of it",
    );
  }
  return inside;
}
