// A counter that its members count down: fan-out and join.
import { type Codec, encodedFor } from "../contents.ts";
import { numberIn, type Reply } from "../reply.ts";
import { type EventOptions, pushWords } from "../push-options.ts";
import { dateOf, seconds } from "../seconds.ts";
import type { Word } from "../words.ts";
import { again, type Answer, isOne, type Mode, nothing, once } from "./command.ts";
import { type Run } from "./command.ts";
import { Fields } from "./fields.ts";

export interface CounterOptions<T> {
  /** Then the counter is gone, and its event never comes. */
  ttlMs?: number | undefined;
  /** The event that okq pushes when the last member is counted. Its id is the counter's key. */
  push?: ({ contents: T } & EventOptions) | undefined;
}

/** One of the counters of a queue. */
export interface CounterFacts {
  key: string;
  /** How many members are not counted yet. */
  left: number;
  since: Date;
}

/** Give it to `part` of a push, and the event is a member. */
export class Counter<T, M extends Mode = "now"> {
  constructor(
    readonly queue: string,
    readonly key: string,
    private readonly run: Run<M>,
    private readonly codec: Codec<T>,
  ) {}

  /**
   * Makes it, before its members are pushed. The same again changes nothing until it has counted;
   * then it is an error. (QCOUNTER INIT)
   */
  init(members: number, { ttlMs, push }: CounterOptions<T> = {}): Answer<M, void> {
    const words = async (): Promise<Word[]> => [
      "QCOUNTER",
      "INIT",
      this.queue,
      this.key,
      members,
      ...(ttlMs === undefined ? [] : ["TTL", seconds(ttlMs, "ttlMs")]),
      ...(push === undefined ? [] : await this.#thenWords(push)),
    ];
    return this.run(again(words, nothing));
  }

  /**
   * Counts a member that is no event, once however often it is said. How many are left; null: there
   * is no such counter, or not any more. (QCOUNTER DONE)
   */
  done(member: string): Answer<M, number | null> {
    return this.run(again(() => ["QCOUNTER", "DONE", this.queue, this.key, member], numberOrNull));
  }

  /** How many are left; null: there is no such counter. (QCOUNTER GET) */
  left(): Answer<M, number | null> {
    return this.run(again(() => ["QCOUNTER", "GET", this.queue, this.key], numberOrNull));
  }

  /** False: there was none. (QCOUNTER DEL) */
  delete(): Answer<M, boolean> {
    return this.run(once(() => ["QCOUNTER", "DEL", this.queue, this.key], isOne));
  }

  async #thenWords(push: { contents: T } & EventOptions): Promise<Word[]> {
    const encoded = await encodedFor(this.queue, this.codec, push.contents);
    return ["THEN", encoded, ...pushWords(push)];
  }
}

function numberOrNull(reply: Reply): number | null {
  return reply === null ? null : numberIn(reply);
}

export function counterFactsOf(reply: Reply): CounterFacts {
  const fields = new Fields(reply);
  return {
    key: fields.name("key"),
    left: fields.count("left"),
    since: dateOf(fields.count("since")),
  };
}
