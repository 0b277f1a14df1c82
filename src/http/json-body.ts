// The JSON object of a request as fields.
import type { Given } from "./fields.ts";
import { textOf } from "./json.ts";
import { endOfValue, skipBlanks } from "./json-scan.ts";
import { notJson, Problem } from "./problem.ts";
import { membersOf, RAW } from "./raw-json.ts";

/** A larger body is looked at before it is parsed: its values could take very much memory. */
const SMALL_BYTES = 64 * 1024;
/** Of a larger body: members, and values in all of them but `json`. */
const MEMBERS_MAX = 1000;
const VALUES_MAX = 100_000;
const DEPTH_MAX = 10_000;

/** JSON is read in one go, in which other clients wait. */
const JSON_BYTES_MAX = 4 * 1024 * 1024;

const OPEN_OBJECT = 0x7b;
const NULL = Buffer.from("null");

/** Throws a Problem if the JSON is too long to be read in one go. */
export function checkJsonBytes({ length }: Buffer, what = "the body"): void {
  if (length <= JSON_BYTES_MAX) return;
  const most = `${what} has ${length} bytes of JSON, more than ${JSON_BYTES_MAX}`;
  throw new Problem(413, `${most}: push large contents as application/octet-stream`);
}

/** In a larger body the member `json` is null: its text is to be taken. Throws a Problem. */
export function objectIn(json: Buffer, what = "the body"): Given {
  checkJsonBytes(json, what);
  const text = textOf(json);
  if (text === null) throw new Problem(400, `${what} is not UTF-8`);
  let value: unknown = null;
  try {
    if (json.length <= SMALL_BYTES) value = JSON.parse(text);
    else if (json[skipBlanks(json, 0)] === OPEN_OBJECT) {
      value = JSON.parse(withoutJson(json).toString());
    }
  } catch (error) {
    throw notJson(what, error as Error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem(400, `${what} must be a JSON object`);
  }
  const given = value as Given;
  given[RAW] = json;
  return given;
}

/** Null in the place of each member `json`. Throws a SyntaxError. */
function withoutJson(object: Buffer): Buffer {
  const kept: Buffer[] = [];
  let keptTo = 0;
  let count = 0;
  for (const { name, value } of membersOf(object)) {
    if (++count > MEMBERS_MAX) throw new SyntaxError(`more than ${MEMBERS_MAX} members`);
    const isJson = name === "json";
    const valuesMax = isJson ? Infinity : VALUES_MAX;
    const end = endOfValue(value, 0, { depthMax: DEPTH_MAX, valuesMax });
    if (end !== value.length) throw new SyntaxError(`a wrong value of ${name}`);
    if (!isJson) continue;
    const start = value.byteOffset - object.byteOffset;
    kept.push(object.subarray(keptTo, start), NULL);
    keptTo = start + value.length;
  }
  return Buffer.concat([...kept, object.subarray(keptTo)]);
}
