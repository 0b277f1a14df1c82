// What a handler may return about an event, besides nothing (done) and a result. A thrown error is
// a failed attempt.
import { msSince1970 } from "../seconds.ts";

/** Also known to another copy of this code in the same process, such as that of okq/testing. */
const OUTCOME = Symbol.for("okq.outcome");

interface Marked {
  readonly [OUTCOME]: true;
}

export interface Done extends Marked {
  kind: "done";
  /** Undefined: none. */
  result: unknown;
}

export interface Retry extends Marked {
  kind: "retry";
  /** Null: as the backoff of the queue says. */
  afterMs: number | null;
  reason: string | null;
}

export interface Fail extends Marked {
  kind: "fail";
  reason: string;
}

export interface Snooze extends Marked {
  kind: "snooze";
  untilMs: number;
}

export interface Next<Options = object> extends Marked {
  kind: "next";
  queue: NextQueue;
  contents: unknown;
  options: Options;
}

/** The name of a queue, or a Queue. */
export type NextQueue = string | { name: string };

export type Outcome = Done | Retry | Fail | Snooze | Next;

const mark: Marked = { [OUTCOME]: true };

/** The event is done. The result is kept where the queue has `keep-completed`. */
export function done(result?: unknown): Done {
  return { ...mark, kind: "done", result };
}

/**
 * A failed attempt. The event comes again after that time, or as the backoff of its queue says.
 * After its last attempt it has failed for good.
 */
export function retry(afterMs?: number, reason?: string): Retry {
  if (afterMs !== undefined && !(afterMs >= 0)) throw new RangeError(`retry after ${afterMs} ms`);
  return { ...mark, kind: "retry", afterMs: afterMs ?? null, reason: reason ?? null };
}

/** The event has failed for good. */
export function fail(reason: string): Fail {
  return { ...mark, kind: "fail", reason };
}

/** The event comes again at that time (ms since 1970), and this attempt does not count. */
export function snooze(until: Date | number): Snooze {
  return { ...mark, kind: "snooze", untilMs: msSince1970(until, "the time of snooze") };
}

/**
 * The event is done, and an event with these contents is pushed, in one step. If the options name
 * no id, it is that of the done event, and in the same queue a new one. An event that has the id
 * already is kept.
 */
export function next<Options extends object>(
  queue: NextQueue,
  contents: unknown,
  options: Options = {} as Options,
): Next<Options> {
  return { ...mark, kind: "next", queue, contents, options };
}

/** What a handler returned, as an outcome. */
export function outcomeOf(returned: unknown): Outcome {
  const isOutcome = typeof returned === "object" && returned !== null && OUTCOME in returned;
  return isOutcome ? (returned as Outcome) : done(returned);
}
