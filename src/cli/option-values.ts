// Turns the texts of a client command's options into their values. Errors name the option.
import { shown } from "../config/option.ts";
import { camelCase } from "../config/options.ts";
import { UsageError } from "../config/usage-error.ts";
import type { OptionShape } from "./arguments.ts";
import type { ClientOption, ClientOptions, OptionValues } from "./client-option.ts";

const MS = 1000;
/** What a JavaScript Date can hold. */
const TIME_MS_MAX = 8.64e15;

/** `--delay SECONDS`; a flag stands alone. */
export function optionUsage(name: string, option: ClientOption): string {
  return `--${name} ${placeholderOf(option)}`.trim();
}

function placeholderOf(option: ClientOption): string {
  switch (option.kind) {
    case "flag":
      return "";
    case "choice":
      return option.values.join("|");
    case "seconds":
      return "SECONDS";
    case "time":
      return "TIME";
    default:
      return option.value ?? (option.kind === "number" ? "N" : "TEXT");
  }
}

export function shapesOf(options: ClientOptions): Record<string, OptionShape> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      {
        takesValue: option.kind !== "flag",
        short: option.short,
        usage: optionUsage(name, option),
      },
    ]),
  );
}

/** Throws UsageError for a text that is not of the option's kind. */
export function optionValues<O extends ClientOptions>(
  options: O,
  texts: Record<string, string[]>,
): OptionValues<O> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    const given = texts[name] ?? [];
    if (option.kind === "list") values[camelCase(name)] = given;
    else if (option.kind === "flag") values[camelCase(name)] = isSet(name, given.at(-1));
    else if (given.length > 0) values[camelCase(name)] = valueOf(name, option, given.at(-1)!);
  }
  return values as OptionValues<O>;
}

function isSet(name: string, text = "false"): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new UsageError(`--${name}: ${shown(text)} is not true or false`);
}

function valueOf(name: string, option: ClientOption, text: string): string | number {
  const refuse = (reason: string) => new UsageError(`--${name}: ${shown(text)} ${reason}`);
  switch (option.kind) {
    case "number": {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = option;
      if (!/^-?\d{1,16}$/.test(text)) throw refuse("is not a whole number");
      const value = Number(text);
      if (value >= min && value <= max) return value;
      const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
      throw refuse(`is not ${range}`);
    }
    case "seconds":
      if (!/^(\d{1,12}(\.\d*)?|\.\d+)$/.test(text)) {
        throw refuse("is not a number of seconds, such as 60 or 0.5");
      }
      if (option.max !== undefined && Number(text) > option.max) {
        throw refuse(`is more than ${option.max}`);
      }
      return Math.ceil(Number(text) * MS);
    case "time": {
      const ms = timeMs(text);
      if (ms === null) throw refuse("is no time: seconds since 1970 or 2026-12-31T23:59:59Z");
      return ms;
    }
    case "choice":
      if (!option.values.includes(text)) throw refuse(`is not one of ${option.values.join(", ")}`);
      return text;
    default:
      return text;
  }
}

/** A time without a zone is one of this machine. Null if it is none. */
function timeMs(text: string): number | null {
  const ms = /^\d{1,12}(\.\d*)?$/.test(text)
    ? Math.ceil(Number(text) * MS)
    : /^\d{4}-\d\d-\d\d/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  return ms >= 0 && ms <= TIME_MS_MAX ? ms : null;
}
