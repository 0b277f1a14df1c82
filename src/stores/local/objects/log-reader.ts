// Reads a range of the log, several objects at a time, and yields them in order.

import type { Bucket } from "../../../s3/bucket.ts";
import { DamageError } from "./damage-error.ts";
import { checkedHead } from "./log-place.ts";
import { decodeLogObject, type LogObject } from "./log-object.ts";
import { logName } from "./object-names.ts";

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
  bucket: Bucket,
  from: number,
  to: number,
): AsyncGenerator<ReadObject> {
  const ahead: Promise<ReadObject>[] = [];
  let next = from;
  let epoch = 0;
  for (let seq = from; seq < to; seq++) {
    while (next < to && ahead.length < AHEAD) ahead.push(readAhead(bucket, next++));
    const object = await awaited(ahead);
    if (object.epoch < epoch) {
      const order = `epoch ${object.epoch} behind epoch ${epoch}`;
      throw new DamageError(`${bucket.url}/${logName(seq)} is damaged: ${order}`);
    }
    epoch = object.epoch;
    yield object;
  }
}

async function awaited(ahead: Promise<ReadObject>[]): Promise<ReadObject> {
  try {
    return await ahead.shift()!;
  } catch (error) {
    await Promise.allSettled(ahead);
    throw error;
  }
}

/** It may fail before its turn, or when nobody waits for it any more. */
function readAhead(bucket: Bucket, seq: number): Promise<ReadObject> {
  const reading = readAt(bucket, seq);
  reading.catch(() => {});
  return reading;
}

async function readAt(bucket: Bucket, seq: number): Promise<ReadObject> {
  const url = `${bucket.url}/${logName(seq)}`;
  const found = await bucket.read(logName(seq));
  if (found === null) throw new DamageError(`${url} is missing`);
  const object = checkedHead(await decodeLogObject(found.body, url), seq, url);
  return { ...object, nowMs: found.nowMs };
}
