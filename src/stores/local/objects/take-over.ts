// Begins an epoch: changes the manifest, and puts a fence at the end of the log, where the next
// object of the okq that served before would have to be.

import { type Bucket, BucketError } from "../../../s3/bucket.ts";
import { Retry } from "../../../s3/retry.ts";
import type { Clock } from "../../../queue/clock.ts";
import { AppendError } from "./append-error.ts";
import { momentOf } from "./confirmation.ts";
import { EpochWatch } from "./epoch-watch.ts";
import { endOfLog } from "./log-end.ts";
import { createAt, type EncodedObject } from "./log-place.ts";
import { encodeLogObject, newWriteId } from "./log-object.ts";
import { emptyManifest, type Fence, firstLive, type ServerInfo } from "./manifest.ts";
import { type StoredManifest, swapManifest } from "./stored-manifest.ts";
import { Tenure } from "./tenure.ts";

export interface TakeOverOptions {
  bucket: Bucket;
  clock: Clock;
  leaseMs: number;
  timeoutMs: number;
  server: ServerInfo;
  /** Only this manifest is replaced; null: there is none yet. */
  from: StoredManifest | null;
  /** Whether to go on. */
  isWanted(): boolean;
}

/**
 * null if somebody else was faster. Rejects with a BucketError or a DamageError; then this okq does
 * not serve.
 */
export async function takeOver(options: TakeOverOptions): Promise<Tenure | null> {
  const { bucket, clock, leaseMs, timeoutMs, server, from } = options;
  const last = from?.manifest ?? emptyManifest;
  const { version, epoch } = last;
  const next = {
    ...last,
    version: version + 1,
    epoch: epoch + 1,
    store: bucket.url,
    leaseMs,
    server,
    challenge: null,
  };
  const begunAt = momentOf(clock);
  const first = await swapManifest(bucket, from?.etag ?? null, next);
  if (first === null) return null;
  const watch = new EpochWatch({ bucket, clock, leaseMs, first, begunAt });
  try {
    const fence = await placeFence(watch, options);
    return new Tenure({ bucket, clock, watch, timeoutMs, fence });
  } catch (error) {
    await watch.leave(clock.nowMs() + timeoutMs);
    if (error instanceof AppendError) return null;
    throw error;
  }
}

/**
 * The fence comes to the first free place behind objects of lower epochs. Three checks keep it away
 * from the log of an okq that took over meanwhile, while this one was slow or slept:
 * - The object in front of the place is of a lower epoch.
 * - Before every try the epoch is confirmed, if that is not fresh. Fences of higher epochs that
 *   came before that are still there, so that the place is not behind one that was deleted.
 * - The epoch is confirmed after the fence, too. What was at the place may have been deleted by an
 *   okq that took over, and the fence be somewhere in front of the live log.
 */
async function placeFence(watch: EpochWatch, options: TakeOverOptions): Promise<Fence> {
  const { bucket } = options;
  const { epoch } = watch;
  const from = firstLive(watch.manifest);
  const end = await persistent(watch, options, () => endOfLog(bucket, from));
  let { seq } = end;
  for (let last = end.epoch; ; seq++) {
    if (last >= epoch) watch.end(`another okq took over (epoch ${last})`);
    const object = await encodedFence(epoch, seq);
    const other = await persistent(watch, options, async () => {
      if (!watch.isFresh()) await watch.look();
      return createAt(bucket, object);
    });
    if (other === null) break;
    last = other.epoch;
  }
  const atMs = await persistent(watch, options, () => watch.storeMs());
  return { epoch, seq, atMs };
}

async function encodedFence(epoch: number, seq: number): Promise<EncodedObject> {
  const write = newWriteId();
  const body = new Uint8Array();
  const bytes = await encodeLogObject({ kind: "fence", epoch, seq, write, body });
  return { seq, write, bytes };
}

/**
 * Repeats it while the object store is busy or cannot be reached. Rejects with an AppendError when
 * the epoch has ended.
 */
async function persistent<T>(
  watch: EpochWatch,
  { clock, isWanted }: TakeOverOptions,
  run: () => Promise<T>,
): Promise<T> {
  const retry = new Retry(clock);
  for (;;) {
    watch.check();
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof BucketError) || !error.mayPass || !isWanted()) throw error;
    }
    await retry.pause();
  }
}
