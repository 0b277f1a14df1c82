// Reads the syntax line of a descriptor: its arguments, their number, and which are queues.

interface Usage {
  name: string;
  syntax: string;
}

export interface Argument {
  /** A word in capitals that is sent as it is, before a value or alone. */
  token: string | null;
  /** The placeholder of the value; null if the token stands alone. */
  name: string | null;
  isOptional: boolean;
  isRepeated: boolean;
  /** How many arguments one occurrence is on the wire. */
  words: number;
}

/** The arguments that a syntax line names: `queue [EX seconds] [id ...]`. */
export function argumentsOf(syntax: string): Argument[] {
  const parts = syntax.match(/\[[^\]]*\]|\S+/g) ?? [];
  return parts.map((part) => {
    const isOptional = part.startsWith("[");
    const words = (isOptional ? part.slice(1, -1) : part).split(" ");
    const isRepeated = words.at(-1) === "...";
    if (isRepeated) words.pop();
    const isToken = /^[A-Z]/.test(words[0]!);
    const name = (isToken ? words.slice(1) : words).join(" ") || null;
    return {
      token: isToken ? words[0]! : null,
      name,
      isOptional,
      isRepeated,
      words: words.length,
    };
  });
}

/**
 * How often an argument may be repeated: a command handles all of them in one go. Most commands on
 * queues have lower limits, which are checked after the rights to the queues.
 */
const REPEATS_MAX = 1024;
const QUEUES_MAX = 65_536;

/** Limits of the argument count, without the command's own words. */
export function arityOf(syntax: string): { min: number; max: number } {
  let min = 0;
  let max = 0;
  for (const { name, isOptional, isRepeated, words } of argumentsOf(syntax)) {
    if (!isOptional) min += words;
    if (!isRepeated) max += words;
    else max += words * (name === "queue" ? QUEUES_MAX : REPEATS_MAX);
  }
  return { min, max };
}

/**
 * Which arguments are names of queues: the index of the first one, counted from the command's first
 * word, and their number, which is Infinity if all that follow are queues.
 */
export interface QueueArguments {
  first: number;
  count: number;
}

/** Throws if the syntax leaves it open, because then the rights to the queues cannot be checked. */
export function queueArgumentsOf({ name, syntax }: Usage): QueueArguments | null {
  const all = argumentsOf(syntax);
  const at = all.findIndex((argument) => argument.name?.split(" ").includes("queue"));
  if (at < 0) return null;
  const { token, name: placeholder, isRepeated } = all[at]!;
  const before = all.slice(0, at);
  const isClear =
    token === null &&
    placeholder === "queue" &&
    !before.some(({ isOptional, isRepeated: isOpen }) => isOptional || isOpen) &&
    !all.slice(at + 1).some((argument) => argument.name?.split(" ").includes("queue"));
  if (!isClear) throw new Error(`${name} ${syntax}: cannot tell which arguments are queues`);
  const first = before.reduce((sum, { words }) => sum + words, name.split(" ").length);
  return { first, count: isRepeated ? Infinity : 1 };
}

/** As in the reply to COMMAND: the exact count with the name, or the least count, negated. */
export function commandArity({ name, syntax }: Usage): number {
  const { min, max } = arityOf(syntax);
  const words = name.split(" ").length;
  return min === max ? min + words : -(min + words);
}

/** A command's name as Redis writes it: "client|list". */
export function wireName(name: string): string {
  return name.toLowerCase().replace(" ", "|");
}
