// Writes the replies of one connection in the order of its commands, all that are ready in one go,
// and messages between them.
import { Confirmations, Handout, LongReply } from "../commands/answer.ts";
import type { CommandDurations } from "../commands/command-durations.ts";
import type { Stats } from "../commands/context.ts";
import type { Clock } from "../queue/clock.ts";
import { ErrorReply, Output } from "../resp/reply.ts";
import type { Closing } from "./closing.ts";
import type { Backoff } from "./flow/backoff.ts";
import { LARGE_OUTPUT_BYTES_MIN, UNSENT_BYTES_MAX } from "./flow/limits.ts";
import type { Messages } from "./messages.ts";
import type { Outbox, Pending } from "./outbox.ts";
import type { Pipeline } from "./pipeline.ts";

/** All connections write here, one after the other: it is empty before and after each flush. */
const output = new Output();
const pending: Pending[] = [];

interface Parts {
  pipeline: Pipeline;
  outbox: Outbox;
  messages: Messages;
  closing: Closing;
  backoff: Backoff;
}

interface Shared {
  stats: Stats;
  durations: CommandDurations;
  clock: Clock;
}

export class ReplyWriter {
  readonly #stats: Stats;
  readonly #durations: CommandDurations;
  readonly #clock: Clock;
  readonly #parts: Parts;

  constructor({ stats, clock, durations }: Shared, parts: Parts) {
    this.#stats = stats;
    this.#durations = durations;
    this.#clock = clock;
    this.#parts = parts;
  }

  /**
   * Sends the replies that are ready, as far as the limit on unsent replies allows. Throws when a
   * reply breaks off: then all events that were not sent are still in the pipeline.
   */
  flush(): void {
    const { pipeline } = this.#parts;
    try {
      const count = this.#writeReplies();
      if (output.length > 0 || pending.length > 0) this.#send();
      pipeline.sent(count, output.length);
    } finally {
      output.clear();
      pending.length = 0;
    }
  }

  /** Returns how many commands are answered in full. */
  #writeReplies(): number {
    const { pipeline, outbox, messages } = this.#parts;
    for (let count = 0; ; count++) {
      const command = pipeline.answeredAt(count);
      if (messages.length > 0 && !(count === 0 && pipeline.isBegun)) messages.write(output);
      if (!command || outbox.length + output.length > UNSENT_BYTES_MAX) return count;
      const isWritten = !command.isSilent || command.answer instanceof Confirmations;
      if (isWritten && !command.write(output)) return count;
      const { answer } = command;
      this.#durations.ended(command.commandNumber, command.beganAtMs);
      if (command.receipt) pending.push({ end: output.length, handout: command.receipt });
      if (answer instanceof LongReply) answer.release();
      else if (answer instanceof ErrorReply) this.#stats.errors += 1;
      else if (answer instanceof Handout && !command.isSilent) this.#noteEvent(answer);
    }
  }

  /** A popped event is in the output. */
  #noteEvent(handout: Handout): void {
    const { closing, outbox } = this.#parts;
    const { hasPeerHalfClosed } = closing;
    if (hasPeerHalfClosed) closing.addUnconfirmed(handout);
    if (!hasPeerHalfClosed || outbox.isConfirmed) pending.push({ end: output.length, handout });
  }

  #send(): void {
    const { outbox, backoff } = this.#parts;
    this.#stats.bytesOut += output.length;
    const startedAtMs = output.length > LARGE_OUTPUT_BYTES_MIN ? this.#clock.nowMs() : 0;
    outbox.send(output.buffer, output.length, pending);
    if (startedAtMs > 0) backoff.afterWork(startedAtMs);
  }
}
