// Finds the end of the log.

import type { Bucket } from "../../../s3/bucket.ts";
import { LOG, logName, logSeq } from "./object-names.ts";

/**
 * The place behind the last object of the log, of which those from `from` on are looked at. It may
 * be taken since; and a gap is found only when the log is read.
 */
export async function endOfLog(bucket: Bucket, from: number): Promise<number> {
  let end = await endOfList(bucket, from);
  // A list may be old.
  while ((await bucket.read(logName(end))) !== null) end++;
  return end;
}

async function endOfList(bucket: Bucket, from: number): Promise<number> {
  let last = from - 1;
  for (let after = logName(last), isLast = false; !isLast;) {
    const page = await bucket.list(LOG, after);
    for (const { name } of page.objects) last = Math.max(last, logSeq(name) ?? 0);
    after = page.objects.at(-1)?.name ?? after;
    ({ isLast } = page);
  }
  return last + 1;
}
