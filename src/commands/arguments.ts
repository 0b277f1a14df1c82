// Reads the arguments of a command as its syntax line says (see syntax.ts). Options come after the
// fixed arguments, in any order and case.
import { commandError } from "./errors.ts";
import { integerReader, readTime, secondsReader } from "./numbers.ts";
import { type Option, OptionList } from "./option-list.ts";
import { type Argument, argumentsOf } from "./syntax.ts";
import type { NumberName, Options, Positional } from "./syntax-types.ts";
import { wordOf } from "./words.ts";

type ReadNumber = (name: string, bytes: Buffer) => number;

/** How placeholders are read that stand for numbers. */
const numbers: Record<NumberName, ReadNumber> = {
  seconds: secondsReader(0),
  "seconds>0": secondsReader(0.001),
  timeout: secondsReader(0),
  time: readTime,
  n: integerReader(0, 1_000_000_000),
  count: integerReader(1, 1000),
  limit: integerReader(1, 1_000_000_000),
  weight: integerReader(1, 1_000_000),
};

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
  const options = new OptionList(command, all);
  const { first } = options;
  const words = first - fixed.length;
  const names = fixed.map(({ forms }) => forms[0]!.values[0]!);
  const areBytes = names.every((name) => !(name in numbers));
  const valueAt = (bytes: Buffer, at: number) => {
    const name = names[at - words];
    return name ? valueOf(name, name, bytes) : bytes;
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
      const read = new OptionsOfCall(options, args);
      for (const argument of required) {
        if (read.has(argument)) continue;
        const option = argument.forms.map(({ token }) => token).join(" or ");
        throw commandError("missingOption", { option, usage });
      }
      return read.values as Options<Syntax>;
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

/** The options of one call. */
class OptionsOfCall {
  readonly values: Record<string, unknown> = {};
  readonly #options: OptionList;
  readonly #args: Buffer[];
  /** The form that was given of each argument that has several, or that a call must have. */
  #given: Map<Argument, string> | null = null;
  /** The option that was read last. */
  #last: Option | null = null;

  constructor(options: OptionList, args: Buffer[]) {
    this.#options = options;
    this.#args = args;
    for (let at = options.first; at < args.length;) at = this.#read(at);
  }

  has(argument: Argument): boolean {
    return this.#given?.has(argument) === true;
  }

  /** Reads the option at that index and returns the index behind it. */
  #read(at: number): number {
    const option = this.#options.find(this.#args[at]!);
    if (!option) {
      this.#checkLast(at);
      const known = this.#options.tokens.join(", ") || "none";
      throw commandError("unknownOption", { option: this.#args[at]!, known });
    }
    const { token, argument, form } = option;
    if (argument.forms.length > 1 || !argument.isOptional) this.#note(option);
    const end = this.#options.endOf(option, this.#args, at);
    const count = end - at - 1;
    if (end > this.#args.length || (count > 0 && count % form.values.length > 0)) {
      throw commandError("missingValue", { option: token, usage: usageOf(option) });
    }
    const value = this.#valueOf(option, at + 1, end);
    this.#last = option;
    if (!argument.isRepeated) this.values[token] = value;
    else ((this.values[token] ??= []) as unknown[]).push(value);
    return end;
  }

  /** Throws if the value of the last option is rather the name of one that a call must have. */
  #checkLast(at: number): void {
    const value = this.#last?.form.values.length ? this.#options.find(this.#args[at - 1]!) : null;
    if (!value || value.argument.isOptional || this.has(value.argument)) return;
    const { token } = this.#last!;
    throw commandError("missingValue", { option: token, usage: usageOf(this.#last!) });
  }

  #note({ token, argument }: Option): void {
    this.#given ??= new Map();
    const other = this.#given.get(argument);
    if (other !== undefined && other !== token) {
      throw commandError("exclusiveOptions", { option: token, other });
    }
    this.#given.set(argument, token);
  }

  /** Of the option whose values stand from `first` to before `end`. */
  #valueOf({ token, form, argument }: Option, first: number, end: number): unknown {
    const { values, isList } = form;
    if (values.length === 0) return true;
    if (values.length === 1 && !isList) return valueOf(token, values[0]!, this.#args[first]!);
    const given = this.#args.slice(first, end);
    const read = given.map((bytes, at) => valueOf(token, values[at % values.length]!, bytes));
    if (isList && !argument.isOptional && values[0] === "queue") this.#checkQueues(token, given);
    return read;
  }

  /** An option behind the queues would be taken for a queue, and a wait would never end. */
  #checkQueues(token: string, queues: Buffer[]): void {
    const found = queues.findIndex((queue, at) => at > 0 && this.#options.find(queue));
    if (found > 0) throw commandError("optionBehind", { token, option: queues[found]! });
  }
}

function usageOf({ token, form }: Option): string {
  return [token, ...form.values, ...(form.isList ? ["..."] : [])].join(" ");
}

function valueOf(name: string, placeholder: string, bytes: Buffer): unknown {
  const read = numbers[placeholder as NumberName] as ReadNumber | undefined;
  if (read) return read(name, bytes);
  return isChoice(placeholder) ? choiceOf(name, placeholder, bytes) : bytes;
}

function isChoice(placeholder: string): boolean {
  return /^[A-Z]/.test(placeholder);
}

function choiceOf(name: string, choice: string, bytes: Buffer): string {
  const words = choice.split("|");
  const word = wordOf(bytes);
  if (words.includes(word)) return word;
  throw commandError("notOneOf", { name, accepts: words.join(", "), given: bytes });
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

const WORKER_BYTES_MAX = 1024;

/** Throws if the name of a worker is longer than okq keeps. */
export function checkWorker(name: Buffer): void {
  checkLength("the name of a worker is", name, WORKER_BYTES_MAX);
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
