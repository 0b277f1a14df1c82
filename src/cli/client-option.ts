// The kinds of options of the command line client, and the types of their values.

/**
 * One option. Its value for the command, under its camelCased name:
 * - flag: true or false
 * - text, choice: the last one given
 * - number: a whole number
 * - seconds: a duration in milliseconds; users write seconds with decimals
 * - time: a point in time in ms since 1970; users write seconds since 1970, or ISO 8601
 * - list: all that were given, in order; [] for none
 */
export type ClientOption = {
  help: string;
  /** "n" for -n. */
  short?: string;
  /** Stands for the value in the usage, in capitals: FILE. */
  value?: string;
} & (
  | { kind: "flag" | "text" | "time" | "list" }
  /** In seconds. */
  | { kind: "seconds"; max?: number }
  | { kind: "number"; min?: number; max?: number }
  | { kind: "choice"; values: readonly string[] }
);

export type ClientOptions = Record<string, ClientOption>;

/** `failDuplicate` for `fail-duplicate`. */
export type CamelCase<S> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type ValueOf<O> = O extends { kind: "flag" }
  ? boolean
  : O extends { kind: "list" }
    ? string[]
    : O extends { kind: "number" | "seconds" | "time" }
      ? number | undefined
      : O extends { kind: "choice"; values: readonly (infer V)[] }
        ? V | undefined
        : string | undefined;

export type OptionValues<O> = { -readonly [N in keyof O as CamelCase<N>]: ValueOf<O[N]> };
