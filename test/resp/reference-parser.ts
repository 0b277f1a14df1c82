// A parser for complete input that is as simple as possible, for comparison by the fuzzer. It is
// slow and shares no code with src/resp.

import type { ParserLimits } from "../../src/resp/parser-limits.ts";

/** Commands as latin1 text, and the error after them, if any. */
export interface Parsed {
  commands: string[][];
  error: string | undefined;
}

class Cut extends Error {}
class Malformed extends Error {}

/** Represents a command that was too large and was dropped. */
export function droppedCommand(message: string): string[] {
  return [`dropped: ${message}`];
}

export function parseSlowly(input: Buffer, limits: ParserLimits): Parsed {
  const text = input.toString("latin1");
  const commands: string[][] = [];
  let at = 0;
  try {
    while (at < text.length) {
      const read = text[at] === "*" ? readMultibulk(text, at, limits) : readLine(text, at, limits);
      if (read.args.length > 0) commands.push(read.args);
      at = read.end;
    }
  } catch (error) {
    if (error instanceof Malformed) return { commands, error: `Protocol error: ${error.message}` };
    if (!(error instanceof Cut)) throw error;
  }
  return { commands, error: undefined };
}

function readMultibulk(text: string, from: number, limits: ParserLimits) {
  const header = readNumber(text, from, limits, "mbulk count");
  if (!(header.value <= limits.argumentsMax)) throw new Malformed("invalid multibulk length");
  const args: string[] = [];
  let at = header.end;
  let total = 0;
  let tooLarge = "";
  while (args.length < header.value) {
    if (at === text.length) throw new Cut();
    const got = /[ -~]/.test(text[at]!) ? text[at] : "?";
    if (got !== "$") throw new Malformed(`expected '$', got '${got}'`);
    const bulk = readNumber(text, at, limits, "bulk count");
    if (!(bulk.value >= 0)) throw new Malformed("invalid bulk length");
    total += bulk.value;
    if (!tooLarge.startsWith("argument")) {
      const { bulkBytesMax, requestBytesMax } = limits;
      if (bulk.value > bulkBytesMax) tooLarge = excess("argument", bulk.value, bulkBytesMax);
      else if (total > requestBytesMax) tooLarge = excess("command", total, requestBytesMax);
    }
    if (tooLarge && total > limits.droppedBytesMax) throw new Malformed(tooLarge);
    const to = bulk.end + bulk.value;
    const lineEnd = text.slice(to, to + 2);
    if (!"\r\n".startsWith(lineEnd)) throw new Malformed("invalid bulk length");
    if (lineEnd.length < 2) throw new Cut();
    args.push(text.slice(bulk.end, to));
    at = to + 2;
  }
  return { args: tooLarge ? droppedCommand(`Protocol error: ${tooLarge}`) : args, end: at };
}

function excess(what: string, bytes: number, bytesMax: number): string {
  return `${what} too large, ${bytes} of at most ${bytesMax} bytes`;
}

/** The value is NaN if the text is not a number. */
function readNumber(text: string, from: number, limits: ParserLimits, name: string) {
  const carriageReturn = text.indexOf("\r", from);
  const lineEnd = carriageReturn < 0 ? text.length : carriageReturn;
  if (lineEnd - from > limits.inlineBytesMax) throw new Malformed(`too big ${name} string`);
  if (lineEnd + 1 >= text.length) throw new Cut();
  const digits = text.slice(from + 1, lineEnd);
  const isNumber = /^(0|-?[1-9]\d{0,17})$/.test(digits) && text[lineEnd + 1] === "\n";
  return { value: isNumber ? Number(digits) : Number.NaN, end: lineEnd + 2 };
}

const WORD =
  /([^ \n\r\t"']*)(?:"((?:\\[^]|[^"\\])*)"(?=[ \t-\r]|$)|'((?:\\'|(?!\\')[^'])*)'(?=[ \t-\r]|$))?/y;
const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };

function readLine(text: string, from: number, limits: ParserLimits) {
  const lineFeed = text.indexOf("\n", from);
  const end = lineFeed < 0 ? text.length : lineFeed;
  if (end - from > limits.inlineBytesMax) throw new Malformed("too big inline request");
  if (lineFeed < 0) throw new Cut();
  const line = text.slice(from, end).replace(/\r$/, "");
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (/[ \t-\r]/.test(line[at] ?? "")) at++;
    if (at === line.length) return { args, end: end + 1 };
    WORD.lastIndex = at;
    const [all, bare = "", quoted = "", single = ""] = WORD.exec(line) ?? [""];
    const next = line[at + all.length] ?? " ";
    if (all === "" || next === '"' || next === "'")
      throw new Malformed("unbalanced quotes in request");
    args.push(bare + unescaped(quoted) + single.replaceAll("\\'", "'"));
    at += all.length;
  }
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (_, hex?: string, letter?: string) =>
    hex === undefined
      ? (ESCAPES[letter!] ?? letter!)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
