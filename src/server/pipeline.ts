// The commands of one connection that were started and whose replies are not sent, in order.
import { BeforeExec, LongReply } from "../commands/answer.ts";
import type { Takings } from "../commands/takings.ts";
import { FIRST_REPLY_BYTES, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MAX } from "./flow/limits.ts";
import type { StartedCommand } from "./started-command.ts";

export class Pipeline {
  readonly #commands: StartedCommand[] = [];
  /** Commands that must be answered before the next one may start, and the latest of them. */
  #exclusives = 0;
  #exclusive: StartedCommand | null = null;
  #unansweredBytes = 0;
  /** The average size of the latest replies. */
  #replyBytes = FIRST_REPLY_BYTES;

  get size(): number {
    return this.#commands.length;
  }

  /** Bytes of the arguments of commands that are not answered. */
  get unansweredBytes(): number {
    return this.#unansweredBytes;
  }

  /** The first attempts of the exclusive commands, if an equal one may make its attempt beside. */
  get takings(): Takings | null {
    return this.#exclusive?.letsEqualStart ? this.#exclusive.takings : null;
  }

  /** Why the next command may not be started; null when it may. */
  limitOf(next: { isNextSame: boolean }): "exclusive" | "in-flight" | null {
    const exclusive = this.#exclusive;
    if (exclusive && !(exclusive.letsEqualStart && next.isNextSame)) return "exclusive";
    const { size } = this;
    if (size === 0) return null;
    const bytes = this.#unansweredBytes + size * this.#replyBytes;
    return size >= IN_FLIGHT_MAX || bytes > IN_FLIGHT_BYTES_MAX ? "in-flight" : null;
  }

  get isAnswered(): boolean {
    return this.#commands.every(({ answer }) => answer !== undefined);
  }

  /** The command at that position, if its reply may be sent; those before it are sent. */
  answeredAt(index: number): StartedCommand | null {
    const command = this.#commands[index];
    if (command === undefined || command.answer === undefined) return null;
    if (command.answer instanceof LongReply && !command.answer.isReady) return null;
    return command.answer instanceof BeforeExec && this.#awaitsExec(index) ? null : command;
  }

  #awaitsExec(index: number): boolean {
    // It was the first one of the transaction to be asked.
    if (this.#commands[index - 1]?.answer instanceof BeforeExec) return false;
    let at = index + 1;
    while (this.#commands[at]?.answer instanceof BeforeExec) at++;
    const next = this.#commands[at];
    return next !== undefined && next.answer === undefined;
  }

  /** Whether the reply of the first command is written in part. */
  get isBegun(): boolean {
    return this.#commands[0]?.isPartlyWritten ?? false;
  }

  includes(command: StartedCommand): boolean {
    return this.#commands.includes(command);
  }

  add(command: StartedCommand): void {
    this.#commands.push(command);
  }

  /** The command, which was added before, has no answer yet. */
  awaitAnswer(command: StartedCommand): void {
    this.#unansweredBytes += command.bytes;
    if (!command.isExclusive) return;
    this.#exclusive = command;
    this.#exclusives += 1;
  }

  /** The answer that was awaited has come. */
  answered(command: StartedCommand): void {
    this.#unansweredBytes -= command.bytes;
    if (command.isExclusive) this.#exclusives -= 1;
    if (this.#exclusives === 0) this.#exclusive = null;
  }

  /** The first replies were sent: that many, in that many bytes. */
  sent(count: number, bytes: number): void {
    if (count === 0) return;
    this.#replyBytes = bytes / count;
    if (count === this.#commands.length) this.#commands.length = 0;
    else this.#commands.splice(0, count);
  }

  /** The client is gone. The event popped first is requeued last, so it is the next one out. */
  abandon(): void {
    for (const command of this.#commands.splice(0).toReversed()) command.abandon();
  }
}
