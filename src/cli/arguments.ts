// Reads arguments: options and words, for commands of the server and of the client alike. Knows
// nothing of what they mean.
import { cac } from "cac";
import { shown } from "../config/option.ts";
import { UsageError } from "../config/usage-error.ts";

export interface OptionShape {
  takesValue: boolean;
  /** "n" for -n. */
  short?: string | undefined;
  /** For the error if its value is missing: `--file FILE`. */
  usage: string;
}

export interface Shapes {
  options: Record<string, OptionShape>;
  /** Behind the error of an unknown option: "(see okq --help)". */
  hint: string;
  /** Whether "-" is a word. */
  takesDash: boolean;
}

export interface Arguments {
  words: string[];
  /** The words behind `--`; null without it. */
  behindDashes: string[] | null;
  /** The values of each option that was given, in order; "true" of one that takes none. */
  values: Record<string, string[]>;
}

/**
 * cac would turn values into numbers ("007" into 7, "" into 0), and its errors show flags in camel
 * case. So each value gets a prefix that no number has, and unknown flags are found here.
 */
const PREFIX = "=";

/** Throws UsageError for unknown options and missing values. */
export function readArguments(argv: readonly string[], shapes: Shapes): Arguments {
  const prefixed: string[] = [];
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const text = argv[index]!;
    if (text === "--") {
      return { words, behindDashes: argv.slice(index + 1), values: valuesOf(prefixed, shapes) };
    }
    if (!isOption(text, shapes)) {
      words.push(text);
      continue;
    }
    for (const { name, attached } of optionsIn(text, shapes)) {
      const { takesValue, usage } = shapes.options[name]!;
      const takesNext = attached === undefined && takesValue;
      const value = takesNext ? valueBehind(name, usage, argv[++index]) : (attached ?? "true");
      prefixed.push(`--${name}=${PREFIX}${value}`);
    }
  }
  return { words, behindDashes: null, values: valuesOf(prefixed, shapes) };
}

/**
 * The first word, found with the options that may stand before it. Undefined if there is none, or
 * an unknown option stands before it.
 */
export function firstWord(argv: readonly string[], shapes: Shapes): string | undefined {
  for (let index = 0; index < argv.length; index++) {
    const text = argv[index]!;
    if (text === "--") return argv[index + 1];
    if (!isOption(text, shapes)) return text;
    const [, flag = "", attached] = /^([^=]*)(=)?/.exec(text)!;
    const name = flag.startsWith("--") ? flag.slice(2) : nameOfShort(flag.slice(1), shapes);
    if (name === undefined || !Object.hasOwn(shapes.options, name)) return undefined;
    if (attached === undefined && shapes.options[name]!.takesValue) index += 1;
  }
  return undefined;
}

function isOption(text: string, { takesDash }: Shapes): boolean {
  return text.startsWith("-") && !(text === "-" && takesDash);
}

/** `--name`, `--name=value`, or short ones: `-q`, `-n3`, `-n=3`, `-qn3`. */
function optionsIn(text: string, shapes: Shapes): { name: string; attached?: string }[] {
  const [, flag = "", attached] = /^([^=]*)(?:=(.*))?$/s.exec(text)!;
  const given = attached === undefined ? {} : { attached };
  if (flag.startsWith("--") && Object.hasOwn(shapes.options, flag.slice(2))) {
    return [{ name: flag.slice(2), ...given }];
  }
  const found: { name: string; attached?: string }[] = [];
  const letters = flag.startsWith("--") ? "" : flag.slice(1);
  for (const [at, letter] of [...letters].entries()) {
    const name = nameOfShort(letter, shapes);
    if (name === undefined) throw unknown(flag, shapes);
    const rest = text.slice(at + 2);
    if (shapes.options[name]!.takesValue && rest !== "") {
      return [...found, { name, attached: rest.replace(/^=/, "") }];
    }
    found.push({ name });
  }
  if (found.length === 0 || attached !== undefined) throw unknown(flag, shapes);
  return found;
}

function unknown(flag: string, { hint }: Shapes): UsageError {
  return new UsageError(`unknown option ${shown(flag)} ${hint}`);
}

function nameOfShort(letter: string, { options }: Shapes): string | undefined {
  return Object.keys(options).find((name) => options[name]!.short === letter);
}

/** The next argument, unless it is missing or a flag; a negative number is a value. */
function valueBehind(name: string, usage: string, next: string | undefined): string {
  if (next !== undefined && !/^-(?!\d|$)/.test(next)) return next;
  throw new UsageError(`--${name} needs a value: ${usage}`);
}

function valuesOf(prefixed: string[], { options }: Shapes): Record<string, string[]> {
  const cli = cac("okq");
  for (const [name, { takesValue }] of Object.entries(options)) {
    cli.option(`--${name} ${takesValue ? "<value>" : "[value]"}`, "");
  }
  cli.parse(["", "", ...prefixed], { run: false });
  const values: Record<string, string[]> = {};
  for (const name of Object.keys(options)) {
    const given: unknown[] = [cli.options[keyOf(name)] ?? []].flat();
    if (given.length > 0) values[name] = given.map((value) => String(value).slice(PREFIX.length));
  }
  return values;
}

/** The name of an option as cac has it: a dash behind a digit stays, as in s3-timeout. */
function keyOf(name: string): string {
  return name.replace(/([a-z])-([a-z])/g, (_, before: string, after: string) => {
    return before + after.toUpperCase();
  });
}
