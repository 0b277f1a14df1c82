// A consistent reading of everything below a prefix, while an okq may go on serving. That one moves
// log objects into segments, and all into a snapshot. A reading goes on in new segments; only a new
// snapshot makes it start again.

import { systemClock } from "../../../queue/clock.ts";
import type { Bucket } from "../../../s3/bucket.ts";
import { DamageError, MissingError } from "./damage-error.ts";
import { endOfLog } from "./log-end.ts";
import { readLog } from "./log-reader.ts";
import { type Base, firstLive, type Manifest } from "./manifest.ts";
import { logSeq, MANIFEST, parseSnapshotPart } from "./object-names.ts";
import { ObjectReader } from "./object-reader.ts";
import { unpack } from "./packed.ts";
import { type Logged, separated } from "./segments.ts";
import { readManifest } from "./stored-manifest.ts";

/** What is to be read, in this order. A Tenure is one, too. */
export interface Source extends Base {
  tail(): AsyncIterable<Logged>;
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
      if (!(error instanceof MissingError)) throw error;
      if (isNeeded(await presentManifest(bucket), error.object)) throw error;
    }
  }
}

function isNeeded(manifest: Manifest, object: string): boolean {
  const seq = logSeq(object);
  if (seq !== null) return seq >= firstLive(manifest);
  const { snapshot, segments } = manifest;
  const name = parseSnapshotPart(object)?.name ?? object;
  return name === snapshot?.name || segments.some((segment) => segment.name === name);
}

async function presentManifest(bucket: Bucket): Promise<Manifest> {
  const found = await readManifest(bucket);
  if (found === null) throw new DamageError(`there is no ${bucket.url}/${MANIFEST}`);
  return found.manifest;
}

/** Up to the end that the log has at the start, at least. */
async function* tail(bucket: Bucket, manifest: Manifest): AsyncGenerator<Logged> {
  const reader = new ObjectReader(bucket, systemClock);
  const read = (name: string) => bucket.read(name);
  let next = firstLive(manifest);
  const { seq: listed } = await endOfLog(bucket, next);
  // All that was listed may have been deleted.
  const end = Math.max(listed, firstLive(await presentManifest(bucket)));
  while (next < end) {
    try {
      for await (const { kind, seq, body } of readLog(read, bucket.url, next, end)) {
        next = seq + 1;
        if (kind === "changes") yield { seq, body };
      }
    } catch (error) {
      const now = await presentManifest(bucket);
      const isMoved = error instanceof MissingError && !isNeeded(now, error.object);
      const segments = now.segments.filter(({ to }) => to >= next);
      if (!isMoved || segments.length === 0 || segments[0]!.from > next) throw error;
      yield* from(segments, next);
    }
  }

  async function* from(segments: Manifest["segments"], first: number): AsyncGenerator<Logged> {
    for (const segment of segments) {
      const body = await reader.read(segment.name);
      const url = reader.urlOf(segment.name);
      for (const logged of separated(await unpack("okqs", body, url), segment, url)) {
        if (logged.seq >= first) yield logged;
      }
      next = segment.to + 1;
    }
  }
}
