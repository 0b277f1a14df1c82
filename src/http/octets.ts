// Events as they are, without JSON: the contents are the body of a request or a response, and what
// belongs to them stands in headers that begin with Okq-.
import type { Fields, Given } from "./fields.ts";
import { base64Name, type JsonObject, textOf } from "./json.ts";
import { headerName, OCTETS } from "./media-types.ts";
import { notJson, Problem } from "./problem.ts";

const PREFIX = "okq-";
/** A header's value keeps these bytes. */
const PRINTABLE = /^[!-~](?:[ -~]*[!-~])?$/;

/** Contents, and what belongs to them by the names of fields. */
export interface Octets {
  contents: Buffer;
  /** Numbers, and bytes. Null is left out. */
  facts: Record<string, Buffer | number | string | null>;
  /** Values in JSON. */
  json: JsonObject;
}

/** Whether the client asks for a response of that kind. */
export function wantsOctets(request: Request): boolean {
  return request.headers.get("Accept")?.toLowerCase().includes(OCTETS) ?? false;
}

export function octetsHeaders({ facts, json }: Octets): Headers {
  const all = new Headers({ "Content-Type": OCTETS });
  for (const [name, value] of Object.entries(facts)) {
    if (value === null) continue;
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
    const text = bytes.toString("latin1");
    if (PRINTABLE.test(text)) all.set(headerName(name), text);
    else all.set(headerName(base64Name(name)), bytes.toString("base64"));
  }
  for (const [name, value] of Object.entries(json)) all.set(headerName(name), asciiJson(value));
  return all;
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function fieldName(header: string): string {
  return header.slice(PREFIX.length).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The fields of a request whose body is a field's bytes. Throws a Problem. */
export function octetsGiven(headers: Headers, fields: Fields, name: string, body: Buffer): Given {
  const schemas = Object.assign(
    {},
    ...Object.entries(fields).map(([each, field]) => field.schemas(each)),
  ) as Record<string, { type?: unknown }>;
  const given: Given = Object.assign(Object.create(null), { [name]: body });
  for (const [header, value] of headers) {
    if (!header.startsWith(PREFIX)) continue;
    const field = fieldName(header);
    if (field === name || field === base64Name(name)) {
      throw new Problem(400, `${header}: the body has the ${name}`);
    }
    const text = textOf(Buffer.from(value, "latin1"));
    if (text === null) throw new Problem(400, `${header} is not UTF-8`);
    const type = schemas[field]?.type;
    given[field] = type === "object" || type === "array" ? jsonIn(header, text) : text;
  }
  return given;
}

function jsonIn(header: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(header, error as Error);
  }
}
