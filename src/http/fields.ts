// The fields of requests: each is read from JSON or a query string, becomes words of a command, and
// describes itself.
import type { ErrorReply } from "../resp/reply.ts";
import { base64Bytes, base64Name, type JsonObject } from "./json.ts";
import { Problem } from "./problem.ts";
import { RAW, rawMember } from "./raw-json.ts";
import type { Word } from "./request-command.ts";
import type { Schema } from "./shapes.ts";

/** What a client gave: an object of JSON, or the texts of a query string. */
export interface Given {
  [name: string]: unknown;
  /** The text of that JSON. */
  [RAW]?: Buffer;
}

export interface Field {
  /** By the names that the field may have in a request. */
  schemas(name: string): Record<string, Schema>;
  isRequired: boolean;
  /** The words of the command; none if the client gave nothing. Throws a Problem. */
  words(name: string, given: Given): Word[];
  /** The command's option, by which errors name it. */
  word?: string | null;
  /** In a query string its parameters begin with this. */
  queryPrefix?: string;
}

export type Fields = Record<string, Field>;

type Read = (value: unknown, name: string) => Word;

export interface Kind {
  schema: Schema;
  /** Throws a Problem. */
  read: Read;
}

export function wrong(name: string, accepts: string): Problem {
  return new Problem(400, `${name} must be ${accepts}`);
}

export function missing(name: string): Problem {
  return new Problem(400, `${name} is missing`);
}

/** Whether the client gave nothing. */
export function isNone(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function textIn(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrong(name, "a string");
  if (!value.isWellFormed()) throw wrong(name, "Unicode: it has half of a surrogate pair");
  return value;
}

export const text: Kind = { schema: { type: "string" }, read: textIn };

/** The command judges the number. */
export const number: Kind = {
  schema: { type: "number" },
  read(value, name) {
    const isText = typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
    if (isText) return value;
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(name, "a number");
    return plainNumber(value);
  },
};

/** Without an exponent, which commands do not read. */
function plainNumber(value: number): string {
  const written = String(value);
  return written.includes("e") ? value.toFixed(20).replace(/\.?0+$/, "") : written;
}

export const integer: Kind = { schema: { type: "integer" }, read: number.read };

/** The value of a setting. */
export const setting: Kind = {
  schema: { type: ["string", "number", "null"] },
  read: (value, name) =>
    typeof value === "number" ? number.read(value, name) : textIn(value, name),
};

/** One of these words, as they are. */
export function oneOf(...words: string[]): Kind {
  const { schema, read } = choice(...words);
  return { schema, read: (value, name) => String(read(value, name)).toLowerCase() };
}

/** One of these words, which the command has in capitals. */
export function choice(...words: string[]): Kind {
  return {
    schema: { type: "string", enum: words },
    read(value, name) {
      if (words.includes(value as string)) return String(value).toUpperCase();
      throw wrong(name, `one of ${words.join(", ")}`);
    },
  };
}

/** A field that the command takes as a value without a word in front. */
export function required({ schema, read }: Kind): Field {
  return {
    schemas: (name) => ({ [name]: schema }),
    isRequired: true,
    words(name, given) {
      if (isNone(given[name])) throw missing(name);
      return [read(given[name], name)];
    },
  };
}

/** As required(), but it may be missing. */
export function optional(kind: Kind): Field {
  return {
    ...required(kind),
    isRequired: false,
    words: (name, given) => (isNone(given[name]) ? [] : [kind.read(given[name], name)]),
  };
}

/** A field with that option of the command in front. */
export function option(word: string, { schema, read }: Kind): Field {
  return {
    word,
    schemas: (name) => ({ [name]: schema }),
    isRequired: false,
    words: (name, given) => (isNone(given[name]) ? [] : [word, read(given[name], name)]),
  };
}

/** A wish that is none of the command. */
export const mark: Field = {
  ...flag(""),
  words(name, given) {
    flag("").words(name, given);
    return [];
  },
};

/** A setting of a group with that option of the command in front; null takes it back. */
export function groupSetting(word: string): Field {
  return {
    word,
    schemas: (name) => ({ [name]: setting.schema }),
    isRequired: false,
    words(name, given) {
      const value = given[name];
      if (value === undefined) return [];
      return [word, value === null ? "DEFAULT" : setting.read(value, name)];
    },
  };
}

/** A word of the command, there or not. */
export function flag(word: string): Field {
  return {
    word,
    schemas: (name) => ({ [name]: { type: "boolean" } }),
    isRequired: false,
    words(name, given) {
      const value = given[name];
      if (isNone(value) || value === false || value === "false") return [];
      if (value === true || value === "true" || value === "") return [word];
      throw wrong(name, "true or false");
    },
  };
}

/** Bytes: a text, which stands for its UTF-8, or base64 under another name. */
export function bytes(word: string | null, isRequired = false): Field {
  return {
    word,
    schemas: bytesSchemas,
    isRequired,
    words(name, given) {
      const value = bytesIn(name, given);
      if (value !== null) return word === null ? [value] : [word, value];
      if (isRequired) throw missing(name);
      return [];
    },
  };
}

export function bytesSchemas(name: string): Record<string, Schema> {
  return {
    [name]: { type: "string" },
    [base64Name(name)]: { type: "string", contentEncoding: "base64" },
  };
}

/** null: nothing was given. Throws a Problem. */
export function bytesIn(name: string, given: Given): Buffer | null {
  const other = base64Name(name);
  const [plain, encoded] = [given[name], given[other]];
  // The body of a request that is no JSON.
  if (Buffer.isBuffer(plain)) return plain;
  if (isNone(encoded)) return isNone(plain) ? null : Buffer.from(textIn(plain, name));
  if (!isNone(plain)) throw new Problem(400, `give ${name} or ${other}, not both`);
  return decoded(encoded, other);
}

export function decoded(encoded: unknown, name: string): Buffer {
  const found = typeof encoded === "string" ? base64Bytes(encoded) : null;
  if (found === null) throw wrong(name, "base64");
  return found;
}

/** The contents of an event: as bytes, or any JSON value under the name `json`. */
export function contents(word: string | null, isRequired: boolean): Field {
  const plain = bytes(word);
  return {
    word,
    schemas: (name) => ({ ...bytesSchemas(name), json: {} }),
    isRequired,
    words(name, given) {
      const value = given[name];
      if (!isNone(value) && typeof value !== "string" && !Buffer.isBuffer(value)) {
        throw wrong(name, "a string; give any other value as json");
      }
      const words = plain.words(name, given);
      if (given.json === undefined) {
        if (isRequired && words.length === 0) throw missing(name);
        return words;
      }
      if (words.length > 0) throw new Problem(400, `give ${name} or json, not both`);
      const raw = rawMember(given[RAW]!, "json")!;
      return word === null ? [raw] : [word, raw];
    },
  };
}

/** The problem of a command's error, with the names of fields in the place of its options. */
export function refusalOf(reply: ErrorReply, fields: Fields = {}): Problem {
  const { text: error } = reply;
  if (!error.startsWith("ERR ")) return Problem.ofReply(reply);
  const names = new Map(Object.entries(fields).map(([name, { word }]) => [word, name]));
  const named = (part: string) => part.replace(/\b[A-Z]{2,}\b/g, (word) => names.get(word) ?? word);
  // Quoted text comes from the client and stays as it is.
  const parts = error.split(/('[^']*')/).map((part, at) => (at % 2 === 1 ? part : named(part)));
  return Problem.ofReply(reply, parts.join(""));
}

const namesOf = new WeakMap<Fields, Set<string>>();

/** All names that these fields may have in a request. */
function knownNames(fields: Fields): Set<string> {
  let names = namesOf.get(fields);
  if (!names) {
    const all = Object.entries(fields).flatMap(([name, field]) => Object.keys(field.schemas(name)));
    names = new Set(all);
    namesOf.set(fields, names);
  }
  return names;
}

/** Throws a Problem for a field that is not there. */
export function checkKnown(fields: Fields, given: Given, where = ""): void {
  const known = knownNames(fields);
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue;
    const meant = [...known].find((each) => bare(each) === bare(name));
    const hint = meant === undefined ? "" : `: it is called ${meant}`;
    throw new Problem(400, `unknown field ${JSON.stringify(where + name)}${hint}`);
  }
}

/** The same for names that people mix up. */
function bare(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
}

/** As the properties of an object. */
export function schemaOf(fields: Fields): JsonObject {
  const properties: JsonObject = {};
  const demands: JsonObject[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const schemas = field.schemas(name);
    Object.assign(properties, schemas);
    const names = Object.keys(schemas);
    if (field.isRequired) demands.push({ oneOf: names.map((each) => ({ required: [each] })) });
  }
  return {
    type: "object",
    properties,
    additionalProperties: false,
    ...(demands.length > 0 && { allOf: demands }),
  };
}
