// The queues of a worker: in which order it looks at them, and how their contents are read.
import { createHash } from "node:crypto";
import { encodedFor } from "../contents.ts";
import type { Event } from "../event.ts";
import { eventsIn, popWords, withContents } from "../popping.ts";
import { type PushOptions, pushWords } from "../push-options.ts";
import type { QueueBase } from "../queue/queue-base.ts";
import type { Reply } from "../reply.ts";
import type { Word } from "../words.ts";
import { Claim, type Touch } from "./claim.ts";
import type { Times } from "./fetcher.ts";
import type { Next } from "./outcomes.ts";
import type { Settings } from "./worker-options.ts";

/** Enough that no two are the same. */
const ID_CHARS = 32;

type Named<T> = string | QueueBase<T>;

/**
 * - a queue, or a list of them: the first one that has an event, so the order is strict
 * - with weights: the order is drawn anew for each pop, and a queue with weight 3 is the first one
 *   three times as often as one with weight 1
 */
export type Queues<T> =
  | Named<T>
  | readonly Named<T>[]
  | readonly { readonly queue: Named<T>; readonly weight: number }[]
  | Readonly<Record<string, number>>;

export class WorkerQueues {
  readonly #queues: Map<string, QueueBase<unknown>>;
  readonly #weights: number[] | undefined;
  readonly #settings: Settings;
  readonly #queueOf: (name: string) => QueueBase<unknown>;

  /** Throws if there is no queue, or one twice, or a weight that is not a whole number above 0. */
  constructor(
    given: Queues<never>,
    settings: Settings,
    queueOf: (name: string) => QueueBase<unknown>,
  ) {
    this.#settings = settings;
    this.#queueOf = queueOf;
    const entries = entriesOf(given as Queues<unknown>);
    const queues = entries.map(({ queue }) => (typeof queue === "string" ? queueOf(queue) : queue));
    this.#queues = new Map(queues.map((queue) => [queue.name, queue]));
    if (queues.length === 0) throw new TypeError("a worker needs a queue");
    if (this.#queues.size < queues.length) throw new TypeError("a worker has a queue twice");
    const weights = entries.flatMap(({ weight }) => (weight === undefined ? [] : [weight]));
    if (weights.length === 0) return;
    const isWrong = (weight: number) => !(Number.isInteger(weight) && weight > 0);
    if (weights.length < queues.length || weights.some(isWrong)) {
      throw new RangeError(`weights must be whole numbers above 0, got ${weights.join(", ")}`);
    }
    this.#weights = weights;
  }

  /** A pop that waits so long, or not at all. */
  pop(count: number, waitMs: number): Word[] {
    const { leaseMs, name } = this.#settings;
    const from = { queues: [...this.#queues.keys()], weights: this.#weights, count };
    const worker = name ?? undefined;
    return ["QPOP", ...popWords(from, { leaseMs, worker }, waitMs > 0 ? waitMs : undefined)];
  }

  claimsIn(reply: Reply, times: Times, touch: Touch): Claim[] {
    const lease = { ...times, leaseMs: this.#settings.leaseMs };
    return eventsIn(reply).map((event) => new Claim(event, lease, touch));
  }

  /** Reads the contents of an event into its job. Throws or rejects with a ContentsError. */
  read({ job }: Claim): Promise<unknown> | void {
    const read = withContents(job as Claim<undefined>["job"], this.#queues.get(job.queue)!.codec);
    if (read instanceof Promise) return read;
  }

  /** The words of the push of a `next`. Its id is the same whenever they are made. */
  async push({ queue, contents, options }: Next, { job }: Claim): Promise<Word[]> {
    const target = typeof queue === "string" ? this.#queueOf(queue) : (queue as QueueBase<unknown>);
    const given: PushOptions = { onDuplicate: "keep", ...options };
    const { session, name, codec } = target;
    const encoded = await encodedFor(name, codec, contents);
    const traced = session.options.trace?.headers();
    const id = given.id ?? (name === job.queue ? successorOf(job) : job.id);
    return ["QPUSH", name, encoded, "ID", id, ...pushWords(given, traced)];
  }
}

/** In the queue of the event itself its id may be taken for a time (dedupe-window). */
function successorOf({ id, token }: Event<unknown>): string {
  return createHash("sha256").update(`${token} ${id}`).digest("hex").slice(0, ID_CHARS);
}

function entriesOf(given: Queues<unknown>): { queue: Named<unknown>; weight?: number }[] {
  if (typeof given === "string" || isQueue(given)) return [{ queue: given }];
  if (!Array.isArray(given)) {
    return Object.entries(given).map(([queue, weight]) => ({ queue, weight }));
  }
  return given.map((each) => (typeof each === "string" || isQueue(each) ? { queue: each } : each));
}

function isQueue(given: object): given is QueueBase<unknown> {
  return "codec" in given;
}
