// Creates an object at a place in the log, and finds out who has the place if it is taken.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { DamageError } from "./damage-error.ts";
import { decodeLogHead, type LogHead } from "./log-object.ts";
import { logName } from "./object-names.ts";

export interface EncodedObject {
  seq: number;
  write: string;
  bytes: Uint8Array;
}

/**
 * Resolves with null once the object is there, which an earlier call may have done: the same call
 * may be repeated until its outcome is known. Resolves with the head of another object that has
 * the place. Rejects with a BucketError.
 */
export async function createAt(bucket: Bucket, object: EncodedObject): Promise<LogHead | null> {
  const { seq, write, bytes } = object;
  if ((await bucket.create(logName(seq), bytes)) !== null) return null;
  const head = await takenBy(bucket, seq);
  return head.write === write ? null : head;
}

/** The object may be one's own, so nothing that fails here says that it is not there. */
async function takenBy(bucket: Bucket, seq: number): Promise<LogHead> {
  let head: LogHead | null;
  try {
    head = await readHead(bucket, seq);
  } catch (error) {
    if (!(error instanceof BucketError)) throw error;
    throw new BucketError("unknown", error.message, error.mayPass);
  }
  if (head !== null) return head;
  // Only an okq that took over deletes it in this moment. The look at the manifest tells.
  throw new BucketError("unknown", `${bucket.url}/${logName(seq)} was there and is gone`);
}

/** null if it is not there. Rejects with a BucketError or a DamageError. */
export async function readHead(bucket: Bucket, seq: number): Promise<LogHead | null> {
  const url = `${bucket.url}/${logName(seq)}`;
  const found = await bucket.read(logName(seq));
  return found && checkedHead(decodeLogHead(found.body, url), seq, url);
}

export function checkedHead<Head extends LogHead>(head: Head, seq: number, url: string): Head {
  if (head.seq === seq) return head;
  throw new DamageError(`${url} is damaged: it was written as ${logName(head.seq)}`);
}
