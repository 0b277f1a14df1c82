// The places of events among the entries of their queue (see placeOf in queue/stream-ids.ts) in a
// form that is quick to make from an id and to compare: numbers where these are exact.
import { placeOf as streamPlaceOf, type StreamId } from "../../queue/stream-ids.ts";
import { toBytes } from "./bytes.ts";

/** JavaScript compares a number with a bigint by their values. */
type Whole = number | bigint;

export interface Place {
  ms: Whole;
  seq: Whole;
}

const DIGIT_0 = 48;
const DASH = 45;
/** So long that they are exact. */
const DIGITS_MAX = 15;
const NUMBER_MAX = 2n ** 64n - 1n;

export const FIRST_PLACE: Place = { ms: 0, seq: 0 };

/** The place of an event with that id. */
export function placeIn(id: string, pushedAtMs: number): Place {
  return quickPlace(id) ?? asPlace(streamPlaceOf(toBytes(id), pushedAtMs));
}

/** Of an id of two short numbers; else null. */
function quickPlace(id: string): Place | null {
  const dash = endOfDigits(id, 0);
  if (!isShort(id, 0, dash) || id.charCodeAt(dash) !== DASH) return null;
  if (!isShort(id, dash + 1, endOfDigits(id, dash + 1)) || endOfDigits(id, dash + 1) < id.length) {
    return null;
  }
  return { ms: valueOf(id, 0, dash), seq: valueOf(id, dash + 1, id.length) };
}

function endOfDigits(id: string, from: number): number {
  let at = from;
  for (; at < id.length; at++) {
    const digit = id.charCodeAt(at) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
  }
  return at;
}

/** Whether it is a number without a needless 0. */
function isShort(id: string, from: number, to: number): boolean {
  const length = to - from;
  return length > 0 && length <= DIGITS_MAX && (length === 1 || id.charCodeAt(from) !== DIGIT_0);
}

function valueOf(id: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + id.charCodeAt(at) - DIGIT_0;
  return value;
}

export function asPlace({ ms, seq }: StreamId): Place {
  return { ms: shortened(ms), seq: shortened(seq) };
}

function shortened(value: bigint): Whole {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

export function asStreamId({ ms, seq }: Place): StreamId {
  return { ms: BigInt(ms), seq: BigInt(seq) };
}

/** Negative: the first one comes first. */
export function comparePlaces(one: Place, other: Place): number {
  if (one.ms < other.ms) return -1;
  if (one.ms > other.ms) return 1;
  if (one.seq < other.seq) return -1;
  return one.seq > other.seq ? 1 : 0;
}

export function laterOf(one: Place, other: Place): Place {
  return comparePlaces(one, other) < 0 ? other : one;
}

let latestMs: Whole = 0;
let latestPrefix = "0-";

export function textOfPlace({ ms, seq }: Place): string {
  if (ms !== latestMs) {
    latestMs = ms;
    latestPrefix = `${ms}-`;
  }
  return latestPrefix + seq;
}

/** So many places behind it in the same ms; null if there are none. */
export function placeBehind({ ms, seq }: Place, count: number): Place | null {
  if (typeof seq === "number" && seq + count <= Number.MAX_SAFE_INTEGER) {
    return { ms, seq: seq + count };
  }
  const next = BigInt(seq) + BigInt(count);
  return next > NUMBER_MAX ? null : { ms, seq: next };
}

/** The first place of the next ms; null if there is none. */
export function placeInNextMs({ ms }: Place): Place | null {
  if (typeof ms === "number" && ms < Number.MAX_SAFE_INTEGER) return { ms: ms + 1, seq: 0 };
  const next = BigInt(ms) + 1n;
  return next > NUMBER_MAX ? null : { ms: next, seq: 0 };
}
