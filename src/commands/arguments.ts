// Reads the arguments of a command as its syntax line says. "queue [EX seconds] [NOACK]" has one
// fixed argument and two options; options come after the fixed arguments, in any order and case.
import { nameOf } from "../queue/name-cache.ts";
import { commandError } from "./errors.ts";
import { type Argument, argumentsOf } from "./syntax.ts";

/** The words of a command's name, then its fixed arguments, then those of a "[name ...]". */
export type Positional<Name extends string, Syntax extends string> = [
  ...WordsOf<Name>,
  ...Fixed<Syntax>,
];

type WordsOf<Name> = Name extends `${string} ${infer Rest}` ? [Buffer, ...WordsOf<Rest>] : [Buffer];

type Fixed<Syntax> = Syntax extends ""
  ? []
  : Syntax extends `[${string} ...]`
    ? Buffer[]
    : Syntax extends `[${string}`
      ? []
      : Syntax extends `${infer Name} ${infer Rest}`
        ? [Value<Name>, ...Fixed<Rest>]
        : [Value<Syntax>];

/** The value of each option by its token; true if it takes none, undefined if it is absent. */
export type Options<Syntax extends string> =
  Syntax extends `${string}[${infer Inside}]${infer Rest}`
    ? Optional<Inside> & Options<Rest>
    : unknown;

type Optional<Inside extends string> = Inside extends `${string} ...`
  ? unknown
  : Inside extends `${infer Token} ${infer Placeholder}`
    ? { [N in Token]?: Value<Placeholder> }
    : { [N in Inside]?: true };

/** Placeholders stand for bytes, or for milliseconds. */
type Value<Placeholder> = Placeholder extends "seconds" | "timeout" ? number : Buffer;

/** How placeholders are read that do not stand for bytes. The name is for the error. */
const kinds = new Map([
  ["seconds", parseSeconds],
  ["timeout", parseSeconds],
]);

export interface ArgumentReader<Name extends string, Syntax extends string> {
  positional(args: Buffer[]): Positional<Name, Syntax>;
  options(args: Buffer[]): Options<Syntax>;
}

const NO_OPTIONS = {};

/** Reads the arguments of calls whose argument count has been checked. */
export function argumentReader<Name extends string, Syntax extends string>(
  command: Name,
  syntax: Syntax,
): ArgumentReader<Name, Syntax> {
  const all = argumentsOf(syntax);
  const fixed = all.filter(({ isOptional }) => !isOptional);
  const list = all.find(({ token, isRepeated }) => token === null && isRepeated);
  const options = all.filter(({ isOptional }) => isOptional && !list);
  const isReadable =
    all.length === fixed.length + (list ? 1 : options.length) &&
    fixed.every(
      ({ token, name }, at) => token === null && name !== null && all[at] === fixed[at],
    ) &&
    options.every(({ token, isRepeated, words }) => token !== null && !isRepeated && words <= 2);
  if (!isReadable) throw new Error(`${command} ${syntax}: its arguments cannot be read`);
  const known = new Map(options.map((option) => [option.token, option]));
  const first = command.split(" ").length;
  const optionsAt = first + fixed.length;
  const areBytes = fixed.every(({ name }) => !kinds.has(name!));
  const valueAt = (bytes: Buffer, at: number) => {
    const name = fixed[at - first]?.name;
    return name ? valueOf(name, name, bytes) : bytes;
  };
  return {
    positional: (args) => (areBytes ? args : args.map(valueAt)) as Positional<Name, Syntax>,
    options: (args) =>
      (list || args.length === optionsAt
        ? NO_OPTIONS
        : readOptions(args, optionsAt, known)) as Options<Syntax>,
  };
}

function readOptions(args: Buffer[], first: number, known: Map<string | null, Argument>): object {
  const values: Record<string, unknown> = {};
  for (let at = first; at < args.length; at++) {
    const option = known.get(wordOf(args[at]!));
    if (!option) {
      const names = [...known.keys()].join(", ") || "none";
      throw commandError("unknownOption", { option: args[at]!, known: names });
    }
    const token = option.token!;
    if (option.name === null) values[token] = true;
    else {
      const value = args[++at];
      if (!value) throw commandError("missingValue", { option: token });
      values[token] = valueOf(token, option.name, value);
    }
  }
  return values;
}

function valueOf(name: string, placeholder: string, bytes: Buffer): unknown {
  const parse = kinds.get(placeholder);
  return parse ? parse(name, bytes) : bytes;
}

/** About 68 years. A client that asks for more means something else. */
const SECONDS_MAX = 2 ** 31 - 1;

/** In whole milliseconds, rounded up. Throws unless it is 0 to 2^31-1 seconds. */
function parseSeconds(name: string, bytes: Buffer): number {
  const text = wordOf(bytes);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds <= SECONDS_MAX) return Math.ceil(seconds * 1000);
  throw commandError("notSeconds", { name, max: SECONDS_MAX, given: bytes });
}

/** An integer of at most 15 digits, or null. */
export function parseInteger(bytes: Buffer): number | null {
  const text = bytes.length <= 16 ? bytes.toString("latin1") : "";
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** No word or number that a command takes is longer. */
const WORD_BYTES_MAX = 32;

/** The argument in capitals; "" if it is too long to be a word that a command takes. */
export function wordOf(bytes: Buffer): string {
  return bytes.length <= WORD_BYTES_MAX ? nameOf(bytes).toUpperCase() : "";
}

/** Throws if a command has more of these things than allowed. */
export function checkCount(things: string, count: number, max: number): void {
  if (count > max) throw commandError("tooMany", { things, count, max });
}

/**
 * Throws if an id or a queue's name is too long to be new. Commands on existing events do not check
 * it, because the limit may have been higher when an event was pushed.
 */
export function checkNew(
  name: "id" | "queue name",
  bytes: Buffer,
  { settings }: { settings: { maxNameBytes: number } },
): void {
  const { maxNameBytes } = settings;
  if (bytes.length <= maxNameBytes) return;
  throw commandError("nameTooLong", { name, bytes: bytes.length, bytesMax: maxNameBytes });
}
