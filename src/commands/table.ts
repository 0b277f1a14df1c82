// All commands in one table, and how a name on the wire finds its descriptor.
import { nameOf } from "../queue/name-cache.ts";
import { backupCommands } from "./backup.ts";
import { clientCommands } from "./client.ts";
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { type Entry, entryOf } from "./entry.ts";
import { healthCommands } from "./health.ts";
import { inspectCommands } from "./inspect.ts";
import { introspectionCommands } from "./introspection.ts";
import { loginCommands } from "./login.ts";
import { notifyCommands } from "./notify.ts";
import { popCommands } from "./pop.ts";
import { pushCommands } from "./push.ts";
import { serverInfoCommands } from "./server-info.ts";
import { transactionCommands } from "./transaction.ts";

/** In the order of the reference. */
export const commands: Command[] = [];
commands.push(
  ...pushCommands,
  ...popCommands,
  ...notifyCommands,
  ...inspectCommands,
  ...loginCommands,
  ...connectionCommands,
  ...transactionCommands,
  ...clientCommands,
  ...introspectionCommands({ commands, find: findByName }),
  ...serverInfoCommands,
  ...healthCommands,
  ...backupCommands,
);

const entries = new Map(commands.map((command) => [command.name, entryOf(command)]));
/** Those of one word: "CLIENT LIST" in a single argument is not a command. */
const topEntries = new Map([...entries].filter(([name]) => !name.includes(" ")));
/** First words of subcommands. */
const containers = new Set(
  commands.filter(({ name }) => name.includes(" ")).map(({ name }) => name.split(" ")[0]!),
);
const NAME_LENGTH_MAX = Math.max(...commands.map(({ name }) => name.length));

function findByName(name: string): Command | undefined {
  return entries.get(name.toUpperCase())?.command;
}

/** What a command's first arguments name: an entry, a container without the right word, nothing. */
export function find(args: Buffer[]): Entry | "unknown" | "unknown subcommand" {
  const name = wordOf(args[0]!);
  if (!containers.has(name)) return topEntries.get(name) ?? "unknown";
  if (args.length === 1) return topEntries.get(name) ?? "unknown subcommand";
  return entries.get(`${name} ${wordOf(args[1]!)}`) ?? "unknown subcommand";
}

function wordOf(argument: Buffer): string {
  if (argument.length > NAME_LENGTH_MAX) return "";
  const word = nameOf(argument);
  return entries.has(word) ? word : word.toUpperCase();
}
