// Reads the syntax line of a descriptor: its arguments, their number, and which are queues.
//
//   queue contents                        fixed arguments
//   [NOACK] [EX seconds]                  options
//   [DELAY seconds|AT time]               one of them, or none
//   [ONDUP ERROR|KEEP|REPLACE]            an option that takes one of these words
//   [HEADER name value]...                an option that may come several times
//   [WEIGHTS weight ...]                  an option that takes numbers, at least one
//   FROM queue [queue ...]                takes everything to the end; a call must have it
//   STREAMS queue [queue ...] id [id ...] the same, and half of it is queues
//   [IDS id ...]                          takes everything to the end, as [THEN contents ...]
//   IDS id [id ...] | ALL                 a call must have one of them
//   LEFT|RIGHT                            a call must have one of these words
//   id token [id token ...]               as fixed arguments, with more of them at the end
//
// "queue" and "target" are names of queues, and "numkeys" says how many follow.

interface Usage {
  name: string;
  syntax: string;
}

/** A word in capitals that is sent as it is, placeholders of values, or both. */
export interface Form {
  token: string | null;
  values: string[];
  /** The values may come again and again. */
  isList: boolean;
}

export interface Argument {
  /** A call has one of them. */
  forms: Form[];
  isOptional: boolean;
  /** The argument may come again and again. */
  isRepeated: boolean;
}

/** The arguments that a syntax line names, in its order. */
export function argumentsOf(syntax: string): Argument[] {
  const found: Argument[] = [];
  let isAlternative = false;
  let isChoice = false;
  for (const part of syntax.match(/\[[^\]]*\](?:\.\.\.)?|\S+/g) ?? []) {
    const last = found.at(-1);
    const lastForm = last?.isOptional === false ? last.forms.at(-1) : undefined;
    if (part.startsWith("[")) addBracket(found, part, lastForm);
    else if (part === "|") isAlternative = true;
    else if (part === "...") last!.isRepeated = true;
    else if (isToken(part)) {
      const forms = part.split("|").map((token) => ({ token, values: [], isList: false }));
      isChoice = forms.length > 1;
      if (isAlternative) last!.forms.push(...forms);
      else found.push({ forms, isOptional: false, isRepeated: false });
      isAlternative = false;
    } else if (lastForm && lastForm.token !== null && !lastForm.isList && !isChoice) {
      lastForm.values.push(part);
    } else {
      const form = { token: null, values: [part], isList: false };
      found.push({ forms: [form], isOptional: false, isRepeated: false });
    }
  }
  return found;
}

/** `lastForm` is that of the argument before, if that is not optional. */
function addBracket(found: Argument[], part: string, lastForm?: Form): void {
  const isRepeated = part.endsWith("...");
  const inside = part.slice(1, part.lastIndexOf("]"));
  const words = inside.split(" ");
  if (isToken(inside)) {
    const hasChoice = words.length === 2 && isToken(words[1]!);
    const forms = (hasChoice ? [inside] : inside.split("|")).map((text) => formOf(text.split(" ")));
    found.push({ forms, isOptional: true, isRepeated });
    return;
  }
  const { values, isList } = formOf(["", ...words]);
  if (isList && lastForm?.token && lastForm.values.join(" ") === values.join(" ")) {
    lastForm.isList = true;
  } else {
    const form = { token: null, values, isList: false };
    found.push({ forms: [form], isOptional: true, isRepeated: isList });
  }
}

function formOf([token, ...values]: string[]): Form {
  const isList = values.at(-1) === "...";
  return { token: token!, values: isList ? values.slice(0, -1) : values, isList };
}

function isToken(text: string): boolean {
  return /^[A-Z]/.test(text);
}

/** How many arguments one occurrence is on the wire. */
export function wordsOf({ token, values }: Form): number {
  return (token === null ? 0 : 1) + values.length;
}

/**
 * How often an argument may be repeated: a command handles all of them in one go. Most commands on
 * queues have lower limits, which are checked after the rights to the queues.
 */
const REPEATS_MAX = 1024;
/** Queues and channels, and arguments of another command. */
const MANY_MAX = 65_536;
const MANY: ReadonlySet<string> = new Set(["queue", "channel", "argument"]);

/** Limits of the argument count, without the command's own words. */
export function arityOf(syntax: string): { min: number; max: number } {
  let min = 0;
  let max = 0;
  for (const { forms, isOptional, isRepeated } of argumentsOf(syntax)) {
    if (!isOptional) min += Math.min(...forms.map(wordsOf));
    const repeats = (form: Form) => {
      if (!isRepeated && !form.isList) return 1;
      const isMany = form.values.some((value) => MANY.has(value));
      return isMany ? MANY_MAX : REPEATS_MAX;
    };
    max += Math.max(...forms.map((form) => wordsOf(form) * repeats(form)));
  }
  return { min, max };
}

/**
 * Which arguments are names of queues: the index of the first one, counted from the command's first
 * word, and their number. With a token, all that follow it are queues too.
 */
export interface QueueArguments {
  first: number;
  /** Infinity: all that follow, up to the last `behind` ones. */
  count: number;
  behind: number;
  /** The argument before the first one, "numkeys", says how many there are. */
  isCounted: boolean;
  token: string | null;
  /** Of those that follow the token only the first half is queues. */
  isHalf: boolean;
  /** A call need not name one. */
  isOptional: boolean;
}

/** Throws if the syntax leaves it open, because then the rights to the queues cannot be checked. */
export function queueArgumentsOf({ name, syntax }: Usage): QueueArguments | null {
  const all = argumentsOf(syntax);
  const mentions = all.filter(mentionsQueue);
  if (mentions.length === 0) return null;
  const unclear = () => new Error(`${name} ${syntax}: cannot tell which arguments are queues`);
  const result: QueueArguments = {
    first: 0,
    count: 0,
    behind: 0,
    isCounted: false,
    token: null,
    isHalf: false,
    isOptional: mentions.every((argument) => argument.isOptional),
  };
  for (const argument of mentions) {
    const { forms, isOptional, isRepeated } = argument;
    const [{ token, values, isList }] = forms as [Form];
    const at = all.indexOf(argument);
    const before = all.slice(0, at);
    if (forms.length > 1 || values.length > 1) throw unclear();
    if (token !== null) {
      if (isOptional || !isList || !isLast(argument, all)) throw unclear();
      result.token = token;
      result.isHalf = argument !== all.at(-1);
      continue;
    }
    if (before.some((other) => other.isOptional || other.isRepeated)) throw unclear();
    if (result.count === 0) {
      result.first = sizeOf(before) + wordCount(name);
      result.isCounted = before.at(-1)?.forms[0]!.values[0] === "numkeys";
    } else if (!mentionsQueue(before.at(-1)!)) throw unclear();
    result.count += isRepeated ? Infinity : 1;
    const after = all.slice(at + 1);
    if (!isRepeated || result.isCounted) continue;
    if (after.some((other) => other.isOptional || other.isRepeated)) throw unclear();
    result.behind = sizeOf(after);
  }
  return result;
}

/** Whether nothing follows it, or `id [id ...]`. */
function isLast(argument: Argument, all: Argument[]): boolean {
  const [one, more, ...others] = all.slice(all.indexOf(argument) + 1);
  if (one === undefined) return true;
  const isId = (each?: Argument) => each?.forms[0]!.values.join(" ") === "id";
  return isId(one) && isId(more) && more!.isRepeated && others.length === 0;
}

/** How many words these arguments are. */
function sizeOf(fixed: Argument[]): number {
  return fixed.reduce((sum, { forms }) => sum + wordsOf(forms[0]!), 0);
}

function mentionsQueue({ forms }: Argument): boolean {
  return forms.some(({ values }) => values.includes("queue") || values.includes("target"));
}

function wordCount(name: string): number {
  return name.split(" ").length;
}

/** As in the reply to COMMAND: the exact count with the name, or the least count, negated. */
export function commandArity({ name, syntax }: Usage): number {
  const { min, max } = arityOf(syntax);
  const words = wordCount(name);
  return min === max ? min + words : -(min + words);
}

/** A command's name as Redis writes it: "client|list". */
export function wireName(name: string): string {
  return name.toLowerCase().replace(" ", "|");
}
