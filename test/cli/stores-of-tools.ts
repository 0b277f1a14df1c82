// Stores for the tests of the commands that read and make whole stores: a SQLite file with every
// kind of state, buckets of a stand-in for S3, and a store in a bucket that this process serves.
import { join } from "node:path";
import { systemClock } from "../../src/queue/clock.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import type { CompactionLimits } from "../../src/stores/local/objects/compaction.ts";
import { ObjectsJournal } from "../../src/stores/local/objects/objects-journal.ts";
import { readManifest } from "../../src/stores/local/objects/stored-manifest.ts";
import { takeOver } from "../../src/stores/local/objects/take-over.ts";
import { openTestBucket } from "../s3/open-test-bucket.ts";
import type { StoreUnderTest } from "../stores/contract.ts";
import { LifeCaller } from "../stores/contract/life-caller.ts";
import { fillStore } from "../stores/full-store.ts";
import { Heard } from "../stores/heard.ts";
import { openSqlite } from "../stores/open-sqlite.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { type CommandOptions, type Ended, okq } from "../support/okq-command.ts";
import { type S3Server, startS3, testKey } from "../support/s3-server.ts";

const leaseMs = 400;

/** A file with every kind of state. */
export async function fullFile(seed = 1): Promise<string> {
  const file = join(newFolder(), "full.db");
  const under = await openSqlite({ file });
  await fillStore(under, seed);
  await under.close();
  return file;
}

/** A file with so many ready events in the queue "q". */
export async function fileOf(count: number, contents: (id: string) => string): Promise<string> {
  const file = join(newFolder(), "many.db");
  const under = await openSqlite({ file });
  const caller = new LifeCaller(under);
  for (let from = 0; from < count; from += 1000) {
    const ids = Array.from({ length: Math.min(1000, count - from) }, (_, at) => `${from + at}`);
    // oxlint-disable-next-line no-await-in-loop -- bounded batches
    await Promise.all(ids.map((id) => caller.pushWith("q", id, { contents: contents(id) })));
  }
  await under.close();
  return file;
}

export function startBucket(): S3Server {
  return closeAfterTest(startS3());
}

/** The environment in which okq finds that object store, and takes over soon. */
export function environmentOf(s3: S3Server): Record<string, string> {
  return {
    OKQ_S3_ENDPOINT: s3.url,
    OKQ_S3_ACCESS_KEY_ID: testKey.accessKey,
    OKQ_S3_SECRET_ACCESS_KEY: testKey.secret,
    OKQ_S3_LEASE: String(leaseMs),
  };
}

/** The same as flags. */
export function flagsOf(s3: S3Server): string[] {
  return Object.entries(environmentOf(s3)).map(
    ([name, value]) => `--${name.slice("OKQ_".length).toLowerCase().replaceAll("_", "-")}=${value}`,
  );
}

/** Runs okq with that object store. */
export function okqAt(s3: S3Server, args: string[], options: CommandOptions = {}): Promise<Ended> {
  return okq(args, { ...options, env: { ...environmentOf(s3), ...options.env } });
}

export interface ServedStore {
  store: LifeCaller;
  /** In order. */
  release(): Promise<void>;
  /** As a killed process: nothing is told to the others. */
  vanish(): Promise<void>;
}

/** Serves s3://bucket/{prefix} in this process. */
export async function serveStore(
  s3: S3Server,
  prefix: string,
  limits: Partial<CompactionLimits> = {},
): Promise<ServedStore> {
  const bucket = openTestBucket(s3.url, { prefix });
  const server = {
    id: crypto.randomUUID(),
    addr: "198.51.100.1:4777",
    isTls: false,
    certificate: null,
    httpAddr: null,
    isHttps: false,
    secret: "secret",
    sinceMs: Date.now(),
    version: "0",
  };
  const clock = systemClock;
  const from = await readManifest(bucket);
  const taking = { bucket, clock, leaseMs, timeoutMs: 5000, server, from, isWanted: () => true };
  const tenure = (await takeOver(taking))!;
  const journal = await ObjectsJournal.open({
    tenure,
    bucket,
    clock,
    limits,
    scratchFolder: newFolder(),
  });
  const local = await LocalStore.open({
    clock,
    journal,
    memoryBudgetBytes: 2 ** 28,
    onReady: () => {},
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await local.close();
  };
  closeAfterTest({
    async close() {
      await close();
      await tenure.release();
    },
  });
  return {
    store: new LifeCaller(underTest(local)),
    async release() {
      await close();
      await tenure.release();
    },
    async vanish() {
      bucket.close();
      await close();
    },
  };
}

/** For calls only. */
function underTest(store: LocalStore): StoreUnderTest {
  const none = () => {
    throw new Error("it has the clock of the machine");
  };
  const heard = async () => new Heard();
  return {
    store,
    nowMs: () => systemClock.nowMs(),
    advance: none,
    ready: [],
    hear: heard,
    setRefusing: none,
    close: () => store.close(),
  };
}
