// Reads a store in a bucket that no okq serves, and makes a new one.
import { join } from "node:path";
import { scratchFolderOf } from "../../app/scratch-folder.ts";
import type { Config } from "../../config/options.ts";
import { systemClock } from "../../queue/clock.ts";
import { probeBucket } from "../../s3/probe.ts";
import { JournalError } from "../../stores/local/journal.ts";
import { checkVacant, makeStore } from "../../stores/local/objects/new-store.ts";
import { takeIdle } from "../../stores/local/objects/take-idle.ts";
import type { DatabaseCounts } from "../../stores/local/sqlite/check-database.ts";
import { compareWithFile, withDraft } from "../../stores/local/sqlite/file-copy.ts";
import type { CopySource, CopyTarget } from "./copy-store.ts";
import type { ProgressLines } from "./progress-lines.ts";
import { rowProgress } from "./sqlite-sides.ts";
import {
  checkIsStore,
  checkLoaded,
  loadStore,
  openToolBucket,
  toolInfo,
  withAdvice,
} from "./tool-bucket.ts";

/** Takes over from an okq that ended. Rejects with a line if one serves, or nothing is there. */
export async function openS3Source(config: Config, progress: ProgressLines): Promise<CopySource> {
  const { bucket, close: closeBucket } = openToolBucket(config, progress);
  const ends: (() => Promise<void> | void)[] = [closeBucket];
  const close = async () => {
    for (const end of ends) await end();
  };
  try {
    await checkIsStore(bucket);
    const tenure = await takeIdle({
      bucket,
      clock: systemClock,
      leaseMs: config.s3Lease,
      timeoutMs: config.s3Timeout,
      server: toolInfo("copy"),
    });
    ends.unshift(() => tenure.release());
    const loaded = await loadStore(config, bucket, tenure);
    ends.unshift(() => loaded.close());
    checkLoaded(loaded, bucket.url);
    const confirm = async () => {
      try {
        await tenure.confirm();
      } catch (error) {
        throw new JournalError("failed", `${bucket.url}: ${(error as Error).message}`);
      }
    };
    return { db: loaded.db, confirm, close };
  } catch (error) {
    await close();
    throw withAdvice(error, bucket.url);
  }
}

export class S3Target implements CopyTarget {
  readonly #config: Config;
  readonly #opened;

  constructor(config: Config, progress: ProgressLines) {
    this.#config = config;
    this.#opened = openToolBucket(config, progress);
  }

  async checkEmpty(): Promise<void> {
    await checkVacant(this.#opened.bucket);
    await probeBucket(this.#opened.bucket);
  }

  async make(source: CopySource, progress: ProgressLines): Promise<DatabaseCounts> {
    const { onCompared } = rowProgress(progress);
    const { bucket } = this.#opened;
    const folder = scratchFolderOf(this.#config);
    // The next run removes what a killed one left there.
    const place = `${this.#config.s3Endpoint} ${bucket.url}`;
    const file = join(folder, `okq-copy-${Bun.hash(place).toString(36)}`);
    let counts: DatabaseCounts | null = null;
    await withDraft(source.db, file, rowProgress(progress), async (draft) => {
      await makeStore({
        bucket,
        file: draft,
        onPart: (done, all) => progress.tell(`writing ${bucket.url}`, done, all, "parts"),
        verify: async (store) => {
          const read = await loadStore(this.#config, bucket, store);
          try {
            counts = checkLoaded(read, bucket.url);
            await compareWithFile(read.db, draft, onCompared);
          } finally {
            read.close();
          }
          await source.confirm();
        },
      });
    });
    return counts!;
  }

  close(): void {
    this.#opened.close();
  }
}
