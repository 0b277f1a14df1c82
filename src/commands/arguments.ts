// Reads the arguments of a command as its syntax line says (see syntax.ts). Options come after the
// fixed arguments, in any order and case.
import type { QueueContext } from "./context.ts";
import { commandError } from "./errors.ts";
import { type Option, OptionList } from "./option-list.ts";
import { type Argument, argumentsOf } from "./syntax.ts";
import type { Options, Positional } from "./syntax-types.ts";
import { readerOf } from "./values.ts";

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
  const usage = `${command} ${syntax}`;
  const all = argumentsOf(syntax);
  const tokenless = all.filter(({ forms }) => forms.some(({ token }) => token === null));
  const fixed = tokenless.filter(({ isOptional }) => !isOptional);
  const list = tokenless.find(({ isOptional }) => isOptional);
  if (!isReadable(all, fixed, list)) throw new Error(`${usage}: its arguments cannot be read`);
  const required = all.slice(fixed.length).filter(({ isOptional }) => !isOptional);
  const requiredTokens = required.map(({ forms }) => forms.map(({ token }) => token!));
  const options = new OptionList(command, all);
  const { first } = options;
  const words = first - fixed.length;
  const names = fixed.map(({ forms }) => forms[0]!.values[0]!);
  const readers = names.map(readerOf);
  const areBytes = readers.every((read) => read === null);
  const valueAt = (bytes: Buffer, at: number) => {
    const read = readers[at - words];
    return read ? read(names[at - words]!, bytes) : bytes;
  };
  const groupSize = list?.forms[0]!.values.length ?? 1;
  return {
    positional(args) {
      if (groupSize > 1 && (args.length - first) % groupSize > 0) {
        throw commandError("missingArguments", { usage });
      }
      return (areBytes ? args : args.map(valueAt)) as Positional<Name, Syntax>;
    },
    options(args) {
      if (list || (args.length === first && required.length === 0)) {
        return NO_OPTIONS as Options<Syntax>;
      }
      const values = optionsOf(args, options);
      for (const tokens of requiredTokens) {
        if (tokens.some((token) => token in values)) continue;
        throw commandError("missingOption", { option: tokens.join(" or "), usage });
      }
      return values as Options<Syntax>;
    },
  };
}

/** Fixed arguments come first, then options or a list. */
function isReadable(all: Argument[], fixed: Argument[], list?: Argument): boolean {
  const rest = all.slice(fixed.length);
  return (
    fixed.every((argument, at) => argument === all[at] && !argument.isRepeated) &&
    (list
      ? list.isRepeated && rest.length === 1
      : rest.every(({ isOptional, forms }) =>
          forms.every(({ values, isList }) => isOptional || isList || values.length === 0),
        ))
  );
}

/** The values of the options in a call. */
function optionsOf(args: Buffer[], options: OptionList): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let last: Option | null = null;
  for (let at = options.first; at < args.length;) {
    const option = options.find(args[at]!);
    if (!option) throw unknownOption(args, at, { options, last, values });
    const { token, argument, form, others } = option;
    for (const other of others) {
      if (other in values) throw commandError("exclusiveOptions", { option: token, other });
    }
    if (token in values && !mayRepeat(option))
      throw commandError("repeatedOption", { option: token });
    const end = options.endOf(option, args, at);
    const count = end - at - 1;
    if (end > args.length || (count > 0 && count % form.values.length > 0)) {
      throw missingValue(option);
    }
    if (form.isList && !argument.isOptional && form.values[0] === "queue") {
      refuseOptionsBehind(token, args, at + 1, options);
    }
    const value = option.read(args, at + 1, end);
    if (!argument.isRepeated) values[token] = value;
    else ((values[token] ??= []) as unknown[]).push(value);
    last = option;
    at = end;
  }
  return values;
}

/** Of two values only one would count: a QPURGE with two patterns would remove too much. */
function mayRepeat({ form, argument }: Option): boolean {
  return argument.isRepeated || form.values.length === 0;
}

interface Read {
  options: OptionList;
  /** The option that was read last. */
  last: Option | null;
  values: Record<string, unknown>;
}

/** The value of the last option may be rather the name of one that a call must have. */
function unknownOption(args: Buffer[], at: number, { options, last, values }: Read): Error {
  const taken = last?.form.values.length ? options.find(args[at - 1]!) : undefined;
  const isMissing = ({ forms }: Argument) =>
    !forms.some(({ token }) => (token as string) in values);
  if (taken && !taken.argument.isOptional && isMissing(taken.argument)) return missingValue(last!);
  const known = options.tokens.join(", ") || "none";
  return commandError("unknownOption", { option: args[at]!, known });
}

function missingValue({ token, form }: Option): Error {
  const usage = [token, ...form.values, ...(form.isList ? ["..."] : [])].join(" ");
  return commandError("missingValue", { option: token, usage });
}

/**
 * An option behind the first queue would be taken for a queue, and a pop that should wait would be
 * repeated without a pause. Only capitals are an option there: a queue may be called "wait".
 */
function refuseOptionsBehind(
  token: string,
  args: Buffer[],
  first: number,
  options: OptionList,
): void {
  for (let at = first + 1; at < args.length; at++) {
    const option = args[at]!;
    if (options.hasInCapitals(option)) throw commandError("optionBehind", { token, option });
  }
}

/** Throws if one command pushes more than the largest event may have, or too many contents. */
export function checkBatch(
  what: "events" | "elements",
  contents: Buffer[],
  max: number,
  { settings }: QueueContext,
): void {
  checkCount(what, contents.length, max);
  const bytes = contents.reduce((sum, { length }) => sum + length, 0);
  const bytesMax = settings.maxEventBytes;
  if (bytes > bytesMax) throw commandError("eventTooLarge", { bytes, bytesMax });
}

/** Throws if a command has more of these things than allowed. */
export function checkCount(things: string, count: number, max: number): void {
  if (count > max) throw commandError("tooMany", { things, count, max });
}

/** Throws if a value is longer than okq keeps. */
export function checkLength(name: string, bytes: Buffer, bytesMax: number): void {
  if (bytes.length > bytesMax) {
    throw commandError("tooLong", { name, bytes: bytes.length, bytesMax });
  }
}

/** Throws if a name is empty, or longer than okq keeps. */
export function checkName(name: string, bytes: Buffer, bytesMax: number): void {
  if (bytes.length === 0) throw commandError("empty", { name });
  checkLength(name, bytes, bytesMax);
}

const WORKER_BYTES_MAX = 1024;

/** Throws if the name of a worker is empty, or longer than okq keeps. */
export function checkWorker(name: Buffer): void {
  checkName("the name of a worker is", name, WORKER_BYTES_MAX);
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
