// The commands of one connection that its client had sent behind a failed operation before it could
// see the failure. They are not done (see Session in queue/store.ts): the session refuses what was
// started, this the rest that had arrived.
//
//   none --an operation failed--> all --its reply left--> those that had arrived by then
//    ^---------------- the last of them was refused, or all is answered ------+
import type { Failure } from "../resp/reply.ts";

/** What the systems at both ends may still hold of a client that is not read. */
const SYSTEM_BYTES_MAX = 16 * 1024 * 1024;

export class Refusal<Slot> {
  #reply: Failure | null = null;
  #failed: Slot | null = null;
  /** Where the last of them ends, in bytes since the connection began; not known at first. */
  #end = Infinity;

  /** What commands on queues are answered with; null when they are done. */
  get reply(): Failure | null {
    return this.#reply;
  }

  /** The operation of that command failed. */
  begin(failed: Slot, reply: Failure): void {
    this.#reply = reply;
    this.#failed = failed;
    this.#end = Infinity;
  }

  /** The socket took all answers but those of these commands. */
  answered(
    unanswered: readonly Slot[],
    arrived: { bytes: number; areStarted: boolean; isPaused: boolean },
  ): void {
    if (this.#failed === null || unanswered.includes(this.#failed)) return;
    this.#failed = null;
    if (arrived.isPaused) this.#end = arrived.bytes + SYSTEM_BYTES_MAX;
    else if (arrived.areStarted) this.end();
    else this.#end = arrived.bytes;
  }

  /** A command that ended there was refused. */
  refusedTo(bytes: number): void {
    if (bytes >= this.#end) this.end();
  }

  /** There is nothing to refuse any more. */
  end(): void {
    this.#reply = null;
    this.#failed = null;
    this.#end = Infinity;
  }
}
