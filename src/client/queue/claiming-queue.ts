// The ends of claims, and what makes them longer. Each command concerns the claim that its token
// names: when the lease has ended, it changes nothing.
import type { Claim } from "../event.ts";
import { arrayIn, type Reply, textIn } from "../reply.ts";
import { seconds, secondsSince1970, type Time } from "../seconds.ts";
import type { Word } from "../words.ts";
import { PoppingQueue } from "./popping-queue.ts";
import { inPieces } from "./queue-base.ts";

export interface EndOptions {
  /** Until when it is sent again after lost answers (ms since 1970): the end of the lease. */
  readonly repeatUntilMs?: number;
}

interface Later {
  /** Not handed out before so long. */
  readonly delayMs?: number;
  /** Not handed out before then. */
  readonly at?: Time;
}

export interface AckOptions extends EndOptions, Later {
  /** Kept with the event, if the queue keeps completed ones. */
  readonly result?: string | Uint8Array;
  /** Gives the event back, ready as the next one or with delayMs or at delayed: no failure. */
  readonly redo?: boolean;
}

export interface FailOptions extends EndOptions, Later {
  /** Why it failed. */
  readonly error?: string;
  /** For good: there is no other attempt. */
  readonly final?: boolean;
}

export interface TouchOptions extends EndOptions {
  /** The lease ends so long from now; else as long as when it was popped. */
  readonly leaseMs?: number;
  /** Shown by get(), as the line of the log. */
  readonly progress?: string;
  readonly log?: string;
}

/**
 * What became of an event that failed; null if the claim was not there. "unknown": an answer was
 * lost, and when the command was sent again, the claim was not there: mostly the first did it.
 */
export type Failed = "ready" | "delayed" | "failed" | "removed" | "unknown" | null;

/** "cancelled": its consumer should stop. "lost": that claim is not there. */
export type Touched = "held" | "cancelled" | "lost";

const TOUCHED: readonly Touched[] = ["lost", "held", "cancelled"];

export abstract class ClaimingQueue<T> extends PoppingQueue<T> {
  /**
   * Acknowledges an event: it is gone. False if that claim was not there. If an answer was lost and
   * the claim is not there when the command is sent again, it counts as done.
   */
  async ack(claim: Claim, options: AckOptions = {}): Promise<boolean> {
    const [queue, id, token] = this.claimWords(claim);
    const words: Word[] = ["QACK", queue, id, "TOKEN", token];
    if (options.redo) words.push("REDO");
    words.push(...laterWords(options));
    if (options.result !== undefined) words.push("RESULT", options.result);
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
    const words: Word[] = ["QFAIL", ...this.claimWords(claim)];
    if (options.error !== undefined) words.push("ERROR", options.error);
    words.push(...laterWords(options));
    if (options.final) words.push("FINAL");
    const { reply, isRepeat } = await this.repeat(words, repeatOf(options));
    if (reply === null) return isRepeat ? "unknown" : null;
    return textIn(reply) as Failed;
  }

  /** Makes a lease longer. After a lost answer a line of the log may be there twice. */
  async touch(claim: Claim, options: TouchOptions = {}): Promise<Touched> {
    const words: Word[] = ["QTOUCH", ...this.claimWords(claim), ...leaseWords(options)];
    if (options.progress !== undefined) words.push("PROGRESS", options.progress);
    if (options.log !== undefined) words.push("LOG", options.log);
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
      const named = piece.flatMap((claim) => this.claimWords(claim).slice(1));
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { reply, isRepeat } = await this.repeat([...head, ...named], repeatOf(options));
      answered(arrayIn(reply), isRepeat);
    }
  }
}

function laterWords({ delayMs, at }: Later): Word[] {
  const words: Word[] = [];
  if (delayMs !== undefined) words.push("DELAY", seconds(delayMs, "delayMs"));
  if (at !== undefined) words.push("AT", secondsSince1970(at, "at"));
  return words;
}

function leaseWords({ leaseMs }: Pick<TouchOptions, "leaseMs">): Word[] {
  return leaseMs === undefined ? [] : ["LEASE", seconds(leaseMs, "leaseMs")];
}

function repeatOf({ repeatUntilMs }: EndOptions): EndOptions {
  return repeatUntilMs === undefined ? {} : { repeatUntilMs };
}

function touchedOf(reply: Reply): Touched {
  return TOUCHED[Number(reply)] ?? "lost";
}
