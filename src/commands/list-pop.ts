// LPOP, RPOP and LMPOP, and BLPOP, BRPOP and BLMPOP, which wait: events out, delivered at most
// once. They are popped and acknowledged in one step.
import type { End, Popped } from "../queue/event.ts";
import { LIST_STEP_MAX, type ListPop, WRONG_TYPE } from "../queue/lists.ts";
import type { ResultOf } from "../queue/operations.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { endOf, popCountOf, positiveOf, resultOf, timeoutOf } from "./list-arguments.ts";
import { checkQueues } from "./notify.ts";
import { PoppedEvents } from "./popped-events.ts";
import { Submission } from "./submission.ts";
import { countConsumer, takeOrWait } from "./taking.ts";
import { wordOf } from "./words.ts";

/** How Redis answers a pop: nothing, and one or more events of one queue. */
interface Form {
  nothing: Reply;
  of(popped: [Popped, ...Popped[]]): Reply;
}

const contentsOf = (popped: Popped[]) => popped.map(({ contents }) => contents);

const ONE: Form = { nothing: null, of: ([{ contents }]) => contents };
const SEVERAL: Form = { nothing: NIL_ARRAY, of: contentsOf };
const ONE_AND_QUEUE: Form = {
  nothing: NIL_ARRAY,
  of: ([{ queue, contents }]) => [queue, contents],
};
const QUEUE_AND_SEVERAL: Form = {
  nothing: NIL_ARRAY,
  of: (popped) => [popped[0].queue, contentsOf(popped)],
};

function answerTo(result: ResultOf<ListPop>, form: Form, { context }: QueueCall): Answer {
  if (result === WRONG_TYPE) throw commandError("wrongType");
  const [first, ...others] = result;
  if (!first) return form.nothing;
  context.stats.pops += result.length;
  return new PoppedEvents(context.store, result, form.of([first, ...others]), false);
}

function pop(operation: ListPop, form: Form, call: QueueCall): Submission {
  return Submission.one(operation, (result) => answerTo(result, form, call));
}

/** A pop that waits, but not in a transaction. */
function popOrWait(
  operation: ListPop,
  timeoutMs: number,
  form: Form,
  call: QueueCall,
): Submission | Promise<Answer> {
  const { client, phase } = call;
  const { queues } = operation;
  countConsumer(queues, call);
  if (phase !== "alone") return pop(operation, form, call);
  return takeOrWait(
    {
      queues,
      target: null,
      timeoutMs,
      taker: { worker: client.name, claims: false },
      before: null,
      operation,
      foundIn: (result) => (result.length > 0 ? result : null),
      again: () => popAgain(operation, call),
      answer: (found) => answerTo(found ?? [], form, call),
    },
    call,
  );
}

/** As in Redis, a set among the queues is an error at once, and does not matter to a wait. */
async function popAgain(
  operation: ListPop,
  { client: { session } }: QueueCall,
): Promise<ResultOf<ListPop> | null> {
  const result = await session.ask(operation);
  if (result !== WRONG_TYPE) return result.length > 0 ? result : null;
  for (const queue of operation.queues) {
    const own = await session.ask({ ...operation, queues: [queue] });
    if (own !== WRONG_TYPE && own.length > 0) return own;
  }
  return null;
}

/** More than a step are taken as one. */
function listPop(queues: Buffer[], end: End, count: number): ListPop {
  return { kind: "listPop", queues, end, count: Math.min(count, LIST_STEP_MAX) };
}

function popOne([, queue, given]: Buffer[], end: End, call: QueueCall): Submission {
  if (!given) return pop(listPop([queue!], end, 1), ONE, call);
  const count = popCountOf(given);
  if (count > 0) return pop(listPop([queue!], end, count), SEVERAL, call);
  return Submission.one({ kind: "listLength", queue: queue! }, (length) =>
    resultOf(length, queue!) === 0 ? NIL_ARRAY : [],
  );
}

/** Reads `numkeys queue [queue ...] LEFT|RIGHT [COUNT count]`. */
function readQueues([given, ...rest]: Buffer[]): ListPop {
  const number = positiveOf("numkeys", given!);
  const [end, ...options] = rest.slice(number);
  if (!end) throw commandError("syntax");
  const from = endOf(end);
  const queues = rest.slice(0, number);
  if (options.length === 0) return checked(listPop(queues, from, 1));
  if (options.length !== 2 || wordOf(options[0]!) !== "COUNT") throw commandError("syntax");
  return checked(listPop(queues, from, positiveOf("count", options[1]!)));
}

function checked(operation: ListPop): ListPop {
  checkQueues(operation.queues);
  return operation;
}

const shared = { group: "list", access: "consume", since: "0.1.0" } as const;

function popCommand(name: string, end: End, summary: string): QueueCommand {
  return {
    ...shared,
    name,
    syntax: "queue [count]",
    summary,
    flags: ["write", "fast"],
    run(call) {
      if (call.args.length <= 3) return popOne(call.args, end, call);
      throw commandError("wrongArgumentCount", { command: name.toLowerCase() });
    },
  };
}

function blockingCommand(name: string, end: End, summary: string): QueueCommand {
  return {
    ...shared,
    name,
    syntax: "queue [queue ...] timeout",
    summary,
    flags: ["write", "noscript", "blocking"],
    isExclusive: true,
    inTransaction: "queued",
    run(call) {
      const timeoutMs = timeoutOf(call.args.at(-1)!);
      const operation = checked(listPop(call.args.slice(1, -1), end, 1));
      return popOrWait(operation, timeoutMs, ONE_AND_QUEUE, call);
    },
  };
}

const QUEUES = "numkeys queue [queue ...] LEFT|RIGHT [COUNT count]";

export const listPopCommands: QueueCommand[] = [
  popCommand(
    "LPOP",
    "left",
    "Pops the left-most ready event for good, and answers its contents, or nil. With a count an " +
      `array of up to so many of them, at most ${LIST_STEP_MAX} and up to about 1 MiB at once.`,
  ),
  popCommand("RPOP", "right", "As LPOP, from the right end: the next one out."),
  {
    ...shared,
    name: "LMPOP",
    syntax: QUEUES,
    summary:
      "Pops up to COUNT events (1) from the first of these queues that has any, as [queue, " +
      "[contents, ...]], or nil. Otherwise as LPOP.",
    flags: ["write", "movablekeys"],
    run: (call) => pop(readQueues(call.args.slice(1)), QUEUE_AND_SEVERAL, call),
  },
  blockingCommand(
    "BLPOP",
    "left",
    "Pops the left-most event of the first of these queues that has any, as [queue, contents]; " +
      "waits up to timeout seconds for it, with 0 for ever, then nil.",
  ),
  blockingCommand("BRPOP", "right", "As BLPOP, from the right end: the next one out."),
  {
    ...shared,
    name: "BLMPOP",
    syntax: `timeout ${QUEUES}`,
    summary: "As LMPOP, and waits as BLPOP does.",
    flags: ["write", "blocking", "movablekeys"],
    isExclusive: true,
    inTransaction: "queued",
    run(call) {
      const [, timeout, ...rest] = call.args;
      const operation = readQueues(rest);
      return popOrWait(operation, timeoutOf(timeout!), QUEUE_AND_SEVERAL, call);
    },
  },
];
