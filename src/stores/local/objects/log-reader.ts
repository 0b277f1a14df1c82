// Reads a range of the log, several objects at a time, and yields them in order.

import type { StoredObject } from "../../../s3/bucket.ts";
import { DamageError, MissingError } from "./damage-error.ts";
import { checkedHead } from "./log-place.ts";
import { decodeLogObject, type LogObject } from "./log-object.ts";
import { logName } from "./object-names.ts";

const AHEAD = 16;

export interface ReadObject extends LogObject {
  /** Not before it was created, by the clock of the object store. */
  nowMs: number;
}

/** Reads one object: it may try it several times. */
export type ReadOne = (name: string) => Promise<StoredObject | null>;

/**
 * The objects at the places from `from` up to but without `to`. Rejects as `readOne` does, or with
 * a DamageError if one is missing or damaged, or older than the one in front of it. `url` is for
 * its message.
 */
export async function* readLog(
  readOne: ReadOne,
  url: string,
  from: number,
  to: number,
): AsyncGenerator<ReadObject> {
  const readAhead = (seq: number) => {
    const reading = readObject(readOne, `${url}/${logName(seq)}`, seq);
    // It may fail before its turn, or when nobody waits for it any more.
    reading.catch(() => {});
    return reading;
  };
  const ahead: Promise<ReadObject>[] = [];
  let next = from;
  let epoch = 0;
  for (let seq = from; seq < to; seq++) {
    while (next < to && ahead.length < AHEAD) ahead.push(readAhead(next++));
    const object = await firstOf(ahead);
    if (object.epoch < epoch) {
      const order = `epoch ${object.epoch} behind epoch ${epoch}`;
      throw new DamageError(`${url}/${logName(seq)} is damaged: ${order}`);
    }
    epoch = object.epoch;
    yield object;
  }
}

async function firstOf(ahead: Promise<ReadObject>[]): Promise<ReadObject> {
  try {
    return await ahead.shift()!;
  } catch (error) {
    await Promise.allSettled(ahead);
    throw error;
  }
}

async function readObject(readOne: ReadOne, url: string, seq: number): Promise<ReadObject> {
  const found = await readOne(logName(seq));
  if (found === null) throw new MissingError(logName(seq), url);
  const object = checkedHead(await decodeLogObject(found.body, url), seq, url);
  return { ...object, nowMs: found.nowMs };
}
