// Counters: each counts a number of members down, each of them once, and may push an event when
// none is left. Events can be members too: see PushOptions.
import type { End, PushOptions } from "./event.ts";

/** A counter counts at most so many down. */
export const COUNT_MAX = 1_000_000;
/** So many counters a queue has at a time. */
export const COUNTERS_MAX = 100_000;

/** The event that a counter pushes into its queue. Its id is the counter's key. */
export interface CounterEvent {
  contents: Buffer;
  end: End;
  /** Their onDuplicate is "refuse": if the id is taken, the event there stays. */
  options: PushOptions | null;
}

/**
 * Makes a counter. "there": one of that key is there, which differs or has begun to count. One that
 * is equal begins anew. "too many": the queue has COUNTERS_MAX.
 */
export interface InitCounter {
  kind: "initCounter";
  queue: Buffer;
  key: Buffer;
  count: number;
  /** So long from now it is there. null: until it is at 0. */
  ttlMs: number | null;
  event: CounterEvent | null;
}

export type InitOutcome = "ok" | "there" | "too many";

/**
 * Counts a member down, if the counter has not counted it yet. The result is how many are left,
 * null if there is no such counter. At 0 the counter is gone, and its event is pushed in the same
 * step. Refused, and nothing is counted, if its queue does not take that event.
 */
export interface CountDown {
  kind: "countDown";
  queue: Buffer;
  key: Buffer;
  member: Buffer;
}

/** How many are left; null if there is no such counter. */
export interface GetCounter {
  kind: "getCounter";
  queue: Buffer;
  key: Buffer;
}

/** Removes a counter; its event never comes. False if it is not there. */
export interface DropCounter {
  kind: "dropCounter";
  queue: Buffer;
  key: Buffer;
}

/** A page of the counters of a queue in the order of their keys, behind `after`. */
export interface ListCounters {
  kind: "listCounters";
  queue: Buffer;
  after: Buffer | null;
  limit: number;
}

export interface CounterFacts {
  key: Buffer;
  left: number;
  sinceMs: number;
}

/** `next` is the `after` of the following page, null on the last page. */
export interface CounterPage {
  counters: CounterFacts[];
  next: Buffer | null;
}

export type CounterOperation = InitCounter | CountDown | GetCounter | DropCounter | ListCounters;

export interface CounterResults {
  initCounter: InitOutcome;
  countDown: number | null;
  getCounter: number | null;
  dropCounter: boolean;
  listCounters: CounterPage;
}

const SLASH = Buffer.from("/");

/** Names an event as a member. It keeps the name when it moves to another queue. */
export function memberOf(queue: Buffer, id: Buffer): Buffer {
  return Buffer.concat([queue, SLASH, id]);
}

/** As JSON, with bytes as latin1. */
export function encodeEvent({ end, options }: CounterEvent): string {
  return JSON.stringify({ end, options }, (_, value: unknown) => {
    const isBytes = (value as { type?: unknown } | null)?.type === "Buffer";
    return isBytes
      ? { bytes: Buffer.from((value as { data: number[] }).data).toString("latin1") }
      : value;
  });
}

export function decodeEvent(text: string, contents: Buffer): CounterEvent {
  const { end, options } = JSON.parse(text, (_, value: unknown) => {
    const bytes = (value as { bytes?: unknown } | null)?.bytes;
    return typeof bytes === "string" ? Buffer.from(bytes, "latin1") : value;
  }) as Pick<CounterEvent, "end" | "options">;
  return { end, options, contents };
}

/** Whether they push the same. */
export function isSameEvent(a: CounterEvent | null, b: CounterEvent | null): boolean {
  if (a === null || b === null) return a === b;
  return encodeEvent(a) === encodeEvent(b) && a.contents.equals(b.contents);
}
