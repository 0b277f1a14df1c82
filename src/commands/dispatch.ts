// From the arguments of a command to its answer: find, count, ask for the right, run, and turn
// failures into replies.
import { StoreError, type StoreFailure } from "../queue/errors.ts";
import { Failure, quoteForError } from "../resp/reply.ts";
import { type Answer, type Call, type Command, CommandError, type FromStore } from "./command.ts";
import { LOG_IN_FIRST, refusalOf } from "./permission.ts";
import { wireName } from "./syntax.ts";
import { type Entry, find } from "./table.ts";
import { NO_TRANSACTIONS } from "./transaction.ts";

export interface Dispatched {
  /** What was run; null when there is no such command or it was called wrongly. */
  command: Command | null;
  /** A promise may reject, with what failureOf makes an answer of. */
  answer: Answer | Promise<Answer> | FromStore;
}

/** Fixed words first: drivers act on some beginnings, and a store's own text could be anything. */
const storeFailures: Record<StoreFailure, string> = {
  // A word with which drivers try again by themselves or report something that passes.
  unavailable: "LOADING store unavailable",
  unknown: "ERR store outcome unknown",
  refused: "ERR store refused",
};

/**
 * A command such as QNOTIFY may be under way for long. Its arguments get memory of their own,
 * because as views they would keep all bytes that were received with them. Many arguments fill most
 * of those bytes themselves.
 */
const COPIED_MAX = 64;

export function dispatch(call: Call): Dispatched {
  const { args, client } = call;
  const entry = find(args);
  if (entry === "unknown" && isHttp(args)) return { command: null, answer: refuseHttp(call) };
  const isKnown = typeof entry !== "string";
  if (client.user === null && !(isKnown && entry.command.access === "anybody")) {
    return { command: null, answer: LOG_IN_FIRST };
  }
  client.lastCommand = isKnown ? entry.command.name : "unknown";
  if (client.isRefusingTransaction && !(isKnown && entry.command.isTransactional)) {
    return { command: null, answer: NO_TRANSACTIONS };
  }
  if (!isKnown) return { command: null, answer: unknown(args, entry) };
  if (args.length < entry.min || args.length > entry.max) {
    return { command: null, answer: wrongCount(args, entry) };
  }
  const { command } = entry;
  const refusal = refusalOf(entry, call);
  if (refusal) return { command: null, answer: refusal };
  if (command.group === "queue" && call.client.refusal.reply) {
    return { command: null, answer: call.client.refusal.reply };
  }
  if (command.isExclusive && args.length <= COPIED_MAX) call.args = args.map(copyOf);
  try {
    return { command, answer: command.run(call) };
  } catch (error) {
    return { command, answer: failureOf(error, call) };
  }
}

function copyOf(argument: Buffer): Buffer {
  return Buffer.from(argument);
}

/** What a client is told of what its command threw or rejected with. */
export function failureOf(error: unknown, { args, context }: Call): Failure {
  if (error instanceof CommandError) return new Failure(error.message);
  if (error instanceof StoreError) {
    return new Failure(`${storeFailures[error.failure]}: ${error.message}`);
  }
  context.reportFailure(`internal error in ${quoteForError(args[0]!)}`, error as Error);
  return new Failure(`ERR internal error: ${(error as Error).message}`);
}

function unknown(args: Buffer[], what: "unknown" | "unknown subcommand"): Failure {
  if (what === "unknown subcommand") {
    const container = args[0]!.toString("latin1").toUpperCase();
    if (!args[1]) return new Failure(`ERR missing subcommand of ${container}`);
    return new Failure(`ERR unknown subcommand '${quoteForError(args[1])}' of ${container}`);
  }
  const others = args.slice(1, 4).map((argument) => `'${quoteForError(argument)}' `);
  const given = quoteForError(args[0]!);
  return new Failure(
    `ERR unknown command '${given}', with args beginning with: ${others.join("")}`,
  );
}

/**
 * A web page can have its visitor's browser send HTTP to any port of the visitor's machine, with
 * commands in the body. As in Redis nothing behind such a line is run.
 */
function isHttp(args: Buffer[]): boolean {
  return isNamed(args, "POST") || isNamed(args, "HOST:");
}

function refuseHttp({ client, context }: Call): Failure {
  const addr = client.address;
  context.warn("closed a client that speaks HTTP: perhaps a browser with a harmful page", {
    addr,
  });
  client.quit();
  return new Failure("ERR HTTP is not understood here");
}

function isNamed(args: Buffer[], name: string): boolean {
  return args[0]!.length === name.length && args[0]!.toString("latin1").toUpperCase() === name;
}

/** Commands of Redis are refused in Redis' words, our own with what they would take. */
function wrongCount(args: Buffer[], { command, min }: Entry): Failure {
  const { name, syntax, group } = command;
  if (group !== "queue") {
    return new Failure(`ERR wrong number of arguments for '${wireName(name)}' command`);
  }
  const what = args.length < min ? "missing args" : "too many args";
  return new Failure(`ERR ${what}, usage: ${name} ${syntax}`.trimEnd());
}
