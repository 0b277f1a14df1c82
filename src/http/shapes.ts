// The shapes of answers: each turns a reply of a command into JSON, and describes that JSON.
import { ErrorReply, NIL_ARRAY, Pairs, type Reply, Simple } from "../resp/reply.ts";
import { base64Name, bytesUnder, type Json, type JsonObject } from "./json.ts";

/** A JSON Schema, as OpenAPI has it. */
export type Schema = JsonObject;

export interface Shape {
  schema: Schema;
  /** What the reply becomes as the property of that name. */
  under(name: string, reply: Reply): JsonObject;
  /** The same on its own. */
  alone(reply: Reply): Json;
  /** It may be missing. */
  isOptional?: true;
  /** A property may have another name, for bytes. */
  isBytes?: true;
}

function plain(schema: Schema, alone: (reply: Reply) => Json): Shape {
  return { schema, alone, under: (name, reply) => ({ [name]: alone(reply) }) };
}

export function isNil(reply: Reply | undefined): boolean {
  return reply === null || reply === undefined || reply === NIL_ARRAY;
}

function textIn(reply: Reply): string {
  if (reply instanceof Simple || reply instanceof ErrorReply) return reply.text;
  return String(reply);
}

export const text = plain({ type: "string" }, textIn);
export const integer = plain({ type: "integer" }, (reply) => Number(textIn(reply)));
/** Seconds, also since 1970: a number with decimals. */
export const seconds = plain({ type: "number" }, (reply) => Number(textIn(reply)));
export const number = seconds;
/** 1 or 0, or OK. */
export const boolean = plain({ type: "boolean" }, (reply) => reply !== 0 && !isNil(reply));

export const bytes: Shape = {
  schema: { type: "string" },
  isBytes: true,
  under: (name, reply) => bytesUnder(name, bytesIn(reply)),
  // On their own, bytes that are not UTF-8 are written with replacement characters.
  alone: (reply) => bytesIn(reply).toString(),
};

function bytesIn(reply: Reply): Buffer {
  return Buffer.isBuffer(reply) ? reply : Buffer.from(textIn(reply));
}

/** The property is left out where the reply is nil. */
export function optional(shape: Shape): Shape {
  return {
    ...shape,
    isOptional: true,
    under: (name, reply) => (isNil(reply) ? {} : shape.under(name, reply)),
  };
}

/** null where the reply is nil. */
export function nullable(shape: Shape): Shape {
  return {
    schema: { oneOf: [shape.schema, { type: "null" }] },
    alone: (reply) => (isNil(reply) ? null : shape.alone(reply)),
    under: (name, reply) => (isNil(reply) ? { [name]: null } : shape.under(name, reply)),
  };
}

/** Nil is an empty list. */
export function list(shape: Shape): Shape {
  const schema = { type: "array", items: shape.schema };
  return plain(schema, (reply) =>
    isNil(reply) ? [] : (reply as Reply[]).map((each) => shape.alone(each)),
  );
}

/** A list of names and values in turn, as an object. */
export const headers = plain(
  { type: "object", additionalProperties: { type: "string" } },
  (reply) => {
    // A header may be called __proto__.
    const all = Object.create(null) as JsonObject;
    const words = isNil(reply) ? [] : (reply as Reply[]);
    for (let at = 0; at < words.length; at += 2) {
      Object.assign(all, bytes.under(textIn(words[at]!), words[at + 1]!));
    }
    return all;
  },
);

type Properties = Record<string, Shape>;

function objectSchema(properties: Properties): Schema {
  const all: JsonObject = {};
  const required: string[] = [];
  for (const [name, shape] of Object.entries(properties)) {
    all[name] = shape.schema;
    if (shape.isBytes) {
      all[base64Name(name)] = { type: "string", contentEncoding: "base64" };
    } else if (!shape.isOptional) required.push(name);
  }
  return { type: "object", properties: all, ...(required.length > 0 && { required }) };
}

/** From an array, by the order of the properties. */
export function tuple(properties: Properties): Shape {
  const all = Object.entries(properties);
  return plain(objectSchema(properties), (reply) => {
    const parts = reply as Reply[];
    return Object.assign({}, ...all.map(([name, shape], at) => shape.under(name, parts[at]!)));
  });
}

/** From a map whose keys have dashes: `pushed-at` becomes `pushedAt`. Missing ones are left out. */
export function map(properties: Properties): Shape {
  const all = Object.entries(properties);
  return plain(objectSchema(properties), (reply) => {
    const found = new Map<string, Reply>();
    for (const [key, value] of (reply as Pairs).entries) found.set(camelCase(textIn(key)), value);
    const known = all.filter(([name]) => found.has(name));
    return Object.assign({}, ...known.map(([name, shape]) => shape.under(name, found.get(name)!)));
  });
}

/** Any reply, as the only property of an object. */
export function under(name: string, shape: Shape): Shape {
  return plain(objectSchema({ [name]: shape }), (reply) => shape.under(name, reply));
}

function camelCase(key: string): string {
  return key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
