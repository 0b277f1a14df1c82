// Fills a scratch database from a bucket: the parts of the snapshot, then what was recorded since.

import type { Database } from "bun:sqlite";
import { JournalError } from "../journal.ts";
import { migrations } from "../sqlite/schema.ts";
import { DamageError } from "./damage-error.ts";
import { logName, partName } from "./object-names.ts";
import { unpack } from "./packed.ts";
import { type ObjectReader, readAhead } from "./object-reader.ts";
import type { Source } from "./read-all.ts";
import { Replay, schemaVersionOf } from "./replay.ts";
import type { Scratch } from "./scratch.ts";
import { type Logged, separated } from "./segments.ts";

/** Of the database file; each is one object, numbered from 1 on. */
export const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AHEAD = 8;
const SEGMENTS_AHEAD = 8;
/** Work between pauses, in which the process does other things. */
const workMsMax = 20;

export interface LoadOptions {
  scratch: Scratch;
  reader: ObjectReader;
  source: Source;
  /** Called with the recording of each log object behind the segments. */
  onTail?: (logged: Logged) => void;
}

/** A recording, and the address of the object that it comes from. */
interface Found extends Logged {
  url: string;
  isTail: boolean;
}

/**
 * Opens the database. Rejects with a DamageError or a BucketError, with a JournalError of the
 * scratch database or for a bucket of a newer okq, or with what the source rejects with.
 */
export async function loadScratch(options: LoadOptions): Promise<Database> {
  const { scratch, reader, onTail = () => {} } = options;
  await loadParts(options);
  const found = recordings(options);
  const first = await found.next();
  const version = first.done ? migrations.length : versionOf(first.value);
  const db = scratch.open(version, reader.url);
  const replay = new Replay(db);
  try {
    let beganAtMs = performance.now();
    for (let next = first; !next.done; next = await found.next()) {
      if (!db.inTransaction) db.run("BEGIN");
      run(replay, next.value, scratch);
      if (next.value.isTail) onTail(next.value);
      if (performance.now() - beganAtMs < workMsMax) continue;
      db.run("COMMIT");
      await new Promise<void>((done) => void setImmediate(done));
      beganAtMs = performance.now();
    }
    if (db.inTransaction) db.run("COMMIT");
    return db;
  } finally {
    replay.finalize();
  }
}

function versionOf({ url, body }: Found): number {
  let version: number;
  try {
    version = schemaVersionOf(body);
  } catch (error) {
    throw new DamageError(`${url} is damaged: ${(error as Error).message}`);
  }
  if (version <= migrations.length) return version;
  const versions = `schema ${version}, this okq knows up to ${migrations.length}`;
  const what = `${url} was written by a newer okq (${versions})`;
  throw new JournalError("failed", `${what}: start a newer okq`);
}

function run(replay: Replay, { url, body }: Found, scratch: Scratch): void {
  try {
    replay.run(body);
  } catch (error) {
    const failure = scratch.explained(error);
    if (failure.reason === "full") throw failure;
    throw new DamageError(`${url} is damaged: ${(error as Error).message}`);
  }
}

/** Writes the snapshot, if there is one. */
async function loadParts({ scratch, reader, source: { snapshot } }: LoadOptions): Promise<void> {
  if (snapshot === null) return;
  const parts = Array.from({ length: snapshot.parts }, (_, at) => async () => {
    const name = partName(snapshot.name, at + 1);
    const bytes = await unpack("okqp", await reader.read(name), reader.urlOf(name));
    await scratch.write(bytes, at * PART_BYTES);
    return bytes.length;
  });
  let bytes = 0;
  for await (const count of readAhead(parts, PARTS_AHEAD)) bytes += count;
  if (bytes === snapshot.bytes) return;
  const sizes = `it has ${bytes} bytes and not ${snapshot.bytes}`;
  throw new DamageError(`${reader.urlOf(snapshot.name)} is damaged: ${sizes}`);
}

/** In the order of their places in the log. */
async function* recordings({ reader, source }: LoadOptions): AsyncGenerator<Found, void> {
  const segments = source.segments.map((segment) => async () => {
    const url = reader.urlOf(segment.name);
    return { url, segment, bytes: await unpack("okqs", await reader.read(segment.name), url) };
  });
  const covered = source.snapshot?.seq ?? 0;
  for await (const { url, segment, bytes } of readAhead(segments, SEGMENTS_AHEAD)) {
    for (const logged of separated(bytes, segment, url)) {
      if (logged.seq > covered) yield { ...logged, url, isTail: false };
    }
  }
  for await (const { seq, body } of source.tail()) {
    yield { seq, body, url: reader.urlOf(logName(seq)), isTail: true };
  }
}
