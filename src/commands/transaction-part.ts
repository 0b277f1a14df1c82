// A command as a part of a transaction: what it asks of the store, and its answer to the results.
import type { Operation } from "../queue/operations.ts";
import { type Receiver, Session } from "../queue/store.ts";
import { mayBeInTransaction } from "../queue/transaction.ts";
import type { ErrorReply } from "../resp/reply.ts";
import { type Answer, BeforeExec } from "./answer.ts";
import { InBackground } from "./background.ts";
import type { Caller, Client } from "./caller.ts";
import type { Call, RunCommand, StoreCommand } from "./command.ts";
import type { Context, QueueContext } from "./context.ts";
import type { Entry } from "./entry.ts";
import { type CommandError, commandError } from "./errors.ts";
import { replyToError } from "./execution-errors.ts";
import { Submission } from "./submission.ts";

const QUEUED = new BeforeExec("QUEUED");
const NOTHING: readonly Operation[] = [];

export interface Part {
  operations: readonly Operation[];
  /** Or the commands that the okq that serves is to do. */
  forwarded?: Buffer[][];
  /** May throw a CommandError. */
  answer(results: unknown[]): Answer;
}

/**
 * Checks a command of a client that has a transaction, and adds it. It has the right number of
 * arguments, and the client may call it.
 */
export function queue(entry: Entry, call: Call): BeforeExec | ErrorReply {
  const transaction = call.client.transaction!;
  try {
    transaction.add(entry, call.args, checked(entry, call));
    return QUEUED;
  } catch (error) {
    transaction.abort();
    return replyToError(error, call);
  }
}

/** What it asks of the store. */
function checked(entry: Entry, { args, client, context }: Call): readonly Operation[] {
  if (entry.inTransaction === "never") throw notInTransaction(entry);
  if (!entry.isOnQueues) return NOTHING;
  const { operations } = partOf(entry, { args, client, context, phase: "queued" });
  if (operations.every(mayBeInTransaction)) return operations;
  throw notInTransaction(entry);
}

/** Throws a CommandError if the command cannot be one. With "queued" nothing is done. */
export function partOf(entry: Entry, call: Call): Part {
  const { storeCommand, runCommand } = entry;
  return storeCommand ? parsed(storeCommand, call) : submitted(runCommand!, call, entry);
}

function parsed(command: StoreCommand, { args, client, context }: Call): Part {
  const given = command.parse(args, context, client);
  // In a transaction nothing is left to the background.
  const operation = given instanceof InBackground ? given.push : given;
  return {
    operations: [operation],
    answer: ([result]) => command.reply(result, operation, context, client),
  };
}

function submitted(command: RunCommand<Client, Context>, call: Call, entry: Entry): Part {
  const client = call.phase === "queued" ? withoutStore(call.client) : call.client;
  const own: Call<Caller, QueueContext> = { ...call, client };
  const submission = (command as RunCommand<Caller, QueueContext>).run(own);
  if (!(submission instanceof Submission)) {
    if (submission instanceof Promise) submission.catch(() => {});
    throw notInTransaction(entry);
  }
  const { first, others, answer } = submission;
  const operations = first === null ? NOTHING : [first, ...others];
  // Nothing waits there.
  return { operations, answer: ([one, ...rest]) => answer(one, ...rest) as Answer };
}

function notInTransaction({ name }: Pick<Entry, "name">): CommandError {
  return commandError("notInTransaction", { command: name });
}

/** Refuses everything: a command that is only checked asks nothing of the store. */
class NoSession extends Session {
  submit(_: Operation, receiver: Receiver<never>): void {
    receiver.failed(new Error("a command that is only checked") as never);
  }
}

const NO_SESSION = new NoSession();

function withoutStore(client: Client): Caller {
  const { id, name, user, failures, consumer, claimants, held, gone, isClosed } = client;
  return {
    id,
    name,
    user,
    failures,
    consumer,
    claimants,
    held,
    gone,
    isClosed,
    session: NO_SESSION,
  };
}
