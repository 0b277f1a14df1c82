// Arguments and results of Redis' stream commands, judged as Redis judges them and in its words.
import { TOO_LARGE, WRONG_TYPE } from "../queue/lists.ts";
import {
  FIRST_ID,
  LAST_ID,
  type StreamId,
  streamIdAfter,
  streamIdBefore,
} from "../queue/stream-ids.ts";
import { commandError } from "./errors.ts";
import { parseInteger } from "./list-arguments.ts";

const FORM = /^(\d{1,60})(?:-(\d{1,60}|\*))?$/;
const ID_BYTES_MAX = 122;
const NUMBER_AFTER = 2n ** 64n;
const PARENTHESIS = 40;
const [MINUS, PLUS, ZERO, NINE] = [45, 43, 48, 57];
const NO_SEQ = Buffer.from("-0");

/** An id for a new entry: with `seq` null the stream gives it a number. */
export type GivenId = { ms: bigint; seq: bigint | null };

/** Reads `<ms>-<seq>`, `<ms>` and `<ms>-*`; null for anything else. */
function parseId(bytes: Buffer, missingSeq: bigint): GivenId | null {
  if (bytes.length > ID_BYTES_MAX) return null;
  const [, first, second] = FORM.exec(bytes.toString("latin1")) ?? [];
  if (first === undefined) return null;
  const ms = BigInt(first);
  const seq = second === undefined ? missingSeq : second === "*" ? null : BigInt(second);
  return ms < NUMBER_AFTER && (seq ?? 0n) < NUMBER_AFTER ? { ms, seq } : null;
}

/** As streamIdIn(), and `<ms>-*`. */
export function givenIdIn(bytes: Buffer): GivenId {
  const id = parseId(bytes, 0n);
  if (id) return id;
  throw commandError("invalidStreamId");
}

/** Reads `<ms>-<seq>`, or `<ms>` with that seq. */
export function streamIdIn(bytes: Buffer, missingSeq = 0n): StreamId {
  const { ms, seq } = parseId(bytes, missingSeq) ?? { ms: 0n, seq: null };
  if (seq !== null) return { ms, seq };
  throw commandError("invalidStreamId");
}

/** As streamIdIn(), `-` for the first id and `+` for the last one. */
function edgeIn(bytes: Buffer, missingSeq: bigint): StreamId {
  if (bytes.length === 1 && bytes[0] === MINUS) return FIRST_ID;
  if (bytes.length === 1 && bytes[0] === PLUS) return LAST_ID;
  return streamIdIn(bytes, missingSeq);
}

function isExclusive(bytes: Buffer): boolean {
  return bytes.length > 1 && bytes[0] === PARENTHESIS;
}

/** Where an interval begins, with `(` in front behind that id. */
export function startIn(bytes: Buffer): StreamId {
  if (!isExclusive(bytes)) return edgeIn(bytes, 0n);
  const id = streamIdAfter(streamIdIn(bytes.subarray(1)));
  if (id) return id;
  throw commandError("invalidStart");
}

/** Where an interval ends, with `(` in front before that id. */
export function endIn(bytes: Buffer): StreamId {
  if (!isExclusive(bytes)) return edgeIn(bytes, LAST_ID.seq);
  const id = streamIdBefore(streamIdIn(bytes.subarray(1), LAST_ID.seq));
  if (id) return id;
  throw commandError("invalidEnd");
}

/**
 * The ids of events that an argument may mean. Any bytes are an id; `42` is that of the event `42`,
 * or of the entry `42-0`.
 */
export function idsMeant(bytes: Buffer): [Buffer, ...Buffer[]] {
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at]! < ZERO || bytes[at]! > NINE) return [bytes];
  }
  return bytes.length > 0 ? [bytes, Buffer.concat([bytes, NO_SEQ])] : [bytes];
}

/** How long XREAD and XREADGROUP wait, in ms; Infinity for 0. */
export function blockMsIn(bytes: Buffer): number {
  const ms = parseInteger(bytes);
  if (ms === null) throw commandError("blockNoInteger");
  if (ms < 0) throw commandError("timeoutNegative");
  return ms === 0 ? Infinity : ms;
}

/** Throws if the result says that the queue is no stream, or that there is too much of it. */
export function streamResultOf<T>(
  result: T,
  command: string,
  queue: Buffer,
): Exclude<T, typeof WRONG_TYPE | typeof TOO_LARGE> {
  if (result === WRONG_TYPE) throw commandError("wrongType");
  if (result === TOO_LARGE) throw commandError("streamTooLarge", { command, queue });
  return result as Exclude<T, typeof WRONG_TYPE | typeof TOO_LARGE>;
}
