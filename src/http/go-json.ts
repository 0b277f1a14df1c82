// JSON as programs in Go read and write it, with their package encoding/json.
import type { Json } from "./json.ts";
import { endOfValue, skipBlanks } from "./json-scan.ts";
import { membersOf } from "./raw-json.ts";

/** As Go limits it. */
const LIMITS = { depthMax: 10_000, valuesMax: Infinity };
/** Go has no limit: but nobody sends more, and each of them costs time. */
const MEMBERS_MAX = 1000;
/** Of a text as it is written. Longer than any id may be. */
const TEXT_BYTES_MAX = 1024 * 1024;
const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;

/** The fields of a struct: a text, or the text of any JSON value (json.RawMessage). */
type Kinds = Record<string, "text" | "raw">;
/** A text that is missing is empty, as in Go. */
type Struct<K extends Kinds> = {
  [name in keyof K]: K[name] extends "raw" ? Buffer | null : string;
};

/**
 * Reads an object as Go's json.Decoder reads it into a struct. Names of members match in any case.
 * The last of equal members counts, but null leaves a text as it was. Unknown members, and bytes
 * behind the object, are ignored. `null` is an empty object. Throws a SyntaxError. The keys of
 * `kinds` are in small letters.
 */
export function structIn<K extends Kinds>(json: Buffer, kinds: K): Struct<K> {
  const start = skipBlanks(json, 0);
  const value = json.subarray(start, endOfValue(json, start, LIMITS));
  const found: Record<string, string | Buffer | null> = {};
  for (const [name, kind] of Object.entries(kinds)) found[name] = kind === "raw" ? null : "";
  if (isNull(value)) return found as Struct<K>;
  if (value[0] !== OPEN_OBJECT) throw new SyntaxError("no object");
  let count = 0;
  for (const member of membersOf(value)) {
    if (++count > MEMBERS_MAX) throw new SyntaxError("too many members");
    // Go compares runes: the Kelvin sign, too, is a k.
    const name = member.name.toLowerCase();
    if (!Object.hasOwn(kinds, name)) continue;
    if (kinds[name] === "raw") found[name] = member.value;
    else if (!isNull(member.value)) found[name] = textOf(member.value);
  }
  return found as Struct<K>;
}

function isNull(value: Buffer): boolean {
  return value.length === 4 && value.toString("latin1") === "null";
}

/** What is no Unicode becomes replacement characters. */
function textOf(value: Buffer): string {
  if (value[0] !== QUOTE) throw new SyntaxError("no text");
  if (value.length > TEXT_BYTES_MAX) throw new SyntaxError("too long a text");
  return (JSON.parse(value.toString("utf8")) as string).toWellFormed();
}

/** As a json.Encoder writes it: with a newline behind it, and safe within HTML. */
export function goJson(value: Json): string {
  const text = JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `${text}\n`;
}

/** As a time.Time of so many ms since 1970 is written. */
export function goTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}
