// A command under way: its place among the answers of its connection, and its answer.
import { type Answer, type Call, type FromStore, Handout } from "../commands/command.ts";
import { failureOf } from "../commands/dispatch.ts";
import { BehindFailure, StoreError } from "../queue/errors.ts";
import type { Receiver } from "../queue/store.ts";
import type { Failure, Output, ProtocolVersion } from "../resp/reply.ts";

/** Elements of one answer that are written in a turn. */
const ELEMENTS_MAX = 512;

export interface SlotOwner {
  /** The slot has its answer. If its operation failed, what stands behind it gets the refusal. */
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
  readonly #call: Call;
  #fromStore: FromStore | null = null;
  /** Elements of a long answer that are out already. */
  #written = 0;

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
    const { answer, operation } = this.#fromStore!;
    this.#settle(answer(result, this.#call, operation));
  }

  failed(error: StoreError): void {
    const refusal = failureOf(new BehindFailure(error), this.#call);
    this.#settle(failureOf(error, this.#call), refusal);
  }

  #settle(answer: Answer, refusal: Failure | null = null): void {
    this.answer = answer;
    this.#owner.settled(this, refusal);
  }

  /** Writes its answer; false when it is long and there is more to be written another time. */
  write(output: Output): boolean {
    const { answer } = this;
    const reply = answer instanceof Handout ? answer.reply : answer!;
    if (!Array.isArray(reply) || reply.length <= ELEMENTS_MAX) {
      output.write(reply, this.protocol);
      return true;
    }
    if (this.#written === 0) output.writeArrayHeader(reply.length);
    const end = Math.min(reply.length, this.#written + ELEMENTS_MAX);
    while (this.#written < end) output.write(reply[this.#written++]!, this.protocol);
    return end === reply.length;
  }
}
