// A command is one descriptor, from which dispatch, arity, errors, COMMAND, the help and the README
// all come.
import type { StoreError } from "../queue/errors.ts";
import type { Operation, ResultOf } from "../queue/operations.ts";
import type { ErrorReply } from "../resp/reply.ts";
import type { Right } from "../users/user.ts";
import type { Answer, Receivable } from "./answer.ts";
import { argumentReader } from "./arguments.ts";
import type { InBackground } from "./background.ts";
import type { Caller, Client } from "./caller.ts";
import type { Context, QueueContext } from "./context.ts";
import type { Submission } from "./submission.ts";
import type { Takings } from "./takings.ts";
import type { Options, Positional } from "./syntax-types.ts";

export type Group = "queue" | "list" | "stream" | "key" | "set" | "connection" | "server";

/** As COMMAND shows them. A "blocking" command may take as long as its caller says. */
export type Flag =
  | "write"
  | "readonly"
  | "fast"
  | "blocking"
  | "admin"
  // Of Redis' own commands.
  | "denyoom"
  | "noscript"
  | "movablekeys";

/**
 * Who may call a command: anybody, every logged-in client, or users with that right, or with one of
 * two: with manage the command itself looks at what it is about to do.
 */
export type Access =
  "anybody" | "logged-in" | Right | `${Right} or manage` | "inspect or push" | "inspect or consume";

export interface Description {
  /** In capitals; a subcommand has its container in front: "CLIENT LIST". */
  name: string;
  /**
   * Arguments as the reference shows them; optional ones in brackets, "..." for more. Those called
   * "queue" or "target" are names of queues, which the user must be allowed to use.
   */
  syntax: string;
  /** One sentence. */
  summary: string;
  group: Group;
  access: Access;
  since: string;
  flags: readonly Flag[];
  /**
   * Later commands of the connection are not started before this one has answered: always, or if
   * it is called with WAIT.
   */
  isExclusive?: true | "with WAIT";
  /**
   * Between MULTI and EXEC: done at once, or queued, or an error. If it does not say so, one that
   * is always exclusive is an error, and others are queued.
   */
  inTransaction?: InTransaction;
  /** Run while the connection is subscribed in RESP2, where all others are refused. */
  isForSubscribers?: true;
  /** Done by the okq that serves, as commands on queues are. */
  isForwarded?: true;
  /** What it does lasts as long as the connection to the okq that serves. */
  isOfConnection?: true;
  /** Between one okq and another: not in the reference. */
  isInternal?: true;
}

export type InTransaction = "at once" | "queued" | "never";

/**
 * Whether a command is called by itself, or as a part of a transaction: first to be checked, then
 * to be done. As a part of one, a command on queues answers with a Submission, and before it is
 * done it changes nothing.
 */
export type Phase = "alone" | "queued" | "executed";

/** A command as it was called. */
export interface Call<
  C extends Caller = Client,
  X extends QueueContext = Context,
> extends Receivable {
  /** As the client sent them, the command's name first. */
  args: Buffer[];
  client: C;
  context: X;
  phase: Phase;
  /** Whether later commands of the connection are started only when this one is answered. */
  isExclusive?: boolean;
  /** Of an exclusive command that takes events: equal ones behind it may be started as long as it
   * is open. */
  takings?: Takings | null;
  /** Bytes that it keeps besides its arguments until it is answered. */
  heldBytes?: number;
}

/** The part of a call that commands on queues see. */
export type QueueCall = Call<Caller, QueueContext>;

/** A command that is one operation of the store. */
export interface StoreCommand extends Description {
  /** Throws a CommandError for arguments that the command does not take. */
  parse(args: Buffer[], context: QueueContext, caller: Caller): Operation | InBackground;
  /** Called with the operation's result, unless it failed. */
  reply(result: unknown, operation: Operation, context: QueueContext, caller: Caller): Answer;
}

/** A command that is no operation, or several. */
export interface RunCommand<C extends Caller, X extends QueueContext> extends Description {
  /** Throws or rejects with a CommandError or a StoreError, which the client gets. */
  run(call: Call<C, X>): Answer | Submission | Promise<Answer>;
  /** Other words for the reply to an operation that failed. */
  failureReply?(reply: ErrorReply, error: StoreError): ErrorReply;
}

export type Command<C extends Caller = Client, X extends QueueContext = Context> =
  StoreCommand | RunCommand<C, X>;

/** A command that any Caller can call. */
export type QueueCommand = Command<Caller, QueueContext>;

/** Makes a StoreCommand whose arguments are read as its syntax says. */
export function storeCommand<N extends string, S extends string, O extends Operation>(
  command: Description & {
    name: N;
    syntax: S;
    parse: (
      args: Positional<N, S>,
      options: Options<S>,
      context: QueueContext,
      caller: Caller,
    ) => O | InBackground;
    reply: (result: ResultOf<O>, operation: O, context: QueueContext, caller: Caller) => Answer;
  },
): StoreCommand {
  const { positional, options } = argumentReader(command.name, command.syntax);
  const { parse, reply } = command;
  return {
    ...command,
    parse: (args, context, caller) => parse(positional(args), options(args), context, caller),
    reply: reply as StoreCommand["reply"],
  };
}

/** Makes a command of several operations, whose arguments are read as its syntax says. */
export function queueCommand<N extends string, S extends string>(
  command: Description & {
    name: N;
    syntax: S;
    run: (
      args: Positional<N, S>,
      options: Options<S>,
      call: QueueCall,
    ) => Submission | Promise<Answer>;
  },
): QueueCommand {
  const { positional, options } = argumentReader(command.name, command.syntax);
  const { run } = command;
  return { ...command, run: (call) => run(positional(call.args), options(call.args), call) };
}
