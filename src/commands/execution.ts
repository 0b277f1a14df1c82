// One command as it was called, from its arguments to its answer. Every front end extends it.
//
//   begin --answer--> done
//     +--none yet--> submitOrAwait --results of operations, or that of run()--> answered, done
import { EarlierFailure, StoreError } from "../queue/errors.ts";
import type { Operation } from "../queue/operations.ts";
import type { Receiver } from "../queue/store.ts";
import type { ErrorReply } from "../resp/reply.ts";
import type { Answer, Receipt } from "./answer.ts";
import { InBackground } from "./background.ts";
import type { Caller, Client } from "./caller.ts";
import { NO_COMMAND } from "./command-durations.ts";
import type { Call, Phase, RunCommand, StoreCommand } from "./command.ts";
import type { Context, QueueContext } from "./context.ts";
import type { Entry } from "./entry.ts";
import { errorReply } from "./errors.ts";
import { replyToError } from "./execution-errors.ts";
import { permissionError } from "./permission.ts";
import { Submission } from "./submission.ts";
import { wireName } from "./syntax.ts";
import type { Takings } from "./takings.ts";

/**
 * A command such as QNOTIFY may wait for long. Its arguments get memory of their own, because as
 * views they would keep all bytes that were received with them. Many arguments fill most of those
 * bytes themselves.
 */
const COPIED_MAX = 64;

const NO_RESULTS: unknown[] = [];

export abstract class Execution<C extends Caller = Client, X extends QueueContext = Context>
  implements Call<C, X>, Receiver<unknown>
{
  readonly phase: Phase = "alone";
  /** See Entry. */
  commandNumber = NO_COMMAND;
  isExclusive = false;
  takings: Takings | null = null;
  receipt: Receipt | null = null;
  heldBytes = 0;
  /** Both are set if the command is an operation. */
  #command: StoreCommand | null = null;
  #operation: Operation | null = null;
  /** Else one of these is: what run() returned. */
  #submission: Submission | null = null;
  #promise: Promise<Answer> | null = null;
  /** Of a submission of several, so far. */
  #results: unknown[] = NO_RESULTS;
  #failureReply: RunCommand<C, X>["failureReply"] = undefined;
  #hasFailed = false;

  constructor(
    public args: Buffer[],
    readonly client: C,
    readonly context: X,
  ) {}

  /**
   * Begins the command. Returns its answer, or undefined if the answer comes later: then call
   * submitOrAwait(). With `afterFailure`, commands on queues are not run but get that reply.
   */
  begin(entry: Entry<C, X>, afterFailure: ErrorReply | null): Answer | undefined {
    const refused = this.refusal(entry, afterFailure);
    if (refused) return refused;
    const { storeCommand, runCommand } = entry;
    try {
      return storeCommand ? this.#parse(storeCommand) : this.#run(runCommand!, entry);
    } catch (error) {
      return this.errorReplyTo(error);
    }
  }

  /** The reply if it may not be begun; else null. */
  refusal(entry: Entry<C, X>, afterFailure: ErrorReply | null): ErrorReply | null {
    const { length } = this.args;
    if (length < entry.min || length > entry.max) return this.#wrongCount(entry);
    const denied = permissionError(entry, this);
    return denied ?? (entry.isOnQueues ? afterFailure : null);
  }

  /** Submits operations to the store, or awaits run(). The answer goes to answered(). */
  submitOrAwait(): void {
    const { session } = this.client;
    if (this.#operation) session.submit(this.#operation, this as Receiver<never>);
    else if (this.#submission) {
      const { first, others } = this.#submission;
      if (first === null) return this.succeeded(null);
      session.submit(first, this as Receiver<never>);
      for (const other of others) session.submit(other, this as Receiver<never>);
    } else this.#await(this.#promise!);
  }

  #await(promise: Promise<Answer>): void {
    promise.then(
      (answer) => this.answered(answer, null),
      (error) => {
        if (error instanceof StoreError) this.failed(error);
        else this.answered(this.errorReplyTo(error), null);
      },
    );
  }

  succeeded(result: unknown): void {
    const { length } = this.#submission?.others ?? NO_RESULTS;
    if (length === 0) return this.#done(this.#answerTo(result));
    this.#results = [...this.#results, result];
    if (this.#results.length > length) this.#done(this.#answerTo(this.#results));
  }

  #done(answer: Answer | Promise<Answer>): void {
    if (answer instanceof Promise) this.#await(answer);
    else this.answered(answer, null);
  }

  failed(error: StoreError): void {
    // Later operations of a submission fail because one did.
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#submission?.failed?.();
    this.client.failures.add(error);
    const reply = this.errorReplyTo(error);
    const answer = this.#failureReply?.(reply, error) ?? reply;
    this.answered(answer, this.errorReplyTo(new EarlierFailure(error)));
  }

  /** The answer has come. If the store failed, commands sent after this one get `forLater`. */
  protected abstract answered(answer: Answer, forLater: ErrorReply | null): void;

  /** The reply to an error that the command threw or rejected with. */
  protected errorReplyTo(error: unknown): ErrorReply {
    return replyToError(error, this);
  }

  #parse(command: StoreCommand): Answer | undefined {
    const operation = command.parse(this.args, this.context, this.client);
    if (operation instanceof InBackground) {
      const { push } = operation;
      const replyTo = (result: unknown) => command.reply(result, push, this.context, this.client);
      return this.context.background.start(push, this.client.session, replyTo);
    }
    this.#command = command;
    this.#operation = operation;
    return undefined;
  }

  #run(command: RunCommand<C, X>, { isExclusive }: Entry<C, X>): Answer | undefined {
    this.isExclusive = isExclusive(this.args);
    if (this.isExclusive && this.args.length <= COPIED_MAX) this.args = this.args.map(copyOf);
    this.#failureReply = command.failureReply;
    const answer = command.run(this);
    if (answer instanceof Submission) this.#submission = answer;
    else if (answer instanceof Promise) this.#promise = answer;
    else return answer;
    return undefined;
  }

  /** The operation is done: an error from here on must not reach the store or end the process. */
  #answerTo(result: unknown): Answer | Promise<Answer> {
    try {
      const operation = this.#operation;
      if (operation) return this.#command!.reply(result, operation, this.context, this.client);
      const { others, answer } = this.#submission!;
      return others.length === 0 ? answer(result) : answer(...(result as [unknown]));
    } catch (error) {
      return this.errorReplyTo(error);
    }
  }

  /** Commands of Redis are refused in Redis' words, commands on queues with their syntax. */
  #wrongCount({ command, min }: Entry<C, X>): ErrorReply {
    const { name, syntax, group } = command;
    if (group !== "queue") return errorReply("wrongArgumentCount", { command: wireName(name) });
    const usage = `${name} ${syntax}`.trimEnd();
    const error = this.args.length < min ? "missingArguments" : "tooManyArguments";
    return errorReply(error, { usage });
  }
}

function copyOf(argument: Buffer): Buffer {
  return Buffer.from(argument);
}
