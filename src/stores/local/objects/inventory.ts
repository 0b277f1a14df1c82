// Which objects below a prefix belong to the store there, and which to nothing.

import type { Bucket } from "../../../s3/bucket.ts";
import { pagesOf } from "../../../s3/pages.ts";
import { firstLive, type Manifest } from "./manifest.ts";
import { logSeq, MANIFEST, parsePin, parseSegment, parseSnapshotPart } from "./object-names.ts";

export interface Amount {
  objects: number;
  bytes: number;
}

export interface Inventory {
  used: Amount;
  /** Of okq and not needed: an okq that serves removes them, or is just making them. */
  unused: Amount;
  /** Not of okq. */
  foreign: Amount;
}

/** Rejects with a BucketError. */
export async function takeInventory(bucket: Bucket, manifest: Manifest): Promise<Inventory> {
  const amount = (): Amount => ({ objects: 0, bytes: 0 });
  const inventory: Inventory = { used: amount(), unused: amount(), foreign: amount() };
  for await (const { objects } of pagesOf(bucket, "")) {
    for (const { name, bytes } of objects) {
      const found = inventory[kindOf(name, manifest)];
      found.objects += 1;
      found.bytes += bytes;
    }
  }
  return inventory;
}

function kindOf(name: string, manifest: Manifest): keyof Inventory {
  if (name === MANIFEST) return "used";
  const seq = logSeq(name);
  if (seq !== null) {
    const isFence = manifest.fences.some((fence) => fence.seq === seq);
    return isFence || seq >= firstLive(manifest) ? "used" : "unused";
  }
  const part = parseSnapshotPart(name);
  if (part) return part.name === manifest.snapshot?.name ? "used" : "unused";
  if (name.startsWith("probe/") || parsePin(name) !== null) return "unused";
  if (parseSegment(name) === null) return "foreign";
  return manifest.segments.some((segment) => segment.name === name) ? "used" : "unused";
}
