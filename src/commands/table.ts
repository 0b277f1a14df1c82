// The table of all commands, and how it finds the command that a client named.
import { nameOf } from "../queue/name-cache.ts";
import { awaitCommands } from "./await.ts";
import { backupCommands } from "./backup.ts";
import { bindCommands } from "./bind.ts";
import { changeCommands } from "./change.ts";
import { claimCommands } from "./claims.ts";
import { clientCommands } from "./client.ts";
import type { Caller } from "./caller.ts";
import type { Command } from "./command.ts";
import { configureCommands } from "./configure.ts";
import { connectionCommands } from "./connection.ts";
import { consumeCommands } from "./consume.ts";
import { diagnosisCommands } from "./diagnosis.ts";
import { type Entry, entryOf } from "./entry.ts";
import { counterCommands } from "./counter.ts";
import { cronCommands } from "./cron.ts";
import { forwardCommands } from "./forward.ts";
import { figureCommands } from "./figures.ts";
import { groupCommands } from "./groups.ts";
import { healthCommands } from "./health.ts";
import { historyCommands } from "./history.ts";
import { inspectCommands } from "./inspect.ts";
import { introspectionCommands } from "./introspection.ts";
import { listChangeCommands } from "./list-change.ts";
import { listLookCommands } from "./list-look.ts";
import { listMoveCommands } from "./list-move.ts";
import { listPopCommands } from "./list-pop.ts";
import { listPushCommands } from "./list-push.ts";
import { loginCommands } from "./login.ts";
import { keyCommands } from "./key.ts";
import { lookCommands } from "./look.ts";
import { moveCommands } from "./move.ts";
import { notifyCommands } from "./notify.ts";
import { pauseCommands } from "./pause.ts";
import { popCommands } from "./pop.ts";
import { publishCommands } from "./publish.ts";
import { pushCommands } from "./push.ts";
import { scanCommands } from "./scan.ts";
import { scriptCommands } from "./script.ts";
import { infoCommand, serverInfoCommands } from "./server-info.ts";
import { setCommands } from "./set.ts";
import { streamAckCommands } from "./stream-ack.ts";
import { streamAddCommands } from "./stream-add.ts";
import { streamClaimCommands } from "./stream-claim.ts";
import { streamGroupsCommands } from "./stream-groups.ts";
import { streamInfoCommands } from "./stream-info.ts";
import { streamLookCommands } from "./stream-look.ts";
import { streamPendingCommands } from "./stream-pending.ts";
import { streamReadCommands } from "./stream-read.ts";
import { streamReadGroupCommands } from "./stream-read-group.ts";
import { subscribeCommands } from "./subscribe.ts";
import { transactionCommands } from "./transaction.ts";
import { workerCommands } from "./workers.ts";

/** Commands that any front end can offer: they need no connection. */
const commandsForAnyCaller: Command<Caller>[] = [
  ...pushCommands,
  ...popCommands,
  ...claimCommands,
  ...consumeCommands,
  ...notifyCommands,
  ...inspectCommands,
  ...lookCommands,
  ...changeCommands,
  ...moveCommands,
  ...figureCommands,
  ...historyCommands,
  ...workerCommands,
  ...awaitCommands,
  ...configureCommands,
  ...pauseCommands,
  ...bindCommands,
  ...groupCommands,
  ...counterCommands,
  ...cronCommands,
  ...listPushCommands,
  ...listPopCommands,
  ...listMoveCommands,
  ...listLookCommands,
  ...listChangeCommands,
  ...streamAddCommands,
  ...streamReadCommands,
  ...streamLookCommands,
  ...streamGroupsCommands,
  ...streamReadGroupCommands,
  ...streamAckCommands,
  ...streamClaimCommands,
  ...streamPendingCommands,
  ...streamInfoCommands,
  ...setCommands,
];

/** In the order of the reference. */
export const commands: Command[] = [];
commands.push(
  ...commandsForAnyCaller,
  ...keyCommands,
  ...scanCommands,
  ...publishCommands,
  ...scriptCommands,
  ...loginCommands,
  ...connectionCommands,
  ...transactionCommands,
  ...subscribeCommands,
  ...clientCommands,
  ...introspectionCommands({ commands, find: findByName, called: find }),
  infoCommand,
  ...serverInfoCommands,
  ...diagnosisCommands,
  ...healthCommands,
  ...backupCommands,
  ...forwardCommands,
);

/** A word that another one follows, such as CLIENT. */
class Container {
  readonly subcommands = new Map<string, Entry>();
  /** The command that the word alone names, such as COMMAND. */
  own: Entry | null = null;
}

/** By the first word of a command's name, in capitals. */
const byFirstWord = new Map<string, Entry | Container>();
for (const [at, command] of commands.entries()) {
  const entry = entryOf(command, at);
  const [first, second] = command.name.split(" ") as [string, string?];
  if (second !== undefined) containerOf(first).subcommands.set(second, entry);
  else if (byFirstWord.has(first)) containerOf(first).own = entry;
  else byFirstWord.set(first, entry);
}

const entriesForAnyCaller = new Map<string, Entry<Caller>>();
for (const command of [...commandsForAnyCaller, infoCommand]) {
  const at = commands.findIndex(({ name }) => name === command.name);
  entriesForAnyCaller.set(command.name, entryOf(command, at));
}

/** The name of the command whose entry has that number; "unknown" for NO_COMMAND. */
export function commandName(number: number): string {
  return commands[number - 1]?.name ?? "unknown";
}

/** A command that any front end can offer, by its name in capitals. */
export function entryForAnyCaller(name: string): Entry<Caller> {
  return entriesForAnyCaller.get(name)!;
}

function containerOf(word: string): Container {
  const known = byFirstWord.get(word);
  if (known instanceof Container) return known;
  const container = new Container();
  container.own = known ?? null;
  byFirstWord.set(word, container);
  return container;
}

function findByName(name: string): Command | undefined {
  const capitals = name.toUpperCase();
  return commands.find((command) => command.name === capitals);
}

/** The command that the first arguments name. */
export function find(args: Buffer[]): Entry | "unknown" | "unknown subcommand" {
  const found = lookUp(byFirstWord, args[0]!);
  if (!(found instanceof Container)) return found ?? "unknown";
  if (args.length === 1) return found.own ?? "unknown subcommand";
  return lookUp(found.subcommands, args[1]!) ?? "unknown subcommand";
}

/** The words that may follow that one, in capitals. */
export function subcommandsOf(word: string): string[] {
  const found = byFirstWord.get(word);
  if (!(found instanceof Container)) return [];
  const shown = [...found.subcommands].filter(([, { command }]) => !command.isInternal);
  return shown.map(([name]) => name);
}

const NAME_LENGTH_MAX = Math.max(...commands.map(({ name }) => name.length));

function lookUp<T>(map: Map<string, T>, argument: Buffer): T | undefined {
  if (argument.length > NAME_LENGTH_MAX) return undefined;
  const word = nameOf(argument);
  return map.get(word) ?? map.get(word.toUpperCase());
}
