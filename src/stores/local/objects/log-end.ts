// Finds the end of the log.

import type { Bucket } from "../../../s3/bucket.ts";
import { pagesOf } from "../../../s3/pages.ts";
import { readHead } from "./log-place.ts";
import { LOG, logName, logSeq } from "./object-names.ts";

export interface LogEnd {
  /** The first free place. It may be taken since. */
  seq: number;
  /** The epoch of the object in front of it; 0 if none of those from `from` on is left. */
  epoch: number;
}

/**
 * Looks at the places from `from` on. All that was in the log at the start is in front of the end,
 * or was deleted. A gap is found only when the log is read. Rejects with a BucketError or a
 * DamageError.
 */
export async function endOfLog(bucket: Bucket, from: number): Promise<LogEnd> {
  let free = Math.max(from, await lastListed(bucket, from));
  let taken = { seq: free - 1, epoch: 0 };
  // A list may be old, and an okq may put objects faster than each can be looked at.
  for (let step = 1; ; step *= 2) {
    const head = await readHead(bucket, free);
    if (head === null) break;
    taken = { seq: free, epoch: head.epoch };
    free += step;
  }
  while (taken.seq + 1 < free) {
    const seq = Math.floor((taken.seq + free) / 2);
    const head = await readHead(bucket, seq);
    if (head === null) free = seq;
    else taken = { seq, epoch: head.epoch };
  }
  return { seq: free, epoch: taken.epoch };
}

/** 0 if there is none. */
async function lastListed(bucket: Bucket, from: number): Promise<number> {
  let last = 0;
  for await (const { objects } of pagesOf(bucket, LOG, logName(from - 1))) {
    for (const { name } of objects) last = Math.max(last, logSeq(name) ?? 0);
  }
  return last;
}
