// The types of a command's arguments, read from its syntax line (see syntax.ts) by the compiler.

/** The words of a command's name, then its fixed arguments, then those of a "[name ...]". */
export type Positional<Name extends string, Syntax extends string> = [
  ...NameWords<Name>,
  ...Fixed<Words<Bare<Syntax>>>,
  ...(HasList<Syntax> extends true ? Buffer[] : []),
];

/**
 * The value of each option by its token: true if it takes none, a tuple if it takes two, undefined
 * if it is absent; an array of them if it may be repeated. All values behind a token outside of
 * brackets are one array.
 */
export type Options<Syntax extends string> = InBrackets<Syntax> & Required<Bare<Syntax>>;

type NameWords<Name> = Name extends `${string} ${infer Rest}`
  ? [Buffer, ...NameWords<Rest>]
  : [Buffer];

/** The syntax line without its parts in brackets. */
type Bare<Syntax extends string> = Syntax extends `${infer Before}[${string}]${infer After}`
  ? `${Before}${Bare<After>}`
  : Syntax;

type Words<Text extends string> = Text extends `${infer Word} ${infer Rest}`
  ? Word extends ""
    ? Words<Rest>
    : [Word, ...Words<Rest>]
  : Text extends ""
    ? []
    : [Text];

type IsToken<Word extends string> = Word extends "|" | "..."
  ? false
  : Word extends Uppercase<Word>
    ? true
    : false;

/** The words before the first token. */
type Fixed<All extends string[]> = All extends [
  infer Word extends string,
  ...infer Rest extends string[],
]
  ? IsToken<Word> extends true
    ? []
    : Word extends "..."
      ? Fixed<Rest>
      : [Value<Word>, ...Fixed<Rest>]
  : [];

type HasList<Syntax extends string> = keyof Required<Bare<Syntax>> extends never
  ? Syntax extends `${string} ...]`
    ? true
    : false
  : false;

/** Tokens outside of brackets. */
type Required<Text extends string> = Text extends `${string} | ${string}`
  ? Partial<Tokens<Words<Text>>>
  : Tokens<Words<Text>>;

type Tokens<All extends string[]> = All extends [
  infer Word extends string,
  ...infer Rest extends string[],
]
  ? IsToken<Word> extends true
    ? { [Token in Word]: HasValues<Rest> extends true ? Buffer[] : true } & Tokens<Rest>
    : Tokens<Rest>
  : {};

type HasValues<Rest extends string[]> = Rest extends [infer Next extends string, ...string[]]
  ? Next extends "|" | "..."
    ? false
    : IsToken<Next> extends true
      ? false
      : true
  : false;

type InBrackets<Syntax extends string> = Syntax extends `${string}[${infer Inside}]${infer Rest}`
  ? (Rest extends `...${string}` ? Repeated<Inside> : Optional<Inside>) & InBrackets<Rest>
  : {};

type Optional<Inside extends string> = Inside extends `${infer First} ${infer Rest}`
  ? First extends Uppercase<First>
    ? Rest extends Uppercase<Rest>
      ? { [Token in First]?: Choice<Rest> }
      : Forms<Inside>
    : {}
  : Forms<Inside>;

type Choice<Text> = Text extends `${infer Word}|${infer Rest}` ? Word | Choice<Rest> : Text;

type Forms<Inside extends string> = Inside extends `${infer First}|${infer Rest}`
  ? Form<First> & Forms<Rest>
  : Form<Inside>;

type Form<Text extends string> = Text extends `${infer First} ${infer Rest}`
  ? { [Token in First]?: Values<Rest> }
  : { [Token in Text]?: true };

type Repeated<Inside extends string> = Inside extends `${infer First} ${infer Rest}`
  ? { [Token in First]?: Values<Rest>[] }
  : {};

type Values<Text> = Text extends `${infer Each} ...`
  ? Value<Each>[]
  : Text extends `${infer First} ${infer Second}`
    ? [Value<First>, Value<Second>]
    : Value<Text>;

/** Placeholders that stand for numbers; seconds and times are in milliseconds. */
export type NumberName =
  | "seconds"
  | "seconds>0"
  | "timeout"
  | "time"
  | "n"
  | "count"
  | "limit"
  | "weight"
  | "members"
  | "priority";

type Value<Placeholder> = Placeholder extends NumberName
  ? number
  : Placeholder extends "rule"
    ? string
    : Buffer;
