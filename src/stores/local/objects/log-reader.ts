// Reads a range of the log, several objects at a time, and yields them in order.

import { DamageError } from "./damage-error.ts";
import { checkedHead } from "./log-place.ts";
import { decodeLogObject, type LogObject } from "./log-object.ts";
import { logName } from "./object-names.ts";
import { type ObjectReader, readAhead } from "./object-reader.ts";

const AHEAD = 16;

export interface ReadObject extends LogObject {
  /** Not before it was created, by the clock of the object store. */
  nowMs: number;
}

/**
 * The objects at the places from `from` up to but without `to`. Rejects with a BucketError, or with
 * a DamageError if one is missing or damaged, or older than the one in front of it.
 */
export async function* readLog(
  reader: ObjectReader,
  from: number,
  to: number,
): AsyncGenerator<ReadObject> {
  const seqs = Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
  const tasks = seqs.map((seq) => () => readAt(reader, seq));
  let epoch = 0;
  for await (const object of readAhead(tasks, AHEAD)) {
    if (object.epoch < epoch) {
      const order = `epoch ${object.epoch} behind epoch ${epoch}`;
      throw new DamageError(`${reader.urlOf(logName(object.seq))} is damaged: ${order}`);
    }
    epoch = object.epoch;
    yield object;
  }
}

async function readAt(reader: ObjectReader, seq: number): Promise<ReadObject> {
  const url = reader.urlOf(logName(seq));
  const { body, nowMs } = await reader.read(logName(seq));
  return { ...checkedHead(await decodeLogObject(body, url), seq, url), nowMs };
}
