// Opens a local store whose journal is in a bucket in memory, on a test clock. A test can close,
// kill and reopen the store while its sessions stay usable.

import type { Store } from "../../src/queue/store.ts";
import type { Bucket } from "../../src/s3/bucket.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import type { CompactionLimits } from "../../src/stores/local/objects/compaction.ts";
import type { ServerInfo } from "../../src/stores/local/objects/manifest.ts";
import {
  ObjectsJournal,
  type ObjectsJournalOptions,
} from "../../src/stores/local/objects/objects-journal.ts";
import { readManifest } from "../../src/stores/local/objects/stored-manifest.ts";
import { takeOver } from "../../src/stores/local/objects/take-over.ts";
import type { Tenure } from "../../src/stores/local/objects/tenure.ts";
import { fastFolder } from "../support/fast-folder.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../support/memory-bucket.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreUnderTest } from "./contract.ts";
import { CurrentStore } from "./current-store.ts";
import { Heard } from "./heard.ts";
import { RefusingStore } from "./refusing-store.ts";

const startMs = 1_700_000_000_000;
/** Small: to write 8 MiB at each opening would take most of the time of the tests. */
const walBytes = 4096;
const leaseMs = 5000;
const timeoutMs = 10_000;

export interface ObjectsOptions {
  memoryBudgetBytes?: number;
  limits?: Partial<CompactionLimits>;
  minIntervalMs?: number;
  /** The time of the clock at the start. */
  nowMs?: number;
  scratchFolder?: string;
  /** The objects of an earlier store. */
  objects?: MemoryObjects;
  /** Runs every call of the bucket. */
  passage?: Passage;
  onFailure?: (error: Error) => void;
  notices?: Pick<ObjectsJournalOptions, "onError" | "onRecovery">;
}

export interface ObjectsUnderTest extends StoreUnderTest {
  objects: MemoryObjects;
  /** Of the latest opening. */
  journal: ObjectsJournal;
  tenure: Tenure;
  bucket: Bucket;
  clock: TestClock;
  /** Closes the store and opens it again. Consumers are gone, as after a restart. */
  reopen(): Promise<void>;
  /** Opens another one, while the one before does not know it yet. */
  crash(): Promise<void>;
}

export async function openObjects(options: ObjectsOptions = {}): Promise<ObjectsUnderTest> {
  const clock = new TestClock();
  clock.advance((options.nowMs ?? startMs) - clock.nowMs());
  const objects = options.objects ?? new MemoryObjects();
  const bucket = new MemoryBucket(objects, clock, options.passage);
  const heard = new Heard();
  const ready: [string, number][] = [];
  let tenure: Tenure;
  let journal: ObjectsJournal;
  const open = async () => {
    tenure = await begin(bucket, clock);
    const { limits = {}, scratchFolder = fastFolder, onFailure = fail } = options;
    journal = await ObjectsJournal.open({
      tenure,
      bucket,
      clock,
      limits,
      scratchFolder,
      walBytes,
      minIntervalMs: options.minIntervalMs ?? 0,
      onFailure,
      ...options.notices,
    });
    return LocalStore.open({
      clock,
      onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
      observer: heard.observer,
      journal,
      memoryBudgetBytes: options.memoryBudgetBytes ?? 2 ** 28,
    });
  };
  const current = new CurrentStore(await open());
  const refusing = new RefusingStore(current);
  const abandoned: Store[] = [];
  return {
    store: refusing,
    nowMs: () => clock.nowMs(),
    advance: (ms) => clock.advance(ms),
    ready,
    hear: async () => Object.assign(heard, { isOn: true }),
    setRefusing: (queue, isRefusing) => refusing.setRefusing(queue, isRefusing),
    objects,
    bucket,
    clock,
    get journal() {
      return journal;
    },
    get tenure() {
      return tenure;
    },
    async reopen() {
      await current.replace(async (store) => {
        await store.close();
        await tenure.release();
        return open();
      });
    },
    async crash() {
      await current.replace(async (store) => {
        abandoned.push(store);
        return open();
      });
    },
    async close() {
      await current.close();
      for (const store of abandoned) await store.close();
      await tenure.release();
    },
  };
}

function fail(error: Error): void {
  throw error;
}

/** Takes over, whoever serves. */
export async function begin(bucket: Bucket, clock: TestClock): Promise<Tenure> {
  const from = await readManifest(bucket);
  const isWanted = () => true;
  const tenure = await takeOver({ bucket, clock, leaseMs, timeoutMs, server, from, isWanted });
  if (tenure === null) throw new Error("another okq was faster");
  return tenure;
}

const server: ServerInfo = {
  id: "test",
  addr: "127.0.0.1:1",
  isTls: false,
  certificate: null,
  httpAddr: null,
  isHttps: false,
  secret: "secret",
  sinceMs: startMs,
  version: "0",
};
