// COMMAND and its subcommands: the table of commands in the form that Redis clients expect.
import { Constant, Pairs, type Reply, Simple } from "../resp/reply.ts";
import type { Call, Command } from "./command.ts";
import { checkCount } from "./arguments.ts";
import type { Entry } from "./entry.ts";
import { commandError } from "./errors.ts";
import { queuesNamedIn } from "./named-queues.ts";
import { wordOf } from "./words.ts";
import {
  type Argument,
  argumentsOf,
  commandArity,
  type Form,
  type QueueArguments,
  queueArgumentsOf,
  wireName,
} from "./syntax.ts";

/** How many commands one request may name: the reply is many times as long as their names. */
const ASKED_MAX = 256;

/** The table that these commands are part of. Names are found in any case. */
export interface Table {
  commands: readonly Command[];
  find(name: string): Command | undefined;
  /** Finds the command that these arguments call. */
  called(args: Buffer[]): Entry | "unknown" | "unknown subcommand";
}

export function introspectionCommands(table: Table): Command[] {
  const shared = {
    group: "server",
    access: "logged-in",
    since: "0.1.0",
    flags: ["readonly"],
  } as const;
  const top = () => topOf(table);
  const find = (name: string) =>
    table.find(name.replace("|", " ")) ??
    top().find((command) => command.name === name.toUpperCase());
  const asked = (args: Buffer[]) => {
    checkCount("commands", args.length - 2, ASKED_MAX);
    return args.slice(2).map((name) => find(wordOf(name)));
  };
  const found = (args: Buffer[]) => asked(args).filter((command) => command !== undefined);
  const docs = once(() => new Constant(new Pairs(top().map((command) => docOf(table, command)))));
  const infos = once(() => new Constant(top().map((command) => infoOf(table, command))));
  return [
    {
      ...shared,
      name: "COMMAND",
      syntax: "",
      summary: "Every command with its arity, flags and subcommands.",
      run: infos,
    },
    {
      ...shared,
      name: "COMMAND COUNT",
      syntax: "",
      summary: "How many commands there are.",
      run: () => top().length,
    },
    {
      ...shared,
      name: "COMMAND INFO",
      syntax: "[command ...]",
      summary: "As COMMAND, for these commands only; nil for a command that does not exist.",
      run: ({ args }: Call) =>
        args.length > 2
          ? asked(args).map((command) => (command ? infoOf(table, command) : null))
          : infos(),
    },
    {
      ...shared,
      name: "COMMAND DOCS",
      syntax: "[command ...]",
      summary: "Summary, group, version and arguments of these commands, or of all.",
      run: ({ args }: Call) =>
        args.length > 2 ? new Pairs(found(args).map((command) => docOf(table, command))) : docs(),
    },
    {
      ...shared,
      name: "COMMAND GETKEYS",
      syntax: "command argument [argument ...]",
      summary: "The names of queues in a call of that command with these arguments.",
      run: ({ args }: Call) => namedIn(table, args.slice(2)),
    },
    {
      ...shared,
      name: "COMMAND LIST",
      syntax: "",
      summary: "The names of all commands.",
      run: () => top().map(({ name }) => wireName(name)),
    },
  ];
}

/** The table is complete before the first command runs, and does not change. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Judged in the order in which Redis does it. */
function namedIn({ called }: Table, args: Buffer[]): Buffer[] {
  const entry = called(args);
  if (typeof entry === "string") throw commandError("noSuchCommand");
  if (!entry.queues) throw commandError("noKeys");
  if (args.length < entry.min || args.length > entry.max) throw commandError("countOfCommand");
  const named = queuesNamedIn(entry, args);
  if (!named) throw commandError("argumentsOfCommand");
  return named;
}

/** Commands of one word, and the containers of subcommands (CLIENT), which have no descriptor. */
function topOf({ commands }: Table): Command[] {
  const byName = new Map<string, Command>();
  for (const command of commands) {
    const [name, subcommand] = command.name.split(" ") as [string, string?];
    if (!subcommand) byName.set(name, command);
    else if (!byName.has(name)) {
      const summary = `A container for ${name} commands.`;
      byName.set(name, { ...command, name, syntax: "subcommand [argument ...]", summary });
    }
  }
  return [...byName.values()];
}

function subcommandsOf({ commands }: Table, { name }: Command): Command[] {
  return commands.filter((other) => other.name.startsWith(`${name} `) && !other.isInternal);
}

/** name, arity, flags, first key, last key, step, ACL categories, tips, key specs, subcommands */
function infoOf(table: Table, command: Command): Reply {
  const flags = command.flags.map((flag) => new Simple(flag));
  const subcommands = subcommandsOf(table, command).map((other) => infoOf(table, other));
  const arity = commandArity(command);
  const keys = keysOf(queueArgumentsOf(command));
  return [wireName(command.name), arity, flags, ...keys, [], [], [], subcommands];
}

/** As in Redis, keys whose place is not fixed are not among these. */
function keysOf(queues: QueueArguments | null): [number, number, number] {
  if (!queues || queues.count === 0 || queues.isCounted) return [0, 0, 0];
  const { first, count, behind } = queues;
  return [first, count === Infinity ? -1 - behind : first + count - 1, 1];
}

function docOf(table: Table, command: Command): [Reply, Reply] {
  const { summary, since, group, syntax } = command;
  const subcommands = subcommandsOf(table, command).map((other) => docOf(table, other));
  const entries: [Reply, Reply][] = [
    ["summary", summary],
    ["since", since],
    ["group", group],
  ];
  if (syntax) entries.push(["arguments", argumentsOf(syntax).map(argumentDoc)]);
  if (subcommands.length > 0) entries.push(["subcommands", new Pairs(subcommands)]);
  return [wireName(command.name), new Pairs(entries)];
}

/** The form of Redis. A call has one of the arguments that "oneof" lists. */
function argumentDoc({ forms, isOptional, isRepeated }: Argument): Reply {
  const flags = [
    ...(isOptional ? [new Simple("optional")] : []),
    ...(isRepeated || forms.some(({ isList }) => isList) ? [new Simple("multiple")] : []),
    ...(isRepeated && forms[0]!.token ? [new Simple("multiple_token")] : []),
  ];
  const entries = forms.length === 1 ? formDoc(forms[0]!) : oneOf(forms);
  if (flags.length > 0) entries.push(["flags", flags]);
  return new Pairs(entries);
}

function oneOf(forms: Form[]): [Reply, Reply][] {
  const name = forms.map(({ token }) => token!.toLowerCase()).join("-or-");
  return [
    ["name", name],
    ["type", "oneof"],
    ["arguments", forms.map((form) => new Pairs(formDoc(form)))],
  ];
}

function formDoc({ token, values }: Form): [Reply, Reply][] {
  // The syntax line says more than a name: "seconds>0".
  const placeholders = values.join(" ").replaceAll(">0", "");
  const name = placeholders || token!.toLowerCase();
  const entries: [Reply, Reply][] = [
    ["name", name],
    ["type", values.length > 0 ? "string" : "pure-token"],
    ["display_text", placeholders || token!],
  ];
  if (token) entries.push(["token", token]);
  return entries;
}
