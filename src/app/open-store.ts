// Opens the store that a Config names: Redis, a SQLite file, or memory.
import { resolve } from "node:path";
import { type Config, sqliteFile } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Report } from "../queue/report.ts";
import type { EndedListener, Store } from "../queue/store.ts";
import { LocalStore, type LocalStoreOptions } from "../stores/local/local-store.ts";
import { SqliteJournal } from "../stores/local/sqlite/sqlite-journal.ts";
import { RedisStore } from "../stores/redis/redis-store.ts";
import type { RedisTarget } from "../stores/redis/target.ts";
import { redisTarget, targetName } from "./redis-target.ts";
import { redisLog, sqliteLog } from "./store-log.ts";

export interface OpenedStore {
  store: Store;
  /** For log lines. */
  storeName: string;
  /** Logs where queues are kept. Called once okq serves clients. */
  announce(): void;
}

/** What a store tells. */
interface Listeners extends LocalStoreOptions {
  /** A local store has nothing to tell of the following: it is of one process. */
  onEnded: EndedListener;
  /** A report came through the exchange. */
  onReport(report: Report): void;
  /** Another process may have left another note of what its clients listen to. */
  onListeners(): void;
}

/** Rejects with a message of one line if the store cannot be opened. */
export async function openStore(
  config: Config,
  log: Log,
  options: Listeners,
): Promise<OpenedStore> {
  const file = sqliteFile(config);
  const target = redisTarget(config);
  if (target !== null) return openRedis(target, config, log, options);
  if (file !== null) return openSqlite(resolve(file), config, log, options);
  const announce = () => log.info("queues are kept in memory only");
  const store = new LocalStore(options);
  return { store, storeName: "memory", announce };
}

async function openRedis(
  target: RedisTarget,
  { redisPoolSize: poolSize }: Config,
  log: Log,
  listeners: Listeners,
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

async function openSqlite(
  file: string,
  { fsync, memoryBudget }: Config,
  log: Log,
  options: LocalStoreOptions,
): Promise<OpenedStore> {
  const startedAtMs = performance.now();
  const journal = new SqliteJournal({ file, fsync, ...sqliteLog(log) });
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
