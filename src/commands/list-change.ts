// LREM, LTRIM, LSET and LINSERT: change the ready events of a queue in their places.
import {
  LIST_REACH,
  type ListInsert,
  type ListRemove,
  type ListSet,
  type ListTrim,
  TOO_LARGE,
} from "../queue/lists.ts";
import type { ResultOf } from "../queue/operations.ts";
import { OK, type Reply } from "../resp/reply.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf, parseInteger, resultOf } from "./list-arguments.ts";
import { badIndex } from "./list-look.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

type Far = ListRemove | ListSet | ListInsert;

/** It may go over a whole list: later commands of its client wait, so that others come between. */
function goFar<O extends Far>(
  operation: O,
  call: QueueCall,
  answer: (result: ResultOf<O>) => Reply,
): Submission | Promise<Reply> {
  if (call.phase !== "alone") return Submission.one(operation, answer);
  call.isExclusive = true;
  return call.client.session.ask(operation).then(answer);
}

function remove(call: QueueCall): Submission | Promise<Reply> {
  const [, queue, count, contents] = call.args as [Buffer, Buffer, Buffer, Buffer];
  const operation: ListRemove = { kind: "listRemove", queue, contents, count: integerOf(count) };
  return goFar(operation, call, (result) => resultOf(result, queue));
}

function insert(call: QueueCall): Submission | Promise<Reply> {
  const [, queue, side, pivot, contents] = call.args as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const operation: ListInsert = { kind: "listInsert", queue, side: sideOf(side), pivot, contents };
  return goFar(operation, call, (result) => {
    if (result === TOO_LARGE) throw commandError("insertHere", { reach: LIST_REACH, queue });
    const { length, id } = resultOf(result, queue);
    if (id !== null) call.context.stats.pushes += 1;
    return length;
  });
}

function set(call: QueueCall): Submission | Promise<Reply> {
  const [, queue, given, contents] = call.args;
  const index = parseInteger(given!);
  if (index === null) {
    return badIndex(queue!, () => {
      throw commandError("noSuchKey");
    });
  }
  const operation: ListSet = { kind: "listSet", queue: queue!, index, contents: contents! };
  return goFar(operation, call, (result) => {
    const isSet = resultOf(result, queue!);
    if (isSet === null) throw commandError("noSuchKey");
    if (!isSet) throw commandError("indexOutOfRange");
    return OK;
  });
}

function sideOf(bytes: Buffer): ListInsert["side"] {
  const word = wordOf(bytes);
  if (word === "BEFORE") return "before";
  if (word === "AFTER") return "after";
  throw commandError("syntax");
}

const shared = { group: "list", since: "0.1.0" } as const;
/** Consumers may pop any event for good, so they may also remove some. */
const removes = { ...shared, access: "consume or manage", flags: ["write"] } as const;
const changes = { ...shared, access: "manage", flags: ["write", "denyoom"] } as const;

export const listChangeCommands: QueueCommand[] = [
  {
    ...removes,
    name: "LREM",
    syntax: "queue count element",
    summary:
      "Removes up to count ready events with these contents, from the left; with a negative " +
      "count from the right, with 0 all; how many. An error for more than 100,000 ready events.",
    run: remove,
  },
  {
    ...removes,
    name: "LTRIM",
    syntax: "queue start stop",
    summary:
      "Removes the ready events that LRANGE would not show. An error if these are more than " +
      "100,000. To bound a queue, its setting max-length is better: no producer can forget it.",
    parse: ([, queue, start, stop]): ListTrim => ({
      kind: "listTrim",
      queue: queue!,
      from: integerOf(start!),
      to: integerOf(stop!),
    }),
    reply(result, operation) {
      resultOf(result as ResultOf<ListTrim>, (operation as ListTrim).queue);
      return OK;
    },
  },
  {
    ...changes,
    name: "LSET",
    syntax: "queue index element",
    summary: "Gives the ready event at that index, as LRANGE counts them, other contents.",
    run: set,
  },
  {
    ...changes,
    name: "LINSERT",
    syntax: "queue BEFORE|AFTER pivot element",
    summary:
      "Pushes an event to the left (BEFORE) or the right (AFTER) of the left-most ready event " +
      "with the contents of the pivot; how many are ready then, -1 if there is no such event, 0 " +
      "if none is ready. An error for more than 100,000 ready events, and where any of them has " +
      "a priority or a group.",
    run: insert,
  },
];
