// Writes log lines to stderr, as text or as JSON. No bytes of a field can break a line.

export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

type Level = keyof Log;

const fieldCharsMax = 2_000;

/** Drops `debug` lines unless `debug` is true. `write` gets each line with its line end. */
export function createLog(
  format: "text" | "json",
  debug: boolean,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const render = format === "json" ? jsonLine : textLine;
  const log =
    (level: Level) =>
    (message: string, fields: LogFields = {}) => {
      if (level === "debug" && !debug) return;
      write(`${render(new Date().toISOString(), level, message, fields)}\n`);
    };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

function textLine(time: string, level: Level, message: string, fields: LogFields): string {
  let line = `${time} ${level.padEnd(5)} ${escapeControls(cut(message))}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${quoteIfNeeded(textOf(value))}`;
  }
  return line;
}

function jsonLine(time: string, level: Level, message: string, fields: LogFields): string {
  const record: LogFields = { time, level, message: cut(message) };
  for (const [name, value] of Object.entries(fields)) {
    const key = name in record ? `field_${name}` : name;
    const plain = typeof value === "number" || typeof value === "boolean" || value === null;
    if (value !== undefined) record[key] = plain ? value : textOf(value);
  }
  return escapeControls(JSON.stringify(record));
}

function textOf(value: unknown): string {
  if (value instanceof Error) return cut(value.message);
  if (value instanceof Uint8Array) return cut(new TextDecoder().decode(value));
  if (typeof value !== "object" || value === null) return cut(String(value));
  try {
    return cut(JSON.stringify(value));
  } catch {
    return "[object]";
  }
}

function cut(text: string): string {
  return text.length > fieldCharsMax ? `${text.slice(0, fieldCharsMax)}...` : text;
}

function quoteIfNeeded(text: string): string {
  const plain = /^[^\s"=\\\p{Cc}\p{Cf}]+$/u.test(text);
  return plain ? text : escapeControls(JSON.stringify(text));
}

/** Also the controls that JSON does not escape but terminals obey: C1, bidi marks, line ends. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
  });
}
