// Fields of requests that stand for several words of a command: lists, and objects.
import {
  checkKnown,
  decoded,
  type Field,
  type Fields,
  type Given,
  isNone,
  type Kind,
  missing,
  schemaOf,
  textIn,
  wrong,
} from "./fields.ts";
import { base64Name } from "./json.ts";
import { Problem } from "./problem.ts";
import { RAW, rawMember } from "./raw-json.ts";
import type { Word } from "./request-command.ts";
import type { Schema } from "./shapes.ts";

const base64: Schema = { type: "string", contentEncoding: "base64" };

/** More of them in one request would delay others; each command has a lower limit of its own. */
const ITEMS_MAX = 16_384;

function arrayIn(value: unknown, name: string): unknown[] {
  if (isNone(value)) return [];
  if (!Array.isArray(value)) throw wrong(name, "an array");
  if (value.length > ITEMS_MAX) throw wrong(name, `an array of up to ${ITEMS_MAX} items`);
  return value;
}

function arrayOf(items: Schema): Schema {
  return { type: "array", items };
}

/** A list of bytes: of texts, and behind these of base64 under another name. */
export function bytesList(word: string | null, isRequired = false): Field {
  return {
    word,
    schemas: (name) => ({
      [name]: arrayOf({ type: "string" }),
      [base64Name(name)]: arrayOf(base64),
    }),
    isRequired,
    words(name, given) {
      const other = base64Name(name);
      const texts = arrayIn(given[name], name);
      const encoded = arrayIn(given[other], other);
      const words = [
        ...texts.map((each, at) => textIn(each, `${name}[${at}]`)),
        ...encoded.map((each, at) => decoded(each, `${other}[${at}]`)),
      ];
      if (words.length > 0) return word === null ? words : [word, ...words];
      if (isRequired) throw missing(name);
      return [];
    },
  };
}

/** A list in a query string: its parameter may be there any number of times. */
export function repeated(field: Field): Field {
  return {
    ...field,
    words(name, given) {
      const all: Given = { ...given };
      for (const each of Object.keys(field.schemas(name))) {
        if (typeof all[each] === "string") all[each] = [all[each]];
      }
      return field.words(name, all);
    },
  };
}

/** A list of values of that kind, with an option of the command in front of all of them. */
export function list(word: string | null, { schema, read }: Kind): Field {
  return {
    word,
    schemas: (name) => ({ [name]: arrayOf(schema) }),
    isRequired: false,
    words(name, given) {
      const values = arrayIn(given[name], name);
      const words = values.map((each, at) => read(each, `${name}[${at}]`));
      return word === null || words.length === 0 ? words : [word, ...words];
    },
  };
}

/** A list of objects with these fields, whose words follow each other. Required. */
export function objects(fields: Fields): Field {
  return {
    schemas: (name) => ({ [name]: arrayOf(schemaOf(fields)) }),
    isRequired: true,
    words(name, given) {
      const values = arrayIn(given[name], name);
      if (values.length === 0) throw missing(name);
      return values.flatMap((each, at) => wordsWithin(fields, each as Given, `${name}[${at}]`));
    },
  };
}

/** An object with these fields, behind an option of the command. */
export function object(word: string, fields: Fields): Field {
  return {
    word,
    schemas: (name) => ({ [name]: schemaOf(fields) }),
    isRequired: false,
    words(name, given) {
      const value = given[name] as Given;
      if (isNone(value)) return [];
      const raw = given[RAW] && rawMember(given[RAW], name);
      const within = isObject(value) && raw ? { ...value, [RAW]: raw } : value;
      return [word, ...wordsWithin(fields, within, name)];
    },
  };
}

function wordsWithin(fields: Fields, given: Given, where: string): Word[] {
  if (!isObject(given)) throw wrong(where, "an object");
  checkKnown(fields, given, `${where}.`);
  return Object.entries(fields).flatMap(([name, field]) => {
    try {
      return field.words(name, given);
    } catch (error) {
      throw error instanceof Problem ? error.within(where) : error;
    }
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Names with values, each with that option of the command in front: an object of texts, and behind
 * these a list of pairs in base64 under another name.
 */
export function pairs(word: string): Field {
  return {
    word,
    schemas: (name) => ({
      [name]: { type: "object", additionalProperties: { type: "string" } },
      [base64Name(name)]: arrayOf({ ...arrayOf(base64), minItems: 2, maxItems: 2 }),
    }),
    isRequired: false,
    queryPrefix: "header.",
    words(name, given) {
      const other = base64Name(name);
      const value = given[name] ?? {};
      if (!isObject(value)) throw wrong(name, "an object");
      const texts = Object.entries(value).flatMap(([key, each]) => [
        word,
        textIn(key, `a name in ${name}`),
        textIn(each, `${name}.${key}`),
      ]);
      const encoded = arrayIn(given[other], other).flatMap((pair, at) => {
        const place = `${other}[${at}]`;
        const parts = arrayIn(pair, place);
        if (parts.length !== 2) throw wrong(place, "a name and a value");
        return [word, decoded(parts[0], place), decoded(parts[1], place)];
      });
      return [...texts, ...encoded];
    },
  };
}
