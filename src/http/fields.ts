// The fields of requests: each is read from JSON or a query string, becomes words of a command, and
// describes itself.
import { base64Bytes, base64Name, type JsonObject } from "./json.ts";
import { Problem } from "./problem.ts";
import type { Word } from "./request-command.ts";
import type { Schema } from "./shapes.ts";

/** What a client gave: JSON, or the texts of a query string. */
export type Given = Record<string, unknown>;

export interface Field {
  /** By the names that the field may have in a request. */
  schemas(name: string): Record<string, Schema>;
  isRequired: boolean;
  /** The words of the command; none if the client gave nothing. Throws a Problem. */
  words(name: string, given: Given): Word[];
}

export type Fields = Record<string, Field>;

type Read = (value: unknown, name: string) => Word;

interface Kind {
  schema: Schema;
  /** Throws a Problem. */
  read: Read;
}

function wrong(name: string, accepts: string): Problem {
  return new Problem(400, `${name} must be ${accepts}`);
}

export const text: Kind = {
  schema: { type: "string" },
  read(value, name) {
    if (typeof value !== "string") throw wrong(name, "a string");
    return value;
  },
};

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

/** A field that the command takes as a value without a word in front. */
export function required({ schema, read }: Kind): Field {
  return {
    schemas: (name) => ({ [name]: schema }),
    isRequired: true,
    words(name, given) {
      if (given[name] === undefined) throw new Problem(400, `${name} is missing`);
      return [read(given[name], name)];
    },
  };
}

/** A field with that option of the command in front. */
export function option(word: string, { schema, read }: Kind): Field {
  return {
    schemas: (name) => ({ [name]: schema }),
    isRequired: false,
    words: (name, given) =>
      given[name] === undefined || given[name] === null ? [] : [word, read(given[name], name)],
  };
}

/** A word of the command, there or not. */
export function flag(word: string): Field {
  return {
    schemas: (name) => ({ [name]: { type: "boolean" } }),
    isRequired: false,
    words(name, given) {
      const value = given[name];
      if (value === undefined || value === false || value === "false") return [];
      if (value === true || value === "true" || value === "") return [word];
      throw wrong(name, "true or false");
    },
  };
}

/** Bytes: a text, which stands for its UTF-8, or base64 under another name. */
export function bytes(word: string | null, isRequired = false): Field {
  return {
    schemas: (name) => ({
      [name]: { type: "string" },
      [base64Name(name)]: { type: "string", contentEncoding: "base64" },
    }),
    isRequired,
    words(name, given) {
      const value = bytesIn(name, given);
      if (value !== null) return word === null ? [value] : [word, value];
      if (isRequired) throw new Problem(400, `${name} is missing`);
      return [];
    },
  };
}

function bytesIn(name: string, given: Given): Buffer | null {
  const other = base64Name(name);
  const [plain, encoded] = [given[name], given[other]];
  if (encoded === undefined) {
    if (plain === undefined || plain === null) return null;
    if (typeof plain !== "string") throw wrong(name, "a string");
    return Buffer.from(plain);
  }
  if (plain !== undefined) throw new Problem(400, `give ${name} or ${other}, not both`);
  const decoded = typeof encoded === "string" ? base64Bytes(encoded) : null;
  if (decoded === null) throw wrong(other, "base64");
  return decoded;
}

/** An object of texts, each with that option of the command and its name in front. */
export function texts(word: string): Field {
  return {
    schemas: (name) => ({
      [name]: { type: "object", additionalProperties: { type: "string" } },
    }),
    isRequired: false,
    words(name, given) {
      const value = given[name];
      if (value === undefined || value === null) return [];
      if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object");
      return Object.entries(value).flatMap(([key, each]) => {
        if (typeof each !== "string") throw wrong(`${name}.${key}`, "a string");
        return [word, key, each];
      });
    },
  };
}

/** Throws a Problem for a field that is not there. */
export function checkKnown(fields: Fields, given: Given): void {
  const known = new Set(
    Object.entries(fields).flatMap(([name, f]) => Object.keys(f.schemas(name))),
  );
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new Problem(400, `unknown field ${JSON.stringify(name)}`);
  }
}

/** As the properties of an object. */
export function schemaOf(fields: Fields): JsonObject {
  const properties: JsonObject = {};
  for (const [name, field] of Object.entries(fields)) {
    Object.assign(properties, field.schemas(name));
  }
  return { type: "object", properties, additionalProperties: false };
}
