// Makes a store below a prefix where none is, from a database file. The manifest is the last object
// that is written: before that there is no store, and what was written is swept by the first okq
// that serves there.

import { open } from "node:fs/promises";
import type { Bucket } from "../../../s3/bucket.ts";
import { pagesOf } from "../../../s3/pages.ts";
import { PART_BYTES } from "./load-scratch.ts";
import { emptyManifest, type SnapshotRef } from "./manifest.ts";
import {
  LOG,
  logSeq,
  MANIFEST,
  newSnapshotName,
  parseSegment,
  parseSnapshotPart,
  partName,
  SEGMENTS,
  SNAPSHOTS,
} from "./object-names.ts";
import { readAhead } from "./object-reader.ts";
import { pack } from "./packed.ts";
import type { Source } from "./read-all.ts";
import { swapManifest } from "./stored-manifest.ts";

/** No okq serves in it. */
const EPOCH = 0;
const PARTS_AHEAD = 4;

export interface NewStoreOptions {
  bucket: Bucket;
  /** A database file that nobody changes. */
  file: string;
  onPart(done: number, all: number): void;
  /** Called with the new store before it is one. There will be none if it rejects. */
  verify(store: Source): Promise<void>;
}

/** Rejects with an Error of one line if there is a store, or what is left of one. */
export async function checkVacant(bucket: Bucket): Promise<void> {
  if ((await bucket.read(MANIFEST)) !== null) {
    throw new Error(`${bucket.url} has queues already: name a prefix that nobody uses`);
  }
  for (const prefix of [LOG, SNAPSHOTS, SEGMENTS]) {
    for await (const { objects } of pagesOf(bucket, prefix)) {
      const found = objects.find(({ name }) => isOfStore(name));
      if (found) {
        throw new Error(
          `${bucket.url}/${MANIFEST} is missing, but ${found.name} is there: name another ` +
            "prefix, or remove everything below this one",
        );
      }
    }
  }
}

/** Whether an okq wrote it that served; not a part that a killed copy left. */
function isOfStore(name: string): boolean {
  const part = parseSnapshotPart(name);
  return logSeq(name) !== null || parseSegment(name) !== null || (part?.epoch ?? EPOCH) > EPOCH;
}

/** Rejects with an Error of one line, with a BucketError, or with what `verify` rejects with. */
export async function makeStore(options: NewStoreOptions): Promise<void> {
  const { bucket, verify } = options;
  const snapshot = await sized(options.file);
  try {
    await writeParts(options, snapshot);
    await verify({ snapshot, segments: [], tail: noTail });
  } catch (error) {
    await removeParts(bucket, snapshot);
    throw error;
  }
  const manifest = { ...emptyManifest, version: 1, epoch: EPOCH, snapshot };
  if ((await swapManifest(bucket, null, manifest)) !== null) return;
  await removeParts(bucket, snapshot);
  throw new Error(`${bucket.url} got queues from somebody else meanwhile: nothing was copied`);
}

async function sized(file: string): Promise<SnapshotRef> {
  const bytes = Bun.file(file).size;
  const parts = Math.ceil(bytes / PART_BYTES);
  return { name: newSnapshotName(EPOCH, 0), parts, bytes, seq: 0 };
}

async function writeParts(
  { bucket, file, onPart }: NewStoreOptions,
  { name, parts, bytes }: SnapshotRef,
): Promise<void> {
  const handle = await open(file, "r");
  const writes = Array.from({ length: parts }, (_, at) => async () => {
    const start = at * PART_BYTES;
    const part = Buffer.allocUnsafe(Math.min(PART_BYTES, bytes - start));
    const { bytesRead } = await handle.read(part, 0, part.length, start);
    if (bytesRead < part.length) throw new Error(`${file} has become shorter`);
    await bucket.write(partName(name, at + 1), await pack("okqp", part));
  });
  let done = 0;
  try {
    for await (const _ of readAhead(writes, PARTS_AHEAD)) onPart(++done, parts);
  } finally {
    await handle.close();
  }
}

/** What stays does no harm. */
async function removeParts(bucket: Bucket, { name, parts }: SnapshotRef): Promise<void> {
  const names = Array.from({ length: parts }, (_, at) => partName(name, at + 1));
  await bucket.remove(names).catch(() => {});
}

async function* noTail(): AsyncGenerator<never> {}
