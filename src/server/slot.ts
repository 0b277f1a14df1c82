// A command of one connection: its place among the replies of the connection, and its answer.
import { type Answer, Handout, LongReply } from "../commands/answer.ts";
import { Execution } from "../commands/execution.ts";
import type { Client } from "../commands/caller.ts";
import type { Context } from "../commands/context.ts";
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

export class Slot extends Execution {
  /** Undefined as long as the command waits for it. */
  answer: Answer | undefined = undefined;
  /** Of its arguments, counted as long as it waits. */
  bytes = 0;
  /** For large commands. */
  startedAtMs = 0;
  isSilent = false;
  /** As it is behind the command: what HELLO answers is in the new one. */
  protocol: ProtocolVersion = 2;
  readonly #owner: SlotOwner;

  constructor(owner: SlotOwner, args: Buffer[], client: Client, context: Context) {
    super(args, client, context);
    this.#owner = owner;
  }

  /** Whether later commands wait for this one. */
  get isHolding(): boolean {
    return this.command?.isExclusive === true;
  }

  protected settled(answer: Answer, refusal: Failure | null): void {
    this.answer = answer;
    // The answer may take long to leave, and the arguments of its command may be long too.
    if (answer instanceof LongReply) this.args = this.args.slice(0, 1);
    this.#owner.settled(this, refusal);
  }

  /** Begins to count its arguments. */
  count(): void {
    let bytes = this.args.length * ARGUMENT_BYTES;
    for (const argument of this.args) bytes += argument.length;
    this.bytes = bytes;
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
      this.answer = this.failureOf(error);
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
