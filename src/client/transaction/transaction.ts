// Commands that take effect together, all of them or none: they are collected, and sent as one.
import { OkqError, TransactionError } from "../errors.ts";
import type { Event } from "../event.ts";
import { type Command, once, type Step } from "../manage/command.ts";
import { type AckOptions, ackWords, type Failed, type FailOptions } from "../queue/claims.ts";
import { failedOf, failWords } from "../queue/claims.ts";
import { isOne } from "../manage/command.ts";
import type { Queue } from "../queue/queue.ts";
import { checkRaw } from "../raw-call.ts";
import { arrayIn, type Reply } from "../reply.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";
import { QueueSteps } from "./queue-steps.ts";

/**
 * What a step has answered, or the error that okq answered to it, such as a DuplicateError. The
 * other steps are done nevertheless.
 */
export type StepResult<S> = S extends Step<infer R> ? R | OkqError : never;
export type StepResults<Steps extends readonly unknown[]> = {
  -readonly [At in keyof Steps]: StepResult<Steps[At]>;
};

type AnyEvent = Event<unknown>;

/** Collects the steps of a transaction. Each method adds one. */
export class Transaction {
  /** For the parts of the client. */
  readonly steps: Step<unknown>[] = [];
  readonly words: (readonly Word[] | Promise<readonly Word[]>)[] = [];

  /** Its methods add steps too. */
  queue<T>(queue: Queue<T>): QueueSteps<T> {
    return new QueueSteps(queue, this.#add);
  }

  /** Acknowledges an event of any queue. */
  ack(event: AnyEvent, options: AckOptions = {}): Step<boolean> {
    return this.#add(once(() => ackWords(event.queue, event, options), isOne));
  }

  /** Says that the work on an event of any queue failed. */
  fail(event: AnyEvent, options: FailOptions = {}): Step<Failed> {
    return this.#add(once(() => failWords(event.queue, event, options), failedOf));
  }

  /** Adds a command as it is. Its result is okq's reply. */
  call(...words: Word[]): Step<Reply> {
    checkRaw(words);
    return this.#add(
      once(
        () => words,
        (reply) => reply,
      ),
    );
  }

  readonly #add = <R>(command: Command<R>): Step<R> => {
    const words = command.words();
    // If the transaction is given up, nobody else looks at it.
    if (words instanceof Promise) words.catch(() => {});
    const step = { command };
    this.steps.push(step);
    this.words.push(words);
    return step;
  };
}

/**
 * Resolves to the results of all steps, in their order. Rejects with a TransactionError if nothing
 * was done, or if that is unknown, and with the error of `build`, before anything is sent.
 */
export async function transact(
  session: Session,
  build: (transaction: Transaction) => unknown,
): Promise<unknown[]> {
  const transaction = new Transaction();
  const chosen = await build(transaction);
  const { steps } = transaction;
  if (steps.length === 0) return [];
  const words = await Promise.all(transaction.words);
  const replies = await send(session, words);
  const results = await Promise.all(steps.map((step, at) => resultOf(step, replies[at]!)));
  if (!Array.isArray(chosen)) return results;
  return chosen.map((step) => results[steps.indexOf(step as Step<unknown>)]);
}

async function send(session: Session, words: readonly (readonly Word[])[]): Promise<Reply[]> {
  try {
    return arrayIn((await session.sendTransaction(words)).reply);
  } catch (error) {
    if (!(error instanceof OkqError) || error.outcome === "none") throw error;
    const message = `it is unknown whether the transaction was done: ${error.message}`;
    throw new TransactionError(message, error, "unknown");
  }
}

function resultOf({ command }: Step<unknown>, reply: Reply): unknown {
  return reply instanceof OkqError ? reply : command.read(reply);
}
