// A segment: many recordings with their places in the log, joined.

import { DamageError } from "./damage-error.ts";
import { RecordedReader, RecordedValues } from "./recorded-values.ts";

/** What a log object has. */
export interface Logged {
  seq: number;
  body: Uint8Array;
}

export function joined(recordings: readonly Logged[]): Uint8Array {
  const values = new RecordedValues();
  for (const { seq, body } of recordings) {
    values.number(seq);
    values.bytes(body);
  }
  return values.take();
}

/** Throws a DamageError; `url` is for its message. */
export function* separated(
  segment: Uint8Array,
  { from, to }: { from: number; to: number },
  url: string,
): Generator<Logged> {
  const reader = new RecordedReader(segment);
  let last = from - 1;
  while (!reader.isAtEnd) {
    const seq = reader.number();
    if (seq <= last || seq > to) throw new DamageError(`${url} is damaged: it has place ${seq}`);
    last = seq;
    yield { seq, body: reader.bytes() };
  }
}
