// `okq check` and `okq backup` of a store in a bucket. They only read: an okq may serve meanwhile.
import type { Config } from "../../config/options.ts";
import type { Bucket } from "../../s3/bucket.ts";
import { type Amount, takeInventory } from "../../stores/local/objects/inventory.ts";
import type { Manifest } from "../../stores/local/objects/manifest.ts";
import { readAll } from "../../stores/local/objects/read-all.ts";
import type { DatabaseCounts } from "../../stores/local/sqlite/check-database.ts";
import { counted, countsLine } from "./counts-line.ts";
import { progressOnStderr } from "./progress-lines.ts";
import { SqliteTarget } from "./sqlite-sides.ts";
import {
  checkIsStore,
  checkLoaded,
  type Loaded,
  loadStore,
  openToolBucket,
  withAdvice,
} from "./tool-bucket.ts";

/** Reads and verifies all that a start of okq reads. Resolves with a description of it. */
export async function checkBucket(config: Config): Promise<string> {
  return await withStore(config, async ({ bucket, manifest, loaded, counts }) => {
    const { used, unused, foreign } = await takeInventory(bucket, manifest);
    const { epoch, server } = manifest;
    const served = server?.addr ? `the okq at ${server.addr} serves` : "an okq serves";
    const who = server === null ? "nobody serves" : served;
    const lines = [
      `epoch ${epoch}, ${who}, changes up to ${loaded.last} in the log, ${amountOf(used)}`,
      ...(unused.objects > 0
        ? [`not needed: ${amountOf(unused)}; the okq that serves removes them in time`]
        : []),
      ...(foreign.objects > 0 ? [`not of okq: ${amountOf(foreign)}`] : []),
    ];
    return countsLine(bucket.url, counts) + lines.map((line) => `${line}\n`).join("");
  });
}

/** Copies the present queues into a new file. Rejects with a message of one line. */
export async function backupBucket(config: Config, file: string): Promise<DatabaseCounts> {
  return await withStore(config, async ({ loaded: { db } }) => {
    const source = { db, confirm: async () => {}, close: async () => {} };
    return await new SqliteTarget(file).make(source, progressOnStderr());
  });
}

interface ReadStore {
  bucket: Bucket;
  loaded: Loaded;
  counts: DatabaseCounts;
  manifest: Manifest;
}

/** Reads the store, and again if the okq that serves has removed something of it meanwhile. */
async function withStore<T>(config: Config, use: (store: ReadStore) => Promise<T>): Promise<T> {
  const { bucket, close } = openToolBucket(config, progressOnStderr());
  try {
    await checkIsStore(bucket);
    const { loaded, manifest } = await readAll(bucket, async (reading) => ({
      loaded: await loadStore(config, bucket, reading),
      manifest: reading.manifest,
    }));
    try {
      const counts = checkLoaded(loaded, bucket.url);
      return await use({ bucket, loaded, counts, manifest });
    } finally {
      loaded.close();
    }
  } catch (error) {
    throw withAdvice(error, bucket.url);
  } finally {
    close();
  }
}

function amountOf({ objects, bytes }: Amount): string {
  return `${counted(objects, "object")} with ${counted(bytes, "byte")}`;
}
