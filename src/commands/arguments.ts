// Reads the arguments of a command as its syntax line says: "queue [EX seconds] [NOACK]" becomes
// { queue, EX, NOACK }. Options stand behind the fixed arguments, in any order and case.
import { commandError } from "./errors.ts";
import { type Argument, argumentsOf } from "./syntax.ts";

/**
 * The values that a syntax line names: bytes, or milliseconds where it says seconds or timeout. An
 * option with a value is named by its token, and so is one without, which is true. Absent options
 * are undefined. "[name ...]" is a list.
 */
export type Arguments<Syntax extends string> = Syntax extends ""
  ? unknown
  : Syntax extends `[${infer Inside}] ${infer Rest}`
    ? Optional<Inside> & Arguments<Rest>
    : Syntax extends `[${infer Inside}]`
      ? Optional<Inside>
      : Syntax extends `${infer Name} ${infer Rest}`
        ? Record<Name, Value<Name>> & Arguments<Rest>
        : Record<Syntax, Value<Syntax>>;

type Optional<Inside extends string> = Inside extends `${infer Name} ...`
  ? Record<Name, Buffer[]>
  : Inside extends `${infer Token} ${infer Placeholder}`
    ? { [N in Token]?: Value<Placeholder> }
    : { [N in Inside]?: true };

type Value<Placeholder> = Placeholder extends "seconds" | "timeout" ? number : Buffer;

/** How placeholders are read that do not stand for bytes; `name` is what an error calls them. */
const kinds = new Map([
  ["seconds", parseSeconds],
  ["timeout", parseSeconds],
]);

/** Returns a function that reads the arguments of a call, whose count has been checked. */
export function argumentReader<S extends string>(
  command: string,
  syntax: S,
): (args: Buffer[]) => Arguments<S> {
  const all = argumentsOf(syntax);
  const fixed = all.filter(({ isOptional }) => !isOptional);
  const list = all.find(({ token, isRepeated }) => token === null && isRepeated);
  const options = all.filter(({ isOptional }) => isOptional && !list);
  const known = new Map(options.map((option) => [option.token, option]));
  const isReadable =
    all.length === fixed.length + (list ? 1 : options.length) &&
    fixed.every(
      ({ token, name }, at) => token === null && name !== null && all[at] === fixed[at],
    ) &&
    options.every(({ token, isRepeated, words }) => token !== null && !isRepeated && words <= 2);
  if (!isReadable) throw new Error(`${command} ${syntax}: its arguments cannot be read`);
  const first = command.split(" ").length;
  const behind = first + fixed.length;
  const names = fixed.map(({ name }) => name!);
  const parsers = names.map((name) => kinds.get(name));
  return (args) => {
    const values: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) {
      const [name, parse, bytes] = [names[at]!, parsers[at], args[first + at]!];
      values[name] = parse ? parse(name, bytes) : bytes;
    }
    if (list) values[list.name!] = args.slice(behind);
    else if (args.length > behind) readOptions(args, behind, known, values);
    return values as Arguments<S>;
  };
}

function readOptions(
  args: Buffer[],
  first: number,
  known: Map<string | null, Argument>,
  values: Record<string, unknown>,
): void {
  for (let at = first; at < args.length; at++) {
    const word = wordOf(args[at]!);
    const option = known.get(word);
    if (!option) {
      const names = [...known.keys()].join(", ") || "none";
      throw commandError("unknownOption", { option: args[at]!, known: names });
    }
    if (option.name === null) values[word] = true;
    else {
      const value = args[++at];
      if (!value) throw commandError("missingValue", { option: word });
      const parse = kinds.get(option.name);
      values[word] = parse ? parse(word, value) : value;
    }
  }
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
  return bytes.length <= WORD_BYTES_MAX ? bytes.toString("latin1").toUpperCase() : "";
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
