// The kinds of options: how each parses its text, and how an error shows a text.
import { expandHome } from "./home-path.ts";

/** One option. parse() returns the typed value or throws a phrase such as "is not ...". */
export interface Option<T> {
  /** A list has commas between its entries, and its flag may be repeated. */
  kind: "string" | "list" | "integer" | "boolean" | "choice";
  default: T;
  placeholder: string;
  help: string;
  /** The default, as users write it. */
  defaultText: string;
  /** "1 to 1024", of a number. */
  range?: string;
  /** Its value is never shown. */
  isSecret?: true;
  parse(text: string): T;
}

/** Throws a phrase such as "is not ...". May return a value that differs from the text. */
type Check = (text: string) => string | void;

/** A text for an error, quoted and cut; the fallback for one that may hold a password. */
export function shown(text: string, fallback = "the value"): string {
  if (/@|:\/|passw\w*=/i.test(text)) return fallback;
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

export function string(
  fallback: string,
  placeholder: string,
  check: Check,
  help: string,
): Option<string> {
  const parse = (text: string) => check(text) ?? text;
  return { kind: "string", default: fallback, defaultText: fallback, placeholder, help, parse };
}

export function fileName(help: string): Option<string> {
  return string("", "FILE", expandHome, help);
}

export function secret(placeholder: string, help: string): Option<string> {
  return { ...string("", placeholder, () => {}, help), isSecret: true };
}

/** The value is the entries with commas and without blanks between them. */
export function list(placeholder: string, check: Check, help: string): Option<string> {
  const parse = (text: string) => {
    const entries = text.split(",").map((entry) => entry.trim());
    const checked = (text === "" ? [] : entries).map((entry) => {
      try {
        return check(entry) ?? entry;
      } catch (error) {
        const { message } = error as Error;
        if (entries.length === 1) throw error;
        throw new Error(`names ${shown(entry)}, which ${message}`, { cause: error });
      }
    });
    return checked.join(",");
  };
  return { kind: "list", default: "", defaultText: "", placeholder, help, parse };
}

const factors: Record<string, number> = { g: 1024 ** 3, m: 1024 ** 2, k: 1024 };

interface NumberKind {
  /** "a whole number" */
  name: string;
  /** The digits, and the unit if there may be one. */
  pattern: RegExp;
  /** As users write it. */
  written(value: number): string;
  /** Shown after a range: " ms". */
  suffix: string;
}

const COUNT: NumberKind = {
  name: "a whole number",
  pattern: /^(\d+)$/,
  written: String,
  suffix: "",
};
const BYTES: NumberKind = {
  name: "a number of bytes, such as 1024, 64kb or 64mb",
  pattern: /^(\d+)(?:([kmg])i?b)?$/i,
  written: withUnit,
  suffix: "",
};

export function integer(fallback: number, min: number, max: number, help: string): Option<number> {
  return number(COUNT, fallback, [min, max], help);
}

/** A time. The unit is shown, and not written by users. */
export function time(
  unit: "ms" | "s",
  fallback: number,
  min: number,
  max: number,
  help: string,
): Option<number> {
  return number({ ...COUNT, suffix: ` ${unit}` }, fallback, [min, max], help);
}

/** A number of bytes, which may be written with a unit: 64kb. */
export function bytes(fallback: number, min: number, max: number, help: string): Option<number> {
  return number(BYTES, fallback, [min, max], help);
}

function number(
  { name, pattern, written, suffix }: NumberKind,
  fallback: number,
  [min, max]: [number, number],
  help: string,
): Option<number> {
  const [from, to] = [written(min), `${written(max)}${suffix}`];
  const parse = (text: string) => {
    const [, digits, unit = ""] = pattern.exec(text) ?? [];
    if (digits === undefined) throw new Error(`is not ${name}`);
    const value = Number(digits) * (factors[unit.toLowerCase()] ?? 1);
    if (value < min || value > max) throw new Error(`is not between ${from} and ${to}`);
    return value;
  };
  const texts = { defaultText: written(fallback), range: `${from} to ${to}` };
  return { kind: "integer", default: fallback, placeholder: "N", help, ...texts, parse };
}

/** `64kb`; with the largest unit that leaves a whole number. */
function withUnit(value: number): string {
  const found = Object.entries(factors).find(([, factor]) => value > 0 && value % factor === 0);
  return found ? `${value / found[1]}${found[0]}b` : String(value);
}

export function boolean(help: string): Option<boolean> {
  const parse = (text: string) => {
    if (text !== "true" && text !== "false") throw new Error("is not true or false");
    return text === "true";
  };
  return { kind: "boolean", default: false, defaultText: "false", placeholder: "", help, parse };
}

export function choice<T extends string>(fallback: T, values: T[], help: string): Option<T> {
  const parse = (text: string) => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Error(`is not one of ${values.join(", ")}`);
    return value;
  };
  const placeholder = values.join("|");
  return { kind: "choice", default: fallback, defaultText: fallback, placeholder, help, parse };
}
