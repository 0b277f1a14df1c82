// A command of one connection, from its start until its reply is sent.
import { type Answer, Handout, LongReply } from "../commands/answer.ts";
import { Execution } from "../commands/execution.ts";
import type { Client } from "../commands/caller.ts";
import type { Context } from "../commands/context.ts";
import type { Entry } from "../commands/entry.ts";
import type { ErrorReply, Output, ProtocolVersion } from "../resp/reply.ts";
import type { ClientUpstream } from "./forward/client-upstream.ts";

/** How many parts of a long reply are written in one go, and about how many bytes. */
const PARTS_MAX = 256;
const PART_BYTES_MAX = 64 * 1024;
/** About the memory of an argument without its bytes. */
const ARGUMENT_BYTES = 96;

/** The connection of the command. */
export interface CommandOwner extends Client {
  readonly upstream: ClientUpstream | null;
  /** Called if the answer came after the start. For `forLater` see Execution.answered. */
  answered(command: StartedCommand, forLater: ErrorReply | null): void;
}

export class StartedCommand extends Execution {
  /** Undefined as long as the command waits for it. */
  answer: Answer | undefined = undefined;
  /** The memory of its arguments, if it waits for its answer. */
  bytes = 0;
  /** When a large command began to wait for its answer; 0 for others. */
  startedAtMs = 0;
  /** When okq began to handle what the client had sent up to it. */
  beganAtMs = 0;
  /** The client turned replies off: the answer is not written. */
  isSilent = false;
  /** A part of a long reply is written, and others are to come. */
  isPartlyWritten = false;
  /** Of the reply. HELLO is answered in the protocol that it chose. */
  protocol: ProtocolVersion = 2;
  readonly #owner: CommandOwner;
  /** The okq that serves does the command, and it may take as long as the client says. */
  waits = false;
  /** Set if the okq that serves does the command. */
  #forwarded: Entry | null = null;

  constructor(args: Buffer[], owner: CommandOwner, context: Context) {
    super(args, owner, context);
    this.#owner = owner;
  }

  override begin(entry: Entry, afterFailure: ErrorReply | null): Answer | undefined {
    if (!entry.isForwarded || !this.#owner.upstream?.isUsed) {
      return super.begin(entry, afterFailure);
    }
    const refused = this.refusal(entry, afterFailure);
    if (refused) return refused;
    this.#forwarded = entry;
    this.waits = entry.command.flags.includes("blocking") && entry.isExclusive(this.args);
    // Commands behind it could not tell the okq that serves that the client sends no more.
    this.isExclusive = this.waits || entry.command.isForSubscribers === true;
    return undefined;
  }

  override submitOrAwait(): void {
    if (!this.#forwarded) return super.submitOrAwait();
    const { args } = this;
    // They may be large, and the link keeps them until they are sent.
    this.args = [Buffer.from(args[0]!)];
    this.#owner.upstream!.send(args, this, this.#forwarded);
  }

  /** Whether the command changes nothing, so that it may be sent again. */
  get isReading(): boolean {
    return this.#forwarded!.command.flags.includes("readonly");
  }

  /** Whether an equal command behind this one may start before it is answered. */
  get letsEqualStart(): boolean {
    if (this.#forwarded) return this.waits && this.#owner.upstream!.mayWait;
    return this.takings?.isOpen ?? false;
  }

  /** The okq that serves has answered. */
  passed(answer: Answer): void {
    this.answered(answer, null);
  }

  protected answered(answer: Answer, forLater: ErrorReply | null): void {
    this.answer = answer;
    // A long reply takes a while to be read: the arguments need not stay so long.
    if (answer instanceof LongReply) this.args = this.args.slice(0, 1);
    this.#owner.answered(this, forLater);
  }

  /** Sets `bytes`. */
  countBytes(): void {
    let bytes = this.heldBytes + this.args.length * ARGUMENT_BYTES;
    for (const argument of this.args) bytes += argument.length;
    this.bytes = bytes;
  }

  /**
   * Writes the answer, or the next parts of a long one; returns whether all is written. An answer
   * that cannot be written becomes an error reply; a long one that breaks off throws.
   */
  write(output: Output): boolean {
    const answer = this.answer!;
    if (answer instanceof LongReply) return this.#writeParts(answer, output);
    try {
      output.write(answer instanceof Handout ? answer.reply : answer, this.protocol);
    } catch (error) {
      if (answer instanceof Handout) answer.giveBack();
      this.answer = this.errorReplyTo(error);
      output.write(this.answer, this.protocol);
    }
    return true;
  }

  /** The client is gone: gives a popped event back, and frees the memory of a long reply. */
  abandon(): void {
    if (this.answer instanceof Handout) this.answer.giveBack();
    else if (this.answer instanceof LongReply) this.answer.release();
  }

  #writeParts(answer: LongReply, output: Output): boolean {
    const bytesMax = output.length + PART_BYTES_MAX;
    this.isPartlyWritten = true;
    for (let count = 0; count < PARTS_MAX && output.length < bytesMax; count++) {
      if (!answer.isReady) return false;
      const { done, value } = answer.parts.next();
      if (done === true) return true;
      output.write(value, this.protocol);
    }
    return false;
  }
}
