// LMOVE and RPOPLPUSH, and BLMOVE and BRPOPLPUSH, which wait: an event from one queue to another in
// one step, as a new event. The move stands even if the client is gone.
import { Refusal } from "../queue/errors.ts";
import { type ListMove, WRONG_TYPE } from "../queue/lists.ts";
import type { ResultOf } from "../queue/operations.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { checkNew } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { endOf, resultOf, timeoutOf } from "./list-arguments.ts";
import { demandPush } from "./permission.ts";
import { Submission } from "./submission.ts";
import { countConsumer, takeOrWait } from "./taking.ts";

/** Throws if the event may not be moved there. */
function checkTarget({ queue, target }: ListMove, { client, context }: QueueCall): void {
  const { store } = context;
  checkNew("queue name", target, context);
  demandPush(target, client);
  if (store.partOf && store.partOf(queue) !== store.partOf(target)) {
    throw commandError("moveApart", { queue: target });
  }
}

/** `nothing`: the reply if there was nothing to move. */
function answerTo(
  result: ResultOf<ListMove>,
  { queue }: ListMove,
  nothing: Reply,
  { context: { stats } }: QueueCall,
): Reply {
  const moved = resultOf(result, queue);
  if (moved === null) return nothing;
  stats.pops += 1;
  stats.pushes += 1;
  return moved.contents;
}

function move(operation: ListMove, call: QueueCall): Submission {
  checkTarget(operation, call);
  return Submission.one(operation, (result) => answerTo(result, operation, null, call));
}

/** A move that waits, but not in a transaction. As in Redis it has another nil then. */
function moveOrWait(
  operation: ListMove,
  timeoutMs: number,
  call: QueueCall,
): Submission | Promise<Answer> {
  const { client, phase } = call;
  const { queue, target } = operation;
  checkTarget(operation, call);
  countConsumer([queue], call);
  if (phase !== "alone") return move(operation, call);
  return takeOrWait(
    {
      queues: [queue],
      target,
      timeoutMs,
      taker: { worker: client.name, claims: false },
      before: null,
      operation,
      foundIn: (result): Found => result,
      again: () => moveAgain(operation, call),
      answer(found) {
        const isRefused = found instanceof Refusal;
        // It took nothing of what woke it: another one may.
        if (isRefused || found === WRONG_TYPE) call.context.waiters.wake(operation.queue, 1);
        if (isRefused) throw found;
        return answerTo(found, operation, NIL_ARRAY, call);
      },
    },
    call,
  );
}

type Found = ResultOf<ListMove> | Refusal;

/**
 * As in Redis, a set in the place of the queue is an error at once, and does not matter to a wait.
 * A target that takes no event ends the wait: nothing would wake it once there is room.
 */
async function moveAgain(operation: ListMove, { client: { session } }: QueueCall): Promise<Found> {
  try {
    const result = await session.ask(operation);
    if (result !== WRONG_TYPE) return result;
    const { queue } = operation;
    const length = await session.ask({ kind: "listLength", queue });
    return length === WRONG_TYPE ? null : WRONG_TYPE;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Reads `queue target LEFT|RIGHT LEFT|RIGHT`. */
function readMove([, queue, target, from, to]: Buffer[]): ListMove {
  return {
    kind: "listMove",
    queue: queue!,
    from: endOf(from!),
    target: target!,
    to: endOf(to!),
  };
}

function rightToLeft([, queue, target]: Buffer[]): ListMove {
  return { kind: "listMove", queue: queue!, from: "right", target: target!, to: "left" };
}

const shared = { group: "list", access: "consume", since: "0.1.0" } as const;
const atOnce = { ...shared, flags: ["write", "denyoom"] } as const;
const waits = {
  ...shared,
  flags: ["write", "denyoom", "noscript", "blocking"],
  isExclusive: true,
  inTransaction: "queued",
} as const;

const ENDS = "LEFT|RIGHT LEFT|RIGHT";

export const listMoveCommands: QueueCommand[] = [
  {
    ...atOnce,
    name: "LMOVE",
    syntax: `queue target ${ENDS}`,
    summary:
      "Moves the event at the first end of a queue to the second end of the target, in one step " +
      "and as a new event with its contents and headers; its contents, or nil. The user needs " +
      "the right to push into the target. On Redis Cluster both are in one shard.",
    run: (call) => move(readMove(call.args), call),
  },
  {
    ...atOnce,
    name: "RPOPLPUSH",
    syntax: "queue target",
    summary: "As LMOVE RIGHT LEFT.",
    run: (call) => move(rightToLeft(call.args), call),
  },
  {
    ...waits,
    name: "BLMOVE",
    syntax: `queue target ${ENDS} timeout`,
    summary: "As LMOVE, and waits as BLPOP does.",
    run: (call) => moveOrWait(readMove(call.args), timeoutOf(call.args[5]!), call),
  },
  {
    ...waits,
    name: "BRPOPLPUSH",
    syntax: "queue target timeout",
    summary: "As BLMOVE RIGHT LEFT.",
    run: (call) => moveOrWait(rightToLeft(call.args), timeoutOf(call.args[3]!), call),
  },
];
