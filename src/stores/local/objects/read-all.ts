// A consistent reading of everything below a prefix, while an okq may go on serving. That okq joins
// log objects into segments, and replaces all of them by a snapshot. A pin keeps the objects that
// are read. Without a pin a reading goes on in new segments, and each new snapshot starts it again.

import { type Clock, systemClock } from "../../../queue/clock.ts";
import type { Bucket } from "../../../s3/bucket.ts";
import { DamageError, MissingError } from "./damage-error.ts";
import { endOfLog } from "./log-end.ts";
import { readLog } from "./log-reader.ts";
import { type Base, firstLive, type Manifest } from "./manifest.ts";
import { logSeq, MANIFEST, parseSnapshotPart } from "./object-names.ts";
import { ObjectReader } from "./object-reader.ts";
import { unpack } from "./packed.ts";
import { type Logged, separated } from "./segments.ts";
import { Pin } from "./pin.ts";
import { readManifest } from "./stored-manifest.ts";

/** What is to be read, in this order. A Tenure is one, too. */
export interface Source extends Base {
  tail(): AsyncIterable<Logged>;
}

export interface Reading extends Source {
  readonly manifest: Manifest;
}

/** okq may append objects until the manifest is read: the pin keeps so many of them. */
const PINNED_BEHIND = 1000;
const TRIES = 5;

/**
 * Gives a reading to `read`, and again one from the start when something of it was deleted
 * meanwhile. The reading has all that was in the log when it began. Rejects with what `read`
 * rejected with, with a BucketError, with a DamageError, or with an Error of one line if the okq
 * that serves always deletes something in the end.
 */
export async function readAll<T>(
  bucket: Bucket,
  read: (from: Reading) => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  for (let left = TRIES; ; left--) {
    const before = await presentManifest(bucket);
    const { seq: listed } = await endOfLog(bucket, firstLive(before));
    const places = { from: before.snapshot?.seq ?? 0, end: listed + PINNED_BEHIND };
    const pin = await Pin.create(bucket, clock, places);
    try {
      return await read(await readingUpTo(bucket, listed));
    } catch (error) {
      if (!(error instanceof MissingError)) throw error;
      if (isNeeded(await presentManifest(bucket), error.object)) throw error;
      if (left === 1) throw deletedError(bucket, pin);
    } finally {
      await pin.release();
    }
  }
}

async function readingUpTo(bucket: Bucket, listed: number): Promise<Reading> {
  const manifest = await presentManifest(bucket);
  // The snapshot and the segments have all objects that were deleted before the list.
  const end = Math.max(listed, firstLive(manifest));
  return { ...manifest, manifest, tail: () => tail(bucket, manifest, end) };
}

function deletedError({ url }: Bucket, { refusal }: Pin): Error {
  const advice =
    refusal === null
      ? "run it nearer to the bucket, or when that okq has less to do"
      : `give its key the right to write and delete below pin/ there (${refusal})`;
  const what = `the okq that serves ${url} deleted what was being read, ${TRIES} times`;
  return new Error(`${what}: ${advice}`);
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

/** The log behind the segments of the manifest, up to `end` at least. */
async function* tail(bucket: Bucket, manifest: Manifest, end: number): AsyncGenerator<Logged> {
  const reader = new ObjectReader(bucket, systemClock);
  const read = (name: string) => bucket.read(name);
  let next = firstLive(manifest);
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
