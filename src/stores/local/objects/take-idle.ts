// Takes over from an okq that has ended, for a program that reads a whole store. One that lives is
// left alone, also if this machine cannot reach it: it answers a challenge within its lease.

import { DamageError } from "./damage-error.ts";
import { MANIFEST } from "./object-names.ts";
import { type ReadManifest, readManifest, swapManifest } from "./stored-manifest.ts";
import { takeOver, type TakeOverOptions } from "./take-over.ts";
import type { Tenure } from "./tenure.ts";

export type TakeIdleOptions = Omit<TakeOverOptions, "from" | "isWanted">;

/** So often the lease is divided into looks. */
const LOOKS = 8;

/**
 * Resolves with a tenure, to be released. Rejects with an Error of one line if an okq serves, with
 * a DamageError if there is no store, or with a BucketError.
 */
export async function takeIdle(options: TakeIdleOptions): Promise<Tenure> {
  const from = await presentManifest(options);
  const vacant = from.manifest.server === null ? from : await challenged(options, from);
  const tenure = await takeOver({ ...options, from: vacant, isWanted: () => true });
  if (tenure === null) throw served(options, await presentManifest(options));
  return tenure;
}

/** Resolves with a manifest that nobody serves, or has changed for the time of a lease. */
async function challenged(options: TakeIdleOptions, from: ReadManifest): Promise<ReadManifest> {
  const { bucket, clock, leaseMs, server } = options;
  const { manifest } = from;
  const challenge = { by: server.id, nonce: crypto.randomUUID() };
  const next = { ...manifest, version: manifest.version + 1, challenge };
  const swapped = await swapManifest(bucket, from.etag, next);
  if (swapped === null) throw served(options, await presentManifest(options));
  // The lease counts from here, when the serving okq can see the challenge.
  const untilMs = clock.nowMs() + Math.max(leaseMs, manifest.leaseMs);
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.after(Math.max(leaseMs, manifest.leaseMs) / LOOKS, resolve);
    await promise;
    const isOver = clock.nowMs() >= untilMs;
    const found = await presentManifest(options);
    const isVacant = found.manifest.server === null;
    if (!isVacant && found.etag !== swapped.etag) throw served(options, found);
    if (isVacant || isOver) return found;
  }
}

async function presentManifest({ bucket }: TakeIdleOptions): Promise<ReadManifest> {
  const found = await readManifest(bucket);
  if (found === null) throw new DamageError(`there is no ${bucket.url}/${MANIFEST}`);
  return found;
}

function served({ bucket }: TakeIdleOptions, { manifest: { server } }: ReadManifest): Error {
  const who = server?.addr ? `the okq at ${server.addr}` : "an okq";
  return new Error(`${who} serves ${bucket.url}: stop it first`);
}
