// Runs commands for an HTTP request, as a connection does for its client: with the same rights,
// checks, limits and errors.
import { type Answer, Handout, LongReply } from "../commands/answer.ts";
import type { Caller } from "../commands/caller.ts";
import type { QueueContext } from "../commands/context.ts";
import { CommandError } from "../commands/errors.ts";
import { Execution } from "../commands/execution.ts";
import { queueEntry } from "../commands/table.ts";
import { ErrorReply, type Reply } from "../resp/reply.ts";

/** A word of a command; a number is written in decimal digits. */
export type Word = string | Buffer | number;

class RequestCommand extends Execution<Caller, QueueContext> {
  readonly #outcome = Promise.withResolvers<Answer>();

  protected answered(answer: Answer): void {
    this.#outcome.resolve(answer);
  }

  /** Resolves with the answer, which may be an error. */
  run(): Promise<Answer> {
    const { clock, durations } = this.context;
    const beganAtMs = clock.nowMs();
    const entry = queueEntry(String(this.args[0]));
    const answer = this.begin(entry, null);
    if (answer !== undefined) this.#outcome.resolve(answer);
    else this.submitOrAwait();
    return this.#outcome.promise.finally(() =>
      durations.add(entry.number, clock.nowMs() - beganAtMs),
    );
  }
}

/** The commands of one request. */
export class RequestCommands {
  readonly #handouts: Handout[] = [];

  constructor(
    readonly caller: Caller,
    readonly context: QueueContext,
  ) {}

  /** The reply. Rejects with a CommandError. */
  async run(...words: Word[]): Promise<Reply> {
    const args = words.map((word) => (Buffer.isBuffer(word) ? word : Buffer.from(String(word))));
    const answer = await new RequestCommand(args, this.caller, this.context).run();
    if (answer instanceof ErrorReply) throw new CommandError(answer);
    if (answer instanceof LongReply) throw new Error(`a long reply to ${words[0]}`);
    if (!(answer instanceof Handout)) return answer;
    this.#handouts.push(answer);
    return answer.reply;
  }

  /** Requeues the events that were popped: the client did not get them. */
  giveBack(): void {
    for (const handout of this.#handouts.toReversed()) handout.giveBack();
  }
}
