// What the commands that read a whole bucket have in common.
import type { Database } from "bun:sqlite";
import { hostname, tmpdir } from "node:os";
import metadata from "../../../package.json" with { type: "json" };
import { openBucket } from "../../app/open-bucket.ts";
import type { Config } from "../../config/options.ts";
import { createLog } from "../../log/log.ts";
import { systemClock } from "../../queue/clock.ts";
import type { Bucket } from "../../s3/bucket.ts";
import { PatientBucket } from "../../s3/patient-bucket.ts";
import { loadScratch } from "../../stores/local/objects/load-scratch.ts";
import type { ServerInfo } from "../../stores/local/objects/manifest.ts";
import { ObjectReader } from "../../stores/local/objects/object-reader.ts";
import type { Source } from "../../stores/local/objects/read-all.ts";
import { Scratch } from "../../stores/local/objects/scratch.ts";
import { updateSchema } from "../../stores/local/sqlite/schema.ts";
import type { ProgressLines } from "./progress-lines.ts";

export interface ToolBucket {
  bucket: Bucket;
  close(): void;
}

/** Throws a message of one line. */
export function openToolBucket(config: Config, progress: ProgressLines): ToolBucket {
  const bucket = openBucket(config, createLog("text", config.debug));
  let bytes = 0;
  const onRead = (count: number) => {
    bytes += count;
    progress.tell(`reading ${bucket.url}`, bytes, null, "bytes");
  };
  const patient = new PatientBucket({
    bucket,
    clock: systemClock,
    patienceMs: config.s3Timeout,
    onRead,
  });
  return { bucket: patient, close: () => bucket.close() };
}

export interface Loaded {
  db: Database;
  close(): void;
}

/** All rows of a store, in a database with the present tables. Rejects with a line. */
export async function loadStore(config: Config, bucket: Bucket, source: Source): Promise<Loaded> {
  const scratch = new Scratch(config.s3Scratch || tmpdir());
  try {
    const reader = new ObjectReader(bucket, systemClock);
    const db = await loadScratch({ scratch, reader, source });
    updateSchema(db);
    return { db, close: () => scratch.close() };
  } catch (error) {
    scratch.close();
    throw error;
  }
}

/** What other okq processes see while this command uses the bucket. Nobody listens there. */
export function toolInfo(command: string): ServerInfo {
  return {
    id: crypto.randomUUID(),
    addr: `${hostname()}:0`,
    isTls: false,
    certificate: null,
    httpAddr: null,
    isHttps: false,
    secret: "",
    sinceMs: Date.now(),
    version: `${metadata.version} (okq ${command})`,
  };
}

/** What to do about a store that is damaged. */
export function damagedStoreText(url: string, problem: string): string {
  return (
    `${problem}; nothing in the bucket was changed: make a new store from a copy that okq backup ` +
    `made (okq copy --from sqlite:FILE --to a new prefix), or, to give up ${url}, remove ` +
    "everything below it"
  );
}
