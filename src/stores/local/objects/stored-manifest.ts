// Reads the manifest and changes it by compare-and-set. A lost reply is decided by reading.

import { type Bucket, BucketError, type StoredObject } from "../../../s3/bucket.ts";
import { encodeManifest, type Manifest, parseManifest } from "./manifest.ts";
import { MANIFEST } from "./object-names.ts";

export interface StoredManifest {
  manifest: Manifest;
  etag: string;
}

export interface ReadManifest extends StoredManifest {
  /** When the object store answered, by its clock. */
  nowMs: number;
}

/** null if there is none. Rejects with a BucketError or a DamageError. */
export async function readManifest(bucket: Bucket): Promise<ReadManifest | null> {
  const found = await bucket.read(MANIFEST);
  return found && parsed(found, bucket);
}

/** null if it still has that etag; "gone" if there is none. Rejects as readManifest() does. */
export async function readIfChanged(
  bucket: Bucket,
  etag: string,
): Promise<ReadManifest | "gone" | null> {
  const found = await bucket.readIfChanged(MANIFEST, etag);
  return found === null || found === "gone" ? found : parsed(found, bucket);
}

function parsed({ body, etag, nowMs }: StoredObject, bucket: Bucket): ReadManifest {
  return { manifest: parseManifest(body, `${bucket.url}/${MANIFEST}`), etag, nowMs };
}

/**
 * Puts `next` in the place of the manifest with that etag (null: there is none yet), with a write
 * id of its own. null if another manifest is there now. After a lost reply null does not mean that
 * it never comes: while the manifest has the same etag as before, the write may still arrive.
 * Rejects with a BucketError.
 */
export async function swapManifest(
  bucket: Bucket,
  etag: string | null,
  next: Omit<Manifest, "write">,
): Promise<StoredManifest | null> {
  const manifest = { ...next, write: crypto.randomUUID() };
  const body = encodeManifest(manifest);
  try {
    const written = await (etag === null
      ? bucket.create(MANIFEST, body)
      : bucket.replace(MANIFEST, body, etag));
    if (written !== null) return { manifest, etag: written };
  } catch (error) {
    if (!(error instanceof BucketError) || error.outcome === "none") throw error;
  }
  // A refusal may come from the client of HTTP, which sent the request twice.
  const found = await readManifest(bucket);
  return found?.manifest.write === manifest.write ? found : null;
}
