// The options of a syntax line, and where each of them stands in the arguments of a call.
import { type Argument, type Form, wordsOf } from "./syntax.ts";
import { wordOf } from "./words.ts";

export interface Option {
  token: string;
  form: Form;
  /** Only one form of it may be in a call. */
  argument: Argument;
}

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
        if (form.token !== null) this.#known.set(form.token, { token: form.token, form, argument });
        else if (!isOptional) first += wordsOf(form);
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

  /** The index behind the values of the option at that index. There may be fewer arguments. */
  endOf({ form, argument }: Option, args: Buffer[], at: number): number {
    const first = at + 1;
    if (!form.isList) return first + form.values.length;
    if (!argument.isOptional || form.values[0] === "id")
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
