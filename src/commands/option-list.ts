// The options of a syntax line, and where each of them stands in the arguments of a call.
import { nameOf } from "../queue/name-cache.ts";
import { type Argument, type Form, wordsOf } from "./syntax.ts";
import { readerOf } from "./values.ts";
import { wordOf } from "./words.ts";

export interface Option {
  token: string;
  form: Form;
  argument: Argument;
  /** The other forms of its argument: only one form may be in a call. */
  others: string[];
  /** The value that stands from `first` to before `end`. Throws a CommandError for a wrong one. */
  read(args: Buffer[], first: number, end: number): unknown;
}

/** A list of these takes everything to the end, even if it is optional. */
const TAKES_ALL = new Set(["id", "contents"]);
const STARTS_NUMBER = /^[\d+.-]/;

export class OptionList {
  /** Where the first option stands in a call, behind the command's words and fixed arguments. */
  readonly first: number;
  readonly #known = new Map<string, Option>();

  /** The arguments are all those of the command's syntax line. */
  constructor(command: string, all: readonly Argument[]) {
    let first = command.split(" ").length;
    for (const argument of all) {
      const { forms, isOptional } = argument;
      for (const form of forms) {
        if (form.token !== null) this.#known.set(form.token, optionOf(form.token, form, argument));
        else if (!isOptional && this.#known.size === 0) first += wordsOf(form);
      }
    }
    this.first = first;
  }

  get tokens(): string[] {
    return [...this.#known.keys()];
  }

  /** The option with that name, in any case. */
  find(bytes: Buffer): Option | undefined {
    return this.#known.get(wordOf(bytes));
  }

  /** Whether these bytes are the name of an option in capitals. */
  hasInCapitals(bytes: Buffer): boolean {
    return this.find(bytes)?.token === nameOf(bytes);
  }

  /** The index behind the values of the option at that index. There may be fewer arguments. */
  endOf({ form, argument }: Option, args: Buffer[], at: number): number {
    const first = at + 1;
    if (!form.isList) return first + form.values.length;
    if (!argument.isOptional || TAKES_ALL.has(form.values[0]!))
      return Math.max(args.length, first + form.values.length);
    let end = first + 1;
    while (end < args.length && STARTS_NUMBER.test(wordOf(args[end]!))) end++;
    return end;
  }

  /** The index of that option's first value; the number of arguments if it is not there. */
  valuesOf(token: string, args: Buffer[]): number {
    for (let at = this.first; at < args.length;) {
      const option = this.find(args[at]!);
      if (!option) break;
      if (option.token === token) return at + 1;
      at = this.endOf(option, args, at);
    }
    return args.length;
  }
}

function optionOf(token: string, form: Form, argument: Argument): Option {
  const others = argument.forms.flatMap((other) => other.token ?? []);
  return {
    token,
    form,
    argument,
    others: others.filter((other) => other !== token),
    read: valueReader(token, form),
  };
}

function valueReader(token: string, { values, isList }: Form): Option["read"] {
  if (values.length === 0) return () => true;
  const readers = values.map(readerOf);
  const [read] = readers;
  if (values.length === 1 && !isList) {
    return read ? (args, first) => read(token, args[first]!) : (args, first) => args[first]!;
  }
  if (readers.every((each) => each === null)) return (args, first, end) => args.slice(first, end);
  return (args, first, end) =>
    args.slice(first, end).map((bytes, at) => {
      const readOne = readers[at % readers.length];
      return readOne ? readOne(token, bytes) : bytes;
    });
}
