// Ids of stream entries as Redis has them: "<ms>-<seq>", two decimal numbers of 64 bits.

export interface StreamId {
  ms: bigint;
  seq: bigint;
}

const NUMBER_MAX = 2n ** 64n - 1n;

export const FIRST_ID: StreamId = { ms: 0n, seq: 0n };
export const LAST_ID: StreamId = { ms: NUMBER_MAX, seq: NUMBER_MAX };

const FORM = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;

/** The id of an event as a stream id; null if it does not have that form. */
export function streamIdOf(id: Buffer): StreamId | null {
  const [, ms, seq] = FORM.exec(id.toString("latin1")) ?? [];
  if (ms === undefined || seq === undefined) return null;
  const read = { ms: BigInt(ms), seq: BigInt(seq) };
  return read.ms <= NUMBER_MAX && read.seq <= NUMBER_MAX ? read : null;
}

export function textOfStreamId({ ms, seq }: StreamId): string {
  return `${ms}-${seq}`;
}

/** Negative: the first is the smaller one. */
export function compareStreamIds(one: StreamId, other: StreamId): number {
  if (one.ms !== other.ms) return one.ms < other.ms ? -1 : 1;
  if (one.seq !== other.seq) return one.seq < other.seq ? -1 : 1;
  return 0;
}

/** null behind the last one. */
export function streamIdAfter({ ms, seq }: StreamId): StreamId | null {
  if (seq < NUMBER_MAX) return { ms, seq: seq + 1n };
  return ms < NUMBER_MAX ? { ms: ms + 1n, seq: 0n } : null;
}

/** null before the first one. */
export function streamIdBefore({ ms, seq }: StreamId): StreamId | null {
  if (seq > 0n) return { ms, seq: seq - 1n };
  return ms > 0n ? { ms: ms - 1n, seq: NUMBER_MAX } : null;
}

/**
 * The place of an event among the entries of its queue: its id, or if that has another form, the
 * end of the millisecond in which it was pushed.
 */
export function placeOf(id: Buffer, pushedAtMs: number): StreamId {
  return streamIdOf(id) ?? { ms: BigInt(Math.floor(pushedAtMs)), seq: NUMBER_MAX };
}
