// MULTI, EXEC and DISCARD: several commands as one. Commands between MULTI and EXEC are checked and
// queued. EXEC has the store do what they ask of it in one operation. Commands that ask nothing of
// it, such as PING, are done in their order before that. Where another okq serves, commands are
// checked here and done there.
import type { Operation } from "../queue/operations.ts";
import { StoreError } from "../queue/errors.ts";
import { Encoded, ErrorReply, OK, type Reply } from "../resp/reply.ts";
import { type Answer, BeforeExec, Handout, Handouts, LongReply } from "./answer.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import type { Entry } from "./entry.ts";
import { CommandError, commandError, errorReply } from "./errors.ts";
import { replyToError } from "./execution-errors.ts";
import { PassedFailure } from "./failover.ts";
import { permissionError } from "./permission.ts";
import { QueuedCommands } from "./queued-commands.ts";
import { Submission } from "./submission.ts";
import { type Part, partOf } from "./transaction-part.ts";

const BEGUN = new BeforeExec("OK");

type QueuedCommand = QueuedCommands<Entry>["list"][number];

function begin({ client, context }: Call): Reply {
  if (client.transaction) throw commandError("nestedMulti");
  const { budgets, settings, store } = context;
  client.transaction = new QueuedCommands({
    budget: budgets.queued,
    maxEventBytes: settings.maxEventBytes,
    partOf: store.partOf ? (queue) => store.partOf!(queue) : null,
  });
  return BEGUN;
}

function discard({ client }: Call): Reply {
  end(client, "DISCARD").release();
  return OK;
}

function end(client: Client, command: string): QueuedCommands<Entry> {
  const transaction = client.transaction as QueuedCommands<Entry> | null;
  if (!transaction) throw commandError("withoutMulti", { command });
  client.transaction = null;
  return transaction;
}

function execute(call: Call): Answer | Submission | Promise<Answer> {
  const queued = end(call.client, "EXEC");
  if (queued.isAborted) return errorReply("transactionAborted");
  const { list } = queued;
  call.heldBytes = queued.bytes;
  queued.release();
  const parts: Part[] = [];
  for (const [at, queuedCommand] of list.entries()) {
    const part = begun(queuedCommand, call);
    if (part instanceof Promise) return slowly(parts, part, list.slice(at + 1), call);
    parts.push(part);
  }
  const operations = operationsOf(parts);
  if (operations.length === 0) return withoutStore(parts, call);
  return Submission.one({ kind: "transaction", operations }, (results) =>
    answerOf(parts, results, call),
  );
}

/** No part asks anything of the store of this okq. */
function withoutStore(parts: Part[], call: Call): Answer | Promise<Answer> {
  const commands = parts.flatMap((part) => part.forwarded ?? []);
  if (commands.length === 0) return answerOf(parts, [], call);
  const { upstream } = call.client;
  if (parts.every((part) => part.forwarded)) return upstream!.passTransaction(commands, call);
  return upstream!.transact(commands, call).then((replies) => answerOf(parts, replies, call));
}

/** As execute, where a command such as AUTH takes a while. */
async function slowly(
  parts: Part[],
  next: Promise<Part>,
  rest: readonly QueuedCommand[],
  call: Call,
): Promise<Answer> {
  call.isExclusive = true;
  parts.push(await next);
  for (const command of rest) parts.push(await begun(command, call));
  const operations = operationsOf(parts);
  if (operations.length === 0) return await withoutStore(parts, call);
  if (parts.some((part) => part.forwarded)) {
    throw new StoreError("unavailable", "this okq has just begun to serve");
  }
  const results = await call.client.session.ask({ kind: "transaction", operations });
  return answerOf(parts, results, call);
}

function operationsOf(parts: Part[]): Operation[] {
  return parts.flatMap(({ operations }) => operations);
}

/** Throws an error of EXEC if the command may not be done any more: the rights may have changed. */
function begun(
  { command: entry, args }: QueuedCommand,
  { client, context }: Call,
): Part | Promise<Part> {
  const call = { args, client, context, phase: "executed" } as const;
  const denied = permissionError(entry, call);
  if (denied) throw new CommandError(discardedBecauseOf(denied));
  if (!entry.isOnQueues) return answered(() => entry.runCommand!.run(call), call);
  if (client.upstream?.isUsed) return forwarded(args);
  try {
    return partOf(entry, call);
  } catch (error) {
    throw new CommandError(discardedBecauseOf(replyToError(error, call)));
  }
}

/** The part of a command that asks nothing of the store. It is done at once. */
function answered(run: () => unknown, call: Call): Part | Promise<Part> {
  const part = (answer: Answer) => ({ operations: [], answer: () => answer });
  try {
    const answer = run() as Answer | Promise<Answer>;
    if (!(answer instanceof Promise)) return part(answer);
    return answer.then(part, (error: unknown) => part(replyToError(error, call)));
  } catch (error) {
    return part(replyToError(error, call));
  }
}

/** The part of a command that the okq that serves does. */
function forwarded(args: Buffer[]): Part {
  return {
    operations: [],
    forwarded: [args],
    answer: ([reply]) => new Encoded(reply as Buffer),
  };
}

/** The array of their replies. */
function answerOf(parts: Part[], results: unknown[], call: Call): Answer {
  let at = 0;
  const answers = parts.map(({ operations, forwarded: passedOn = [], answer }) => {
    const own = results.slice(at, (at += operations.length + passedOn.length));
    try {
      return answer(own);
    } catch (error) {
      return replyToError(error, call);
    }
  });
  const replies = answers.map((answer) => {
    if (answer instanceof LongReply) throw new Error("a long reply in a transaction");
    return answer instanceof Handout ? answer.reply : answer;
  });
  const handouts = answers.filter((answer) => answer instanceof Handout);
  return handouts.length === 0 ? replies : new Handouts(replies, handouts);
}

function discardedBecauseOf({ text }: ErrorReply): ErrorReply {
  return errorReply("transactionDiscarded", { reason: text });
}

const shared = {
  group: "connection",
  access: "logged-in",
  since: "0.1.0",
  flags: ["fast"],
  syntax: "",
  inTransaction: "at once",
} as const;

export const transactionCommands: Command[] = [
  {
    ...shared,
    name: "MULTI",
    summary:
      "Begins a transaction: commands up to EXEC or DISCARD are checked and answered QUEUED. At " +
      "most 1,000 of them, about at most 1,000 events.",
    run: begin,
  },
  {
    ...shared,
    name: "EXEC",
    summary:
      "Does the commands since MULTI as one, all or none, and answers the array of their " +
      "replies. An error if one of them had an error, or if the store refuses a part: then " +
      "nothing is done.",
    run: execute,
    failureReply: (reply: ErrorReply, error: StoreError) =>
      error.failure === "unknown" || error instanceof PassedFailure
        ? reply
        : discardedBecauseOf(reply),
  },
  {
    ...shared,
    name: "DISCARD",
    summary: "Forgets the commands since MULTI.",
    run: discard,
  },
  {
    ...shared,
    name: "WATCH",
    syntax: "key [key ...]",
    summary: "An error: there are no keys to watch, and a transaction sees no change meanwhile.",
    run: () => errorReply("noWatch"),
  },
  {
    ...shared,
    name: "UNWATCH",
    inTransaction: "queued",
    summary: "OK: nothing is watched.",
    run: () => OK,
  },
];
