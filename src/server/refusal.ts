// Commands that a client had sent behind a failed operation, before it could see the failure, are
// not done (see Session in queue/store.ts). The session refuses those that were started, this class
// those that were not started: commands that had arrived, and those that came with the rest of a
// command that had arrived in part.
//
//   none --an operation failed--> all --its reply left--> those that the client had sent by then
//    ^---------------- the last of them was refused, or all is answered ---------+
import type { Failure } from "../resp/reply.ts";

/** Bytes that the systems at both ends may hold while the client is not read. */
const SYSTEM_BYTES_MAX = 16 * 1024 * 1024;

export class Refusal<Slot> {
  #reply: Failure | null = null;
  #failed: Slot | null = null;
  /** Commands that begin before this byte of the connection are refused. */
  #end = Infinity;
  /** However much arrives, it does not go beyond this one. */
  #endMax = Infinity;

  /** The answer to commands on queues; null when they are done. */
  get reply(): Failure | null {
    return this.#reply;
  }

  /** The operation of that command failed. */
  begin(failed: Slot, reply: Failure): void {
    this.#reply = reply;
    this.#failed = failed;
    this.#end = Infinity;
    this.#endMax = Infinity;
  }

  /** The socket has taken all replies but those to commands that have none yet. */
  answered(
    unanswered: { includes(slot: Slot): boolean },
    arrived: { bytes: number; areStarted: boolean; isPaused: boolean },
  ): void {
    if (this.#failed === null || unanswered.includes(this.#failed)) return;
    this.#failed = null;
    this.#endMax = arrived.bytes + SYSTEM_BYTES_MAX;
    if (arrived.isPaused) this.#end = this.#endMax;
    else if (arrived.areStarted) this.end();
    else this.#end = arrived.bytes;
  }

  /**
   * A command that ends at this byte was refused, of so many that arrived by now. If it had arrived
   * in part, its client was still sending: commands that came with the rest are refused too.
   */
  refusedTo(bytes: number, arrivedBytes: number): void {
    if (bytes < this.#end) return;
    const isCut = bytes > this.#end && bytes < arrivedBytes && bytes < this.#endMax;
    if (isCut) this.#end = Math.min(arrivedBytes, this.#endMax);
    else this.end();
  }

  /** There is nothing to refuse any more. */
  end(): void {
    this.#reply = null;
    this.#failed = null;
    this.#end = Infinity;
    this.#endMax = Infinity;
  }
}
