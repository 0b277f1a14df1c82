// The shapes of answers: each turns a reply of a command into JSON, and describes that JSON.
import { ErrorReply, NIL_ARRAY, Pairs, type Reply, Simple } from "../resp/reply.ts";
import { base64Name, bytesUnder, type Json, type JsonObject, textOf } from "./json.ts";

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
  /** The properties of an object in which it stands under that name, if there may be several. */
  properties?(name: string): Record<string, Schema>;
}

const BASE64: Schema = { type: "string", contentEncoding: "base64" };

/** A shape that is always one property. */
export function plain(schema: Schema, alone: (reply: Reply) => Json): Shape {
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
  properties: (name) => ({ [name]: { type: "string" }, [base64Name(name)]: BASE64 }),
  under: (name, reply) => bytesUnder(name, bytesIn(reply)),
  // On their own, bytes that are not UTF-8 are written with replacement characters.
  alone: (reply) => bytesIn(reply).toString(),
};

/** A list of bytes: of texts, or, if one of them is not UTF-8, all in base64 under another name. */
export const bytesList: Shape = {
  schema: { type: "array", items: { type: "string" } },
  properties: (name) => ({
    [name]: { type: "array", items: { type: "string" } },
    [base64Name(name)]: { type: "array", items: BASE64 },
  }),
  under(name, reply) {
    const all = isNil(reply) ? [] : (reply as Reply[]).map(bytesIn);
    const texts = all.map(textOf);
    if (texts.every((each) => each !== null)) return { [name]: texts };
    return { [base64Name(name)]: all.map((each) => each.toString("base64")) };
  },
  alone: (reply) => (isNil(reply) ? [] : (reply as Reply[]).map((each) => bytes.alone(each))),
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
  const schema = orNull(shape.schema);
  return {
    schema,
    ...(shape.properties && {
      properties: (name) => ({ ...shape.properties!(name), [name]: schema }),
    }),
    alone: (reply) => (isNil(reply) ? null : shape.alone(reply)),
    under: (name, reply) => (isNil(reply) ? { [name]: null } : shape.under(name, reply)),
  };
}

function orNull({ type, ...others }: Schema): Schema {
  if (typeof type === "string") return { type: [type, "null"], ...others };
  return { oneOf: [{ ...(type !== undefined && { type }), ...others }, { type: "null" }] };
}

/** Nil is an empty list. */
export function list(shape: Shape): Shape {
  const schema = { type: "array", items: shape.schema };
  return plain(schema, (reply) =>
    isNil(reply) ? [] : (reply as Reply[]).map((each) => shape.alone(each)),
  );
}

/**
 * A list of names and values in turn, as an object of texts. If that cannot show all of them as
 * they are, because of bytes that are not UTF-8 or of a name that is there twice, all stand also in
 * a list of pairs in base64.
 */
export const headers: Shape = {
  schema: { type: "object", additionalProperties: { type: "string" } },
  properties: (name) => ({
    [name]: headers.schema,
    [base64Name(name)]: {
      type: "array",
      items: { type: "array", items: BASE64, minItems: 2, maxItems: 2 },
    },
  }),
  alone: (reply) => headers.under("headers", reply).headers!,
  under(name, reply) {
    const all = isNil(reply) ? [] : pairsIn(reply as Reply[]);
    // A header may be called __proto__.
    const texts = Object.create(null) as JsonObject;
    for (const [key, value] of all) {
      const [keyText, valueText] = [textOf(key), textOf(value)];
      if (keyText !== null && valueText !== null) texts[keyText] ??= valueText;
    }
    const isWhole = Object.keys(texts).length === all.length;
    const base64 = () => all.map((pair) => pair.map((each) => each.toString("base64")));
    return { [name]: texts, ...(!isWhole && { [base64Name(name)]: base64() }) };
  },
};

function pairsIn(words: Reply[]): [Buffer, Buffer][] {
  const pairs: [Buffer, Buffer][] = [];
  for (let at = 0; at < words.length; at += 2) {
    pairs.push([bytesIn(words[at]!), bytesIn(words[at + 1]!)]);
  }
  return pairs;
}

/** A map of texts by their own names. */
export const dictionary: Shape = plain(
  { type: "object", additionalProperties: { type: "string" } },
  (reply) => {
    const all = (reply as Pairs).entries.map(([name, value]) => bytes.under(textIn(name), value));
    return Object.assign({}, ...all) as JsonObject;
  },
);

/** A number, or the sum of a list of numbers. */
export const count = plain({ type: "integer" }, (reply) =>
  Array.isArray(reply) ? reply.reduce<number>((sum, each) => sum + Number(each), 0) : Number(reply),
);

/** One of these words, or null for nil; or by the number that the command answers. */
export function word(words: Record<string, string | null> | readonly string[]): Shape {
  const isList = Array.isArray(words);
  const all = (isList ? words : Object.values(words)) as (string | null)[];
  const known = all.filter((each) => each !== null);
  return plain({ type: ["string", "null"], enum: [...known, null] }, (reply) => {
    if (isNil(reply)) return null;
    const answered = textIn(reply);
    return isList ? answered : ((words as Record<string, string | null>)[answered] ?? null);
  });
}

/** One of these words. */
export function oneOf(...words: string[]): Shape {
  return plain({ type: "string", enum: words }, textIn);
}

/** How an event ended, with its result or error. */
const endingProperties = {
  outcome: word(["completed", "failed", "gone"]),
  result: optional(bytes),
  error: optional(bytes),
};

export const ending: Shape = plain(objectSchema(endingProperties), (reply) => {
  const [outcome, value] = isNil(reply) ? [null, null] : (reply as [Reply, Reply]);
  const name = textIn(outcome) === "failed" ? "error" : "result";
  return {
    ...endingProperties.outcome.under("outcome", outcome),
    ...endingProperties[name].under(name, value),
  };
});

/** Always true: the command answers OK, or an error. */
export const done = plain({ type: "boolean", const: true }, () => true);

type Properties = Record<string, Shape>;

function objectSchema(properties: Properties): Schema {
  const all: JsonObject = {};
  const required: string[] = [];
  for (const [name, shape] of Object.entries(properties)) {
    if (shape.properties) Object.assign(all, shape.properties(name));
    else all[name] = shape.schema;
    if (!shape.isOptional && !shape.properties) required.push(name);
  }
  return {
    type: "object",
    properties: all,
    ...(required.length > 0 && { required }),
  };
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
