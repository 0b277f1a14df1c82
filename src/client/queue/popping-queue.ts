// Pops from one queue.
import { ContentsError } from "../errors.ts";
import type { Claim, Event } from "../event.ts";
import { eventsIn, type PopOptions, sendPop, sendPopping, withContents } from "../popping.ts";
import { arrayIn, bytesIn, textIn } from "../reply.ts";
import type { Word } from "../words.ts";
import { claimWords } from "./claims.ts";
import { PushingQueue } from "./pushing-queue.ts";

/** An event that was looked at and not claimed. */
export interface Peeked<T> {
  readonly id: string;
  readonly contents: T;
  readonly bytes: Buffer;
}

export interface NextOptions extends PopOptions {
  /** Kept with the acknowledged event, if the queue keeps completed ones. */
  readonly result?: string | Uint8Array;
}

export abstract class PoppingQueue<T> extends PushingQueue<T> {
  /**
   * Claims the next event, or resolves to null. Rejects with a ContentsError if the contents do not
   * suit: the event is claimed then, and the error has it.
   */
  async pop(options: PopOptions = {}): Promise<Event<T> | null> {
    const [event] = await sendPop(this.session, { queues: [this.name] }, options);
    return event ? await withContents(event, this.codec) : null;
  }

  /**
   * Claims up to that many events (at most 1,000): those that are there, or with waitMs the first
   * that come. If contents do not suit, the ContentsError has that event, and all others.
   */
  async popMany(count: number, options: PopOptions = {}): Promise<Event<T>[]> {
    const from = { queues: [this.name], count };
    return await this.#complete(await sendPop(this.session, from, options));
  }

  /**
   * Acknowledges an event and claims the next one, in one round trip. If an answer is lost, both
   * are sent again: then `acked` says true also if the claim had ended.
   */
  async next(
    claim: Claim,
    options: NextOptions = {},
  ): Promise<{ acked: boolean; event: Event<T> | null }> {
    const words: Word[] = ["QNEXT", ...claimWords(this.name, claim)];
    if (options.result !== undefined) words.push("RESULT", options.result);
    const from = { queues: [this.name] };
    const { reply, isRepeat } = await sendPopping(this.session, words, from, options);
    const [acked, events] = arrayIn(reply);
    const [event] = eventsIn(events);
    return {
      acked: acked === 1 || isRepeat,
      event: event ? await withContents(event, this.codec) : null,
    };
  }

  /** The event that is handed out next, or with `last` the one that is handed out last. */
  async peek({ last = false } = {}): Promise<Peeked<T> | null> {
    const { reply } = await this.repeat([last ? "QLPEEK" : "QRPEEK", this.name]);
    if (reply === null) return null;
    const [id, bytes] = arrayIn(reply);
    const peeked = { id: textIn(id), bytes: bytesIn(bytes) };
    return { ...peeked, contents: await this.decode(peeked.id, peeked.bytes) };
  }

  /** Contents of an event that is not claimed. Rejects with a ContentsError. */
  protected async decode(id: string, bytes: Buffer): Promise<T> {
    try {
      return await this.codec.decode(bytes);
    } catch (error) {
      throw new ContentsError(`event ${id} of ${this.name}: ${(error as Error).message}`);
    }
  }

  async #complete(popped: readonly Event<undefined>[]): Promise<Event<T>[]> {
    const complete = async (event: Event<undefined>) => withContents(event, this.codec);
    const results = await Promise.allSettled(popped.map(complete));
    const refused = results.find((result) => result.status === "rejected");
    if (!refused) return popped as Event<unknown>[] as Event<T>[];
    const { message, event } = refused.reason as ContentsError;
    const others = popped.filter((other) => other !== event);
    throw new ContentsError(message, event, others);
  }
}
