// Makes error replies from the table of their texts.
import { ErrorReply, quoteForError } from "../resp/reply.ts";
import { errorTexts } from "./error-texts.ts";

export type ErrorName = keyof typeof errorTexts;

/** The names in braces. */
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Names<Rest>
  : never;
type NamesOf<N extends ErrorName> = Names<(typeof errorTexts)[N]["text"]>;
type Values<N extends ErrorName> = [NamesOf<N>] extends [never]
  ? []
  : [values: Record<NamesOf<N>, string | number | Buffer>];

/** The error reply of that name. Bytes become printable, and are cut when they are long. */
export function errorReply<N extends ErrorName>(name: N, ...[values]: Values<N>): ErrorReply {
  const { text } = errorTexts[name];
  if (values === undefined) return new ErrorReply(text);
  const given: Record<string, string | number | Buffer> = values;
  return new ErrorReply(
    text.replace(/\{(\w+)\}/g, (_, key: string) => {
      const value = given[key]!;
      return value instanceof Buffer ? quoteForError(value) : String(value);
    }),
  );
}

/** Ends a command with an error reply. */
export class CommandError extends Error {
  constructor(readonly reply: ErrorReply) {
    super(reply.text);
  }
}

export function commandError<N extends ErrorName>(name: N, ...values: Values<N>): CommandError {
  return new CommandError(errorReply(name, ...values));
}
