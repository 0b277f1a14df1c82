// A command that takes events counts as a consumer of their queues, and may wait until there are
// some.
import type { Operation, ResultOf } from "../queue/operations.ts";
import type { Taker } from "../queue/wait-list.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall } from "./command.ts";
import { Submission } from "./submission.ts";
import { Takings } from "./takings.ts";
import { waiting } from "./waiting.ts";

export interface Taking<O extends Operation, T> {
  queues: Buffer[];
  /** Into which it pushes what it takes; null: it pushes nothing. */
  target: Buffer | null;
  taker: Taker;
  /** How long it waits. */
  timeoutMs: number;
  /** Another operation, which is done first and does not wait. */
  before: Operation | null;
  /** The first attempt. */
  operation: O;
  /** What it found; null if there is nothing, so that it waits on. May throw a CommandError. */
  foundIn(result: ResultOf<O>): T | null;
  /** A later attempt. */
  again(): Promise<T | null>;
  /** Null: there was nothing in time. And the result of `before`. */
  answer(found: T | null, before: unknown): Answer;
}

/** A consumer creates its queues. */
export function countConsumer(queues: Buffer[], { client, context, phase }: QueueCall): void {
  if (phase === "queued") return;
  const { maxNameBytes, maxWaitingBytes } = context.settings;
  const areAllowed = queues.every(({ length }) => length <= maxNameBytes);
  if (areAllowed) client.consumer.popsFrom(queues, maxWaitingBytes);
}

/** Takes what there is, or waits for it. */
export function takeOrWait<O extends Operation, T>(
  taking: Taking<O, T>,
  call: QueueCall,
): Submission | Promise<Answer> {
  const { queues, before, operation, foundIn, again, answer } = taking;
  // Mostly there is something, and nobody waits who would be overtaken.
  if (!call.takings && call.context.waiters.areAwaited(queues)) return waitAtOnce(taking, call);
  const takings = (call.takings ??= new Takings());
  takings.begin();
  const failed = () => takings.failed();
  const answerTo = (result: ResultOf<O>, beforeResult: unknown) => {
    let own: T | null;
    try {
      own = foundIn(result);
    } catch (error) {
      failed();
      throw error;
    }
    const found = takings.found(own);
    return found instanceof Promise ? given(found, beforeResult) : answer(found, beforeResult);
  };
  const given = async (promise: Promise<T | null>, beforeResult: unknown) => {
    const found = await promise;
    if (found !== null) return answer(found, beforeResult);
    try {
      const isGone = call.client.gone.aborted;
      return answer(isGone ? null : await waitFor(taking, again, call), beforeResult);
    } finally {
      takings.waited();
    }
  };
  if (!before) return Submission.one(operation, (result) => answerTo(result, null), failed);
  return Submission.two(before, operation, (own, result) => answerTo(result, own), failed);
}

/** Others wait already. */
async function waitAtOnce<O extends Operation, T>(
  taking: Taking<O, T>,
  call: QueueCall,
): Promise<Answer> {
  const { before, operation, foundIn, again, answer } = taking;
  const { session } = call.client;
  let isFirst = true;
  const attempt = async () => {
    if (!isFirst) return await again();
    isFirst = false;
    return foundIn(await session.ask(operation));
  };
  const own = before && session.ask(before);
  const [beforeResult, found] = await Promise.all([own, waitFor(taking, attempt, call)]);
  return answer(found, beforeResult);
}

async function waitFor<O extends Operation, T>(
  { queues, target, taker, timeoutMs }: Taking<O, T>,
  attempt: () => Promise<T | null>,
  { client, context }: QueueCall,
): Promise<T | null> {
  await context.store.watch(queues, "ready");
  const wait = (signal: AbortSignal) =>
    context.waiters.wait({ queues, timeoutMs, attempt, takes: taker, signal });
  return await waiting(client, wait, { queues, worker: taker.worker, target });
}
