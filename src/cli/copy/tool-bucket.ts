// What the commands that read a whole bucket have in common.
import type { Database } from "bun:sqlite";
import metadata from "../../../package.json" with { type: "json" };
import { scratchFolderOf } from "../../app/scratch-folder.ts";
import { openBucket } from "../../app/open-bucket.ts";
import type { Config } from "../../config/options.ts";
import { createLog } from "../../log/log.ts";
import { systemClock } from "../../queue/clock.ts";
import type { Bucket } from "../../s3/bucket.ts";
import { PatientBucket } from "../../s3/patient-bucket.ts";
import { loadScratch } from "../../stores/local/objects/load-scratch.ts";
import { DamageError } from "../../stores/local/objects/damage-error.ts";
import { firstLive, type ServerInfo } from "../../stores/local/objects/manifest.ts";
import { checkVacant } from "../../stores/local/objects/new-store.ts";
import { MANIFEST } from "../../stores/local/objects/object-names.ts";
import { ObjectReader } from "../../stores/local/objects/object-reader.ts";
import type { Source } from "../../stores/local/objects/read-all.ts";
import { Scratch } from "../../stores/local/objects/scratch.ts";
import { checkOpened, type DatabaseCounts } from "../../stores/local/sqlite/check-database.ts";
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
  /** The last place in the log that has changes; 0 if there is none. */
  last: number;
  close(): void;
}

/** All rows of a store, in a database with the present tables. Rejects with a line. */
export async function loadStore(config: Config, bucket: Bucket, source: Source): Promise<Loaded> {
  const scratch = new Scratch(scratchFolderOf(config));
  try {
    const reader = new ObjectReader(bucket, systemClock);
    let last = firstLive(source) - 1;
    const onTail = ({ seq }: { seq: number }) => (last = seq);
    const db = await loadScratch({ scratch, reader, source, onTail });
    updateSchema(db);
    return { db, last, close: () => scratch.close() };
  } catch (error) {
    scratch.close();
    throw error;
  }
}

/** Throws a DamageError. */
export function checkLoaded({ db }: Loaded, url: string): DatabaseCounts {
  try {
    return checkOpened(db, (problem) => problem);
  } catch (error) {
    throw new DamageError(`${url} is damaged: ${(error as Error).message}`);
  }
}

/** What other okq processes see while this command uses the bucket. Nobody listens there. */
export function toolInfo(command: string): ServerInfo {
  return {
    id: crypto.randomUUID(),
    addr: "",
    isTls: false,
    certificate: null,
    httpAddr: null,
    isHttps: false,
    secret: "",
    sinceMs: Date.now(),
    version: `${metadata.version} (okq ${command})`,
  };
}

/** Says what to do about a store that is damaged. */
export function withAdvice(error: unknown, url: string): unknown {
  if (!(error instanceof DamageError)) return error;
  return new Error(
    `${error.message}; the bucket is left as it is: make a new store from a copy that okq backup ` +
      `made (okq copy --from sqlite:FILE --to a new prefix), or remove everything below ${url}`,
    { cause: error },
  );
}

/** Rejects with an Error of one line if there is no manifest. */
export async function checkIsStore(bucket: Bucket): Promise<void> {
  if ((await bucket.read(MANIFEST)) !== null) return;
  await checkVacant(bucket);
  throw new Error(`there are no queues at ${bucket.url}: ${MANIFEST} is not there`);
}
