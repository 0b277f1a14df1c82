// Opens the store that a Config names: Redis, a SQLite file, or memory.
import { resolve } from "node:path";
import { type Config, sqliteFile } from "../config/options.ts";
import { s3Location } from "../config/s3-location.ts";
import type { Log } from "../log/log.ts";
import { probeBucket } from "../s3/probe.ts";
import { LocalStore, type LocalStoreOptions } from "../stores/local/local-store.ts";
import { Scratch } from "../stores/local/objects/scratch.ts";
import { SqliteJournal, type SqliteJournalOptions } from "../stores/local/sqlite/sqlite-journal.ts";
import { RedisStore } from "../stores/redis/redis-store.ts";
import type { RedisTarget } from "../stores/redis/target.ts";
import type { OpenedStore, StoreListeners } from "./opened-store.ts";
import { openBucket } from "./open-bucket.ts";
import { openObjects } from "./open-objects.ts";
import { redisTarget, targetName } from "./redis-target.ts";
import { scratchFolderOf } from "./scratch-folder.ts";
import { redisLog, sqliteLog } from "./store-log.ts";

/** Other ones than usual, for tests. */
type SqliteSizes = Pick<SqliteJournalOptions, "reserveBytes" | "walBytes">;

/** Rejects with a message of one line if the store cannot be opened. */
export async function openStore(
  config: Config,
  log: Log,
  options: StoreListeners,
): Promise<OpenedStore> {
  const file = sqliteFile(config);
  const target = redisTarget(config);
  if (target !== null) return openRedis(target, config, log, options);
  if (s3Location(config) !== null) return openProbed(config, log, options);
  if (file !== null) return openSqlite(resolve(file), config, log, options);
  const announce = () => log.info("queues are kept in memory only");
  const store = new LocalStore(options);
  return { store, storeName: "memory", announce };
}

async function openRedis(
  target: RedisTarget,
  { redisPoolSize: poolSize }: Config,
  log: Log,
  listeners: StoreListeners,
): Promise<OpenedStore> {
  const name = targetName(target);
  const { onReady, onEnded, onDue, onReport, onListeners, observer } = listeners;
  const notices = {
    onReady,
    onEnded,
    onDue,
    onReport,
    onListeners,
    observer,
    ...redisLog(log, name, target.waitReplicas),
  };
  try {
    const store = await RedisStore.open({ target, poolSize, ...notices });
    const announce = () => log.info("queues are kept in Redis", { store: name });
    return { store, storeName: name, announce };
  } catch (error) {
    throw new Error(`cannot use Redis at ${name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Only tries whether the bucket can be used: the queues are loaded when this okq serves. */
async function openProbed(
  config: Config,
  log: Log,
  listeners: StoreListeners,
): Promise<OpenedStore> {
  const bucket = openBucket(config, log);
  // Fails here, not when this okq is to serve, if it may not write there.
  new Scratch(scratchFolderOf(config)).close();
  const onTrouble = (error: Error) => {
    log.warn("cannot use the bucket yet, okq tries again", { store: bucket.url, error });
  };
  await probeBucket(bucket, { patienceMs: config.s3Timeout, onTrouble });
  return openObjects(config, log, { bucket, counts: bucket.counts, listeners });
}

export async function openSqlite(
  file: string,
  { fsync, memoryBudget }: Config,
  log: Log,
  options: LocalStoreOptions,
  sizes: SqliteSizes = {},
): Promise<OpenedStore> {
  const startedAtMs = performance.now();
  const journal = new SqliteJournal({ file, fsync, ...sizes, ...sqliteLog(log) });
  const store = await LocalStore.open({
    ...options,
    journal,
    memoryBudgetBytes: memoryBudget,
    onProgress: (count) => log.info("loading", { file, events: count }),
  });
  const loadedMs = Math.round(performance.now() - startedAtMs);
  const announce = () => log.info("queues are kept on disk", { file, fsync, loadedMs });
  return { store, storeName: file, announce };
}
