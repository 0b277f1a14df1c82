// The words of the commands that end a claim or make it longer, and what their replies mean.
import type { Claim } from "../event.ts";
import { type Reply, textIn } from "../reply.ts";
import { seconds } from "../seconds.ts";
import { type Start, startWords } from "../start.ts";
import type { Word } from "../words.ts";

export interface EndOptions {
  /** Until when it is sent again after lost answers (ms since 1970): the end of the lease. */
  readonly repeatUntilMs?: number;
}

export type AckOptions = EndOptions &
  (
    | {
        /** Kept with the event, if the queue keeps completed ones. */
        readonly result?: string | Uint8Array | undefined;
        readonly redo?: false | undefined;
        readonly delayMs?: undefined;
        readonly at?: undefined;
      }
    | ({
        /** Gives it back, ready as the next one, or with delayMs or at delayed: no failure. */
        readonly redo: true;
        readonly result?: undefined;
      } & Start)
  );

export type FailOptions = EndOptions & {
  /** Why it failed. */
  readonly error?: string | undefined;
} & (
    | ({ readonly final?: false | undefined } & Start)
    | {
        /** For good: there is no other attempt. */
        readonly final: true;
        readonly delayMs?: undefined;
        readonly at?: undefined;
      }
  );

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

/** Throws if the claim is one of another queue. */
export function claimWords(
  name: string,
  { queue, id, token }: Claim,
): [queue: string, id: string, token: string] {
  if (queue !== undefined && queue !== name) {
    throw new RangeError(`event ${id} is of the queue ${queue}, not of ${name}`);
  }
  return [name, id, token];
}

export function ackWords(name: string, claim: Claim, options: AckOptions): Word[] {
  const [queue, id, token] = claimWords(name, claim);
  const words: Word[] = ["QACK", queue, id, "TOKEN", token];
  if (options.redo) words.push("REDO");
  words.push(...startWords(options));
  if (options.result !== undefined) words.push("RESULT", options.result);
  return words;
}

export function failWords(name: string, claim: Claim, options: FailOptions): Word[] {
  const words: Word[] = ["QFAIL", ...claimWords(name, claim)];
  if (options.error !== undefined) words.push("ERROR", options.error);
  words.push(...startWords(options));
  if (options.final) words.push("FINAL");
  return words;
}

export function touchWords(name: string, claim: Claim, options: TouchOptions): Word[] {
  const words: Word[] = ["QTOUCH", ...claimWords(name, claim), ...leaseWords(options)];
  if (options.progress !== undefined) words.push("PROGRESS", options.progress);
  if (options.log !== undefined) words.push("LOG", options.log);
  return words;
}

export function leaseWords({ leaseMs }: Pick<TouchOptions, "leaseMs">): Word[] {
  return leaseMs === undefined ? [] : ["LEASE", seconds(leaseMs, "leaseMs")];
}

export function touchedOf(reply: Reply): Touched {
  return TOUCHED[Number(reply)] ?? "lost";
}

export function failedOf(reply: Reply): Failed {
  return reply === null ? null : (textIn(reply) as Failed);
}
