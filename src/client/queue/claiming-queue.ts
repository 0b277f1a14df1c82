// The ends of claims, and what makes them longer. Each command concerns the claim that its token
// names: when the lease has ended, it changes nothing.
import type { Claim } from "../event.ts";
import { arrayIn, type Reply, textIn } from "../reply.ts";
import type { Word } from "../words.ts";
import { type AckOptions, ackWords, claimWords, type EndOptions, type Failed } from "./claims.ts";
import { type FailOptions, failWords, leaseWords, type Touched, touchedOf } from "./claims.ts";
import { type TouchOptions, touchWords } from "./claims.ts";
import { PoppingQueue } from "./popping-queue.ts";
import { inPieces } from "./queue-base.ts";

export abstract class ClaimingQueue<T> extends PoppingQueue<T> {
  /**
   * Acknowledges an event: it is gone. False if that claim was not there. If an answer was lost and
   * the claim is not there when the command is sent again, it counts as done.
   */
  async ack(claim: Claim, options: AckOptions = {}): Promise<boolean> {
    const words = ackWords(this.name, claim, options);
    const { reply, isRepeat } = await this.repeat(words, repeatOf(options));
    return reply === 1 || isRepeat;
  }

  /** Acknowledges events, up to 1,000 in one step. For each of them what ack() says. */
  async ackMany(claims: readonly Claim[], options: EndOptions = {}): Promise<boolean[]> {
    const acked: boolean[] = [];
    await this.#many(["QMACK", this.name], claims, options, (replies, isRepeat) => {
      for (const reply of replies) acked.push(reply === 1 || isRepeat);
    });
    return acked;
  }

  /**
   * Says that the work failed: there is another attempt after the queue's backoff or the given
   * time, unless it was the last one.
   */
  async fail(claim: Claim, options: FailOptions = {}): Promise<Failed> {
    const words = failWords(this.name, claim, options);
    const { reply, isRepeat } = await this.repeat(words, repeatOf(options));
    if (reply === null) return isRepeat ? "unknown" : null;
    return textIn(reply) as Failed;
  }

  /** Makes a lease longer. After a lost answer a line of the log may be there twice. */
  async touch(claim: Claim, options: TouchOptions = {}): Promise<Touched> {
    const words = touchWords(this.name, claim, options);
    const { reply } = await this.repeat(words, repeatOf(options));
    return touchedOf(reply);
  }

  /** Makes leases longer, up to 1,000 in one step. */
  async touchMany(
    claims: readonly Claim[],
    options: Pick<TouchOptions, "leaseMs" | "repeatUntilMs"> = {},
  ): Promise<Touched[]> {
    const touched: Touched[] = [];
    const head = ["QMTOUCH", this.name, ...leaseWords(options), "CLAIMS"];
    await this.#many(head, claims, options, (replies) => {
      for (const reply of replies) touched.push(touchedOf(reply));
    });
    return touched;
  }

  async #many(
    head: readonly Word[],
    claims: readonly Claim[],
    options: EndOptions,
    answered: (replies: Reply[], isRepeat: boolean) => void,
  ): Promise<void> {
    for (const piece of inPieces(claims)) {
      const named = piece.flatMap((claim) => claimWords(this.name, claim).slice(1));
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { reply, isRepeat } = await this.repeat([...head, ...named], repeatOf(options));
      answered(arrayIn(reply), isRepeat);
    }
  }
}

function repeatOf({ repeatUntilMs }: EndOptions): EndOptions {
  return repeatUntilMs === undefined ? {} : { repeatUntilMs };
}
