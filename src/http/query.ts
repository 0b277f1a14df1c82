// The query string of a request as fields.
import type { Given } from "./fields.ts";
import { textOf } from "./json.ts";
import { Problem } from "./problem.ts";

/** Parameters that begin with this are a header each. */
const HEADER = "header.";
const PARAMETERS_MAX = 1000;

/** One that stands there more than once becomes a list. Throws a Problem. */
export function queryIn(url: string): Given {
  const start = url.indexOf("?");
  const given: Given = Object.create(null);
  if (start < 0) return given;
  const parts = url.slice(start + 1).split("&", PARAMETERS_MAX + 1);
  if (parts.length > PARAMETERS_MAX) throw new Problem(400, "the query has too many parameters");
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = textIn(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : textIn(part.slice(equals + 1));
    if (!name.startsWith(HEADER)) add(given, name, value);
    else add((given.headers ??= Object.create(null)) as Given, name.slice(HEADER.length), value);
  }
  return given;
}

function add(given: Given, name: string, value: string): void {
  const before = given[name];
  if (before === undefined) given[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else given[name] = [before, value];
}

function textIn(encoded: string): string {
  const text = textOf(bytesOf(encoded.replaceAll("+", " "), "the query"));
  if (text !== null) return text;
  throw new Problem(400, "the query is not UTF-8: give such bytes as base64");
}

/** The bytes of a percent-encoded text. Throws a Problem that names the place. */
export function bytesOf(encoded: string, place: string): Buffer {
  if (/%(?![\da-f]{2})/i.test(encoded)) throw new Problem(400, `${place} has a wrong %`);
  const latin1 = Buffer.from(encoded).toString("latin1");
  const decoded = latin1.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1");
}
