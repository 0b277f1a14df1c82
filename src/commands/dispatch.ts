// From the arguments of a command to its descriptor, and whether the connection may run it now.
import { type ErrorReply, quoteForError } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { Entry } from "./entry.ts";
import { errorReply } from "./errors.ts";
import type { Execution } from "./execution.ts";
import { LOG_IN_FIRST } from "./permission.ts";
import { find, subcommandsOf } from "./table.ts";
import { queue } from "./transaction-part.ts";
import { wireName } from "./syntax.ts";

/** In Redis' words. */
const ALLOWED_TO_SUBSCRIBERS = "(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET";

/** Begins the command; see Execution.begin. */
export function dispatch(
  execution: Execution,
  afterFailure: ErrorReply | null,
): Answer | undefined {
  const { args, client } = execution;
  const entry = find(args);
  if (entry === "unknown" && isHttp(args)) return refuseHttp(execution);
  const isKnown = typeof entry !== "string";
  if (client.user === null && !(isKnown && entry.access === "anybody")) {
    return LOG_IN_FIRST;
  }
  client.lastCommand = isKnown ? entry.name : "unknown";
  if (isKnown) execution.commandNumber = entry.number;
  // A command behind a failure is not done, so its transaction is not done either.
  if (afterFailure) client.transaction?.abort();
  if (!isKnown) {
    client.transaction?.abort();
    return unknown(args, entry);
  }
  if (client.transaction && entry.inTransaction !== "at once") {
    const refused = execution.refusal(entry, afterFailure);
    if (refused) client.transaction.abort();
    return refused ?? queue(entry, execution);
  }
  return refusalToSubscriber(execution, entry) ?? execution.begin(entry, afterFailure);
}

/** In RESP2 a subscribed client could not tell replies from messages. */
function refusalToSubscriber({ args, client }: Execution, entry: Entry): ErrorReply | null {
  const { subscriptions, protocol } = client;
  if (subscriptions === null || subscriptions.size === 0 || protocol === 3) return null;
  const { name, command, min, max } = entry;
  const isWellFormed = args.length >= min && args.length <= max;
  if (command.isForSubscribers || !isWellFormed) return null;
  return errorReply("subscribed", { command: wireName(name), allowed: ALLOWED_TO_SUBSCRIBERS });
}

function unknown(args: Buffer[], problem: "unknown" | "unknown subcommand"): ErrorReply {
  const [command, subcommand] = args as [Buffer, Buffer?];
  if (problem === "unknown subcommand") {
    const container = command.toString("latin1").toUpperCase();
    const known = subcommandsOf(container).join(", ");
    if (!subcommand) return errorReply("missingSubcommand", { container, known });
    return errorReply("unknownSubcommand", { subcommand, container, known });
  }
  const others = args.slice(1, 4).map((argument) => `'${quoteForError(argument)}' `);
  return errorReply("unknownCommand", { command, args: others.join("") });
}

/**
 * A web page can have its visitor's browser send HTTP to any port of the visitor's machine, with
 * commands in the body. As in Redis, nothing that follows such a line is run.
 */
function isHttp(args: Buffer[]): boolean {
  return isNamed(args, "POST") || isNamed(args, "HOST:");
}

function refuseHttp({ client, context }: Execution): ErrorReply {
  const addr = client.address;
  context.warn("closed a client that speaks HTTP: perhaps a browser with a harmful page", {
    addr,
  });
  client.quit();
  return errorReply("noHttp");
}

function isNamed(args: Buffer[], name: string): boolean {
  return args[0]!.length === name.length && args[0]!.toString("latin1").toUpperCase() === name;
}
