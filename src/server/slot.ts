// A command under way: its place among the answers of its connection, and its answer.
import { type Answer, type Call, type FromStore, Handout, LongReply } from "../commands/command.ts";
import { failureOf } from "../commands/dispatch.ts";
import { BehindFailure, StoreError } from "../queue/errors.ts";
import type { Receiver } from "../queue/store.ts";
import type { Failure, Output, ProtocolVersion } from "../resp/reply.ts";

/** Parts of a long reply that are written in a turn, and about how many bytes. */
const PARTS_MAX = 256;
const PART_BYTES_MAX = 64 * 1024;
/** About the memory of an argument besides its bytes. */
const ARGUMENT_BYTES = 96;

export interface SlotOwner {
  /** The slot has its answer. If its operation failed, commands behind it get the refusal. */
  settled(slot: Slot, refusal: Failure | null): void;
}

export class Slot implements Receiver<unknown> {
  /** Undefined as long as the command is under way. */
  answer: Answer | undefined = undefined;
  /** Of its arguments, counted as long as it is under way. */
  bytes = 0;
  /** For large commands. */
  startedAtMs = 0;
  isSilent = false;
  /** Later commands wait for this one. */
  isHolding = false;
  /** As it is behind the command: what HELLO answers is in the new one. */
  protocol: ProtocolVersion = 2;
  readonly #owner: SlotOwner;
  #call: Call;
  #fromStore: FromStore | null = null;

  constructor(owner: SlotOwner, call: Call) {
    this.#owner = owner;
    this.#call = call;
  }

  awaitPromise(answer: Promise<Answer>): void {
    answer.then(
      (settled) => this.#settle(settled),
      (error) => {
        if (error instanceof StoreError) this.failed(error);
        else this.#settle(failureOf(error, this.#call));
      },
    );
  }

  awaitStore(fromStore: FromStore): void {
    this.#fromStore = fromStore;
    this.#call.client.session.submit(fromStore.operation, this as Receiver<never>);
  }

  succeeded(result: unknown): void {
    this.#settle(this.#answerTo(result));
  }

  /** The store has done it: an error from here on must not reach the store or end the process. */
  #answerTo(result: unknown): Answer {
    const { answer, operation } = this.#fromStore!;
    try {
      return answer(result, this.#call, operation);
    } catch (error) {
      return failureOf(error, this.#call);
    }
  }

  failed(error: StoreError): void {
    const refusal = failureOf(new BehindFailure(error), this.#call);
    this.#settle(failureOf(error, this.#call), refusal);
  }

  #settle(answer: Answer, refusal: Failure | null = null): void {
    this.answer = answer;
    // The answer may take long to leave, and the arguments of its command may be long too.
    if (answer instanceof LongReply)
      this.#call = { ...this.#call, args: this.#call.args.slice(0, 1) };
    this.#owner.settled(this, refusal);
  }

  /** Begins to count its arguments. */
  count(args: Buffer[]): void {
    this.bytes = args.length * ARGUMENT_BYTES;
    for (const argument of args) this.bytes += argument.length;
  }

  /**
   * Writes its answer; false when it is long and there is more to be written another time. An
   * answer that cannot be written becomes an error; throws if a part of it is out already.
   */
  write(output: Output): boolean {
    const answer = this.answer!;
    if (answer instanceof LongReply) return this.#writeParts(answer, output);
    try {
      output.write(answer instanceof Handout ? answer.reply : answer, this.protocol);
    } catch (error) {
      if (answer instanceof Handout) answer.giveBack();
      this.answer = failureOf(error, this.#call);
      output.write(this.answer, this.protocol);
    }
    return true;
  }

  /** The client is gone: frees the memory that the answer keeps. */
  abandon(): void {
    if (this.answer instanceof Handout) this.answer.giveBack();
    else if (this.answer instanceof LongReply) this.answer.release();
  }

  #writeParts({ parts }: LongReply, output: Output): boolean {
    const bytesMax = output.length + PART_BYTES_MAX;
    for (let count = 0; count < PARTS_MAX && output.length < bytesMax; count++) {
      const { done, value } = parts.next();
      if (done === true) return true;
      output.write(value, this.protocol);
    }
    return false;
  }
}
