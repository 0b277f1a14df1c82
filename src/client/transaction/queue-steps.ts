// A queue within a transaction: the same methods, each of which adds a step.
import { randomUUID } from "node:crypto";
import type { Claim } from "../event.ts";
import { QueueChanges } from "../manage/changes.ts";
import { areOnes, isOne, once, type Run, type Step } from "../manage/command.ts";
import { type PushManyOptions, type PushOptions, pushWords } from "../push-options.ts";
import { type AckOptions, ackWords, claimWords, type Failed, failedOf } from "../queue/claims.ts";
import { type FailOptions, failWords, type Touched, touchedOf } from "../queue/claims.ts";
import { type TouchOptions, touchWords } from "../queue/claims.ts";
import { idsFor } from "../queue/pushing-queue.ts";
import type { Queue } from "../queue/queue.ts";
import { arrayIn, type Reply, textIn } from "../reply.ts";
import type { Word } from "../words.ts";

export class QueueSteps<T> extends QueueChanges<T, "step"> {
  readonly #queue: Queue<T>;

  constructor(queue: Queue<T>, run: Run<"step">) {
    super(queue.name, run, queue.codec);
    this.#queue = queue;
  }

  /** The result is its id, or a DuplicateError. (QPUSH) */
  push(contents: T, options: PushOptions = {}): Step<string> {
    const id = options.id ?? randomUUID();
    const words = async (): Promise<Word[]> => {
      const encoded = await this.encoded(contents);
      return ["QPUSH", this.name, encoded, "ID", id, ...this.#optionWords(options)];
    };
    return this.run(once(words, textIn));
  }

  /** The result has null in the place of one that was there already. (QMPUSH) */
  pushMany(
    contents: readonly T[],
    options: PushManyOptions & { readonly ids?: readonly string[] | undefined } = {},
  ): Step<(string | null)[]> {
    const words = async (): Promise<Word[]> => {
      const ids = idsFor(contents, options.ids);
      const encoded = await Promise.all(contents.map((each) => this.encoded(each)));
      const pairs = encoded.flatMap((bytes, at) => [ids[at]!, bytes]);
      return ["QMPUSH", this.name, ...this.#optionWords(options), "PAIRS", ...pairs];
    };
    return this.run(once(words, idsIn));
  }

  /** (QACK) */
  ack(claim: Claim, options: AckOptions = {}): Step<boolean> {
    return this.run(once(() => ackWords(this.name, claim, options), isOne));
  }

  /** (QMACK) */
  ackMany(claims: readonly Claim[]): Step<boolean[]> {
    const named = () => claims.flatMap((claim) => claimWords(this.name, claim).slice(1));
    return this.run(once(() => ["QMACK", this.name, ...named()], areOnes));
  }

  /** (QFAIL) */
  fail(claim: Claim, options: FailOptions = {}): Step<Failed> {
    return this.run(once(() => failWords(this.name, claim, options), failedOf));
  }

  /** (QTOUCH) */
  touch(claim: Claim, options: TouchOptions = {}): Step<Touched> {
    return this.run(once(() => touchWords(this.name, claim, options), touchedOf));
  }

  #optionWords(options: PushOptions): Word[] {
    return pushWords(options, this.#queue.session.options.trace?.headers());
  }
}

function idsIn(reply: Reply): (string | null)[] {
  return arrayIn(reply).map((id) => (id === null ? null : textIn(id)));
}
