// A consistent reading of everything below a prefix, while an okq may go on serving.

import type { Bucket } from "../../../s3/bucket.ts";
import { DamageError } from "./damage-error.ts";
import { endOfLog } from "./log-end.ts";
import { readLog } from "./log-reader.ts";
import { type Base, firstLive, type Manifest } from "./manifest.ts";
import { MANIFEST } from "./object-names.ts";
import { readManifest } from "./stored-manifest.ts";

/** What is to be read, in this order. A Tenure is one, too. */
export interface Source extends Base {
  tail(): AsyncIterable<{ seq: number; body: Uint8Array }>;
}

export interface Reading extends Source {
  readonly manifest: Manifest;
}

/**
 * Gives a reading to `read`, and again one from the start when the serving okq deleted something
 * of it meanwhile. Rejects with what `read` rejected with, with a BucketError, or with a
 * DamageError.
 */
export async function readAll<T>(bucket: Bucket, read: (from: Reading) => Promise<T>): Promise<T> {
  for (;;) {
    const manifest = await presentManifest(bucket);
    try {
      return await read({ ...manifest, manifest, tail: () => tail(bucket, manifest) });
    } catch (error) {
      const now = await presentManifest(bucket);
      if (hasSameBase(now, manifest)) throw error;
    }
  }
}

function hasSameBase(a: Base, b: Base): boolean {
  return Bun.deepEquals([a.snapshot, a.segments], [b.snapshot, b.segments]);
}

async function presentManifest(bucket: Bucket): Promise<Manifest> {
  const found = await readManifest(bucket);
  if (found === null) throw new DamageError(`there is no ${bucket.url}/${MANIFEST}`);
  return found.manifest;
}

/** Up to the end that the log has at the start. */
async function* tail(bucket: Bucket, manifest: Manifest) {
  const { seq: end } = await endOfLog(bucket, firstLive(manifest));
  // What is missing may have been deleted, and then the end is not the end.
  const isMoved = firstLive(await presentManifest(bucket)) !== firstLive(manifest);
  if (isMoved) throw new DamageError(`${bucket.url}: the log was cut at its start`);
  for await (const { kind, seq, body } of readLog(bucket, firstLive(manifest), end)) {
    if (kind === "changes") yield { seq, body };
  }
}
