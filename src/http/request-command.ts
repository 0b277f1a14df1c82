// Runs commands for an HTTP request, as a connection does for its client: with the same rights,
// checks, limits and errors.
import { type Answer, Handout, LongReply } from "../commands/answer.ts";
import type { Caller } from "../commands/caller.ts";
import type { Context } from "../commands/context.ts";
import { CommandError, commandError } from "../commands/errors.ts";
import { Execution } from "../commands/execution.ts";
import { PoppedEvents } from "../commands/popped-events.ts";
import { entryForAnyCaller } from "../commands/table.ts";
import type { Popped } from "../queue/event.ts";
import { Encoded, ErrorReply, type Reply } from "../resp/reply.ts";

/** A word of a command; a number is written in decimal digits. */
export type Word = string | Buffer | number;

class RequestCommand extends Execution<Caller, Context> {
  readonly #outcome = Promise.withResolvers<Answer>();

  protected answered(answer: Answer): void {
    this.#outcome.resolve(answer);
  }

  /** Resolves with the answer to the command of that name, which may be an error. */
  run(name: string): Promise<Answer> {
    const { durations, clock } = this.context;
    const beganAtMs = clock.nowMs();
    const entry = entryForAnyCaller(name);
    const answer = this.begin(entry, null);
    if (answer !== undefined) this.#outcome.resolve(answer);
    else this.submitOrAwait();
    return this.#outcome.promise.finally(() => {
      durations.ended(entry.number, beganAtMs);
      durations.turnEnded();
    });
  }
}

function argumentOf(word: Word): Buffer {
  return Buffer.isBuffer(word) ? word : Buffer.from(String(word));
}

/** The elements of a long array. */
function listIn({ parts, release }: LongReply): Reply[] {
  try {
    const all = Iterator.from(parts as Iterator<Reply> & Iterable<Reply>);
    return [...all].filter((part) => !(part instanceof Encoded));
  } finally {
    release();
  }
}

/** The commands of one request. */
export class RequestCommands {
  readonly #handouts: Handout[] = [];

  constructor(
    readonly caller: Caller,
    readonly context: Context,
  ) {}

  /** The reply to the command of that name, in capitals. Rejects with a CommandError. */
  async run(name: string, ...words: Word[]): Promise<Reply> {
    const args = [...name.split(" "), ...words].map(argumentOf);
    this.#checkLengths(args);
    const answer = await new RequestCommand(args, this.caller, this.context).run(name);
    if (answer instanceof ErrorReply) throw new CommandError(answer);
    if (answer instanceof LongReply) return listIn(answer);
    if (!(answer instanceof Handout)) return answer;
    this.#handouts.push(answer);
    return answer.reply;
  }

  /** As the connections of RESP do. */
  #checkLengths(args: Buffer[]): void {
    const bytesMax = this.context.settings.maxEventBytes;
    const longer = args.find(({ length }) => length > bytesMax);
    if (longer) throw commandError("eventTooLarge", { bytes: longer.length, bytesMax });
  }

  /** All that is known of the events that were popped. */
  get popped(): Popped[] {
    return this.#handouts.flatMap((each) => (each instanceof PoppedEvents ? each.events : []));
  }

  /** Requeues the events that were popped: the client does not get them. */
  giveBack(): void {
    for (const handout of this.#handouts.toReversed()) handout.giveBack();
  }

  /**
   * The response is about to be sent. The signal aborts if the client goes before it has all of
   * it; it may have read a part.
   */
  handOver(signal: AbortSignal): void {
    if (this.#handouts.length === 0) return;
    if (signal.aborted) return this.giveBack();
    const undo = () => {
      for (const handout of this.#handouts.toReversed()) handout.giveBackUnconfirmed();
    };
    signal.addEventListener("abort", undo, { once: true });
  }
}
