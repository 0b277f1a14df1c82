// Commands that a client had sent after a failed one, before it could see the error, are refused
// (see EarlierFailure in queue/errors.ts). The session refuses those that were started. This class
// refuses the others: those that had arrived, and the one that had arrived in part.
//
//   none --a command failed--> all --its error is sent--> those that had arrived by then
//    ^----------------- the last of them is refused, or all are answered ----------+
import type { ErrorReply } from "../resp/reply.ts";

/** While okq does not read, the systems at both ends may buffer this much. */
const SYSTEM_BYTES_MAX = 16 * 1024 * 1024;

export class CommandsAfterFailure<Command> {
  #reply: ErrorReply | null = null;
  #failed: Command | null = null;
  /** Commands that begin before this byte of the connection are refused. */
  #end = Infinity;
  /** The limit of #end, however much arrives. */
  #endMax = Infinity;

  /** It ends at endOnlyNow(), and not by itself. */
  #isHeld = false;

  /** The reply to commands on queues; null when they are run. */
  get reply(): ErrorReply | null {
    return this.#reply;
  }

  /** That command failed; the commands after it get this reply. */
  begin(failed: Command, reply: ErrorReply): void {
    this.#reply = reply;
    this.#failed = failed;
    this.#end = Infinity;
    this.#endMax = Infinity;
  }

  /** All replies are sent, except those to the unanswered commands. */
  repliesSent(
    unanswered: { includes(command: Command): boolean },
    arrived: { bytes: number; areStarted: boolean; isPaused: boolean },
  ): void {
    if (this.#isHeld || this.#failed === null || unanswered.includes(this.#failed)) return;
    this.#failed = null;
    this.#endMax = arrived.bytes + SYSTEM_BYTES_MAX;
    if (arrived.isPaused) this.#end = this.#endMax;
    else if (arrived.areStarted) this.end();
    else this.#end = arrived.bytes;
  }

  /**
   * A command that ends at this byte was refused; arrivedBytes have arrived by now. If only a part
   * of it had arrived when the error was sent, commands that came with the rest are refused too.
   */
  refusedTo(bytes: number, arrivedBytes: number): void {
    if (this.#isHeld || bytes < this.#end) return;
    const wasIncomplete = bytes > this.#end && bytes < arrivedBytes && bytes < this.#endMax;
    if (wasIncomplete) this.#end = Math.min(arrivedBytes, this.#endMax);
    else this.end();
  }

  /** All commands are answered, and nothing else has arrived. */
  idle(): void {
    if (!this.#isHeld) this.end();
  }

  /**
   * Commands are run again, until one fails; then they are refused until the next call. For an okq
   * that passes commands on: it says when it has seen the failure, and has none under way.
   */
  endOnlyNow(): void {
    this.#isHeld = true;
    this.end();
  }

  /** Commands are run again. */
  end(): void {
    this.#reply = null;
    this.#failed = null;
    this.#end = Infinity;
    this.#endMax = Infinity;
  }
}
