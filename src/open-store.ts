// The store that a Config asks for, opened: Redis, a SQLite file, or memory. It says in the log
// where queues are, and knows nothing of clients.
import { resolve } from "node:path";
import { type Config, redactUrl, redisTarget, sqliteFile } from "./config.ts";
import type { Log } from "./log.ts";
import type { ReadyListener, Store } from "./queue/store.ts";
import { clock } from "./stores/local/clock.ts";
import { LocalStore } from "./stores/local/local-store.ts";
import { SqliteJournal } from "./stores/local/sqlite/sqlite-journal.ts";
import { RedisStore } from "./stores/redis/redis-store.ts";

/** Rejects with one line for a person if the store cannot be had. */
export async function openStore(config: Config, log: Log, onReady: ReadyListener): Promise<Store> {
  const file = sqliteFile(config);
  if (redisTarget(config)) return openRedis(config, log, onReady);
  if (file !== null) return openSqlite(resolve(file), config, log, onReady);
  return new LocalStore({ now: clock(), onReady });
}

async function openRedis(config: Config, log: Log, onReady: ReadyListener): Promise<Store> {
  const name = redactUrl(config.store || config.redisAddr);
  const address = { host: "127.0.0.1", port: 6379, db: 0, ...redisTarget(config) };
  const onState = (state: string) =>
    state === "ready"
      ? log.info("Redis is reachable again", { store: name })
      : log.warn("Redis connection lost", { store: name, reason: state });
  try {
    return await RedisStore.open({ address, poolSize: config.redisPoolSize, onReady, onState });
  } catch (error) {
    throw new Error(`cannot use Redis at ${name}: ${(error as Error).message}`, { cause: error });
  }
}

async function openSqlite(
  file: string,
  { fsync, memoryBudget }: Config,
  log: Log,
  onReady: ReadyListener,
): Promise<Store> {
  const startedAtMs = performance.now();
  const journal = new SqliteJournal({
    file,
    fsync,
    onRefusal: (reason) =>
      reason === null
        ? log.info("pushes are accepted again")
        : log.error("pushes are refused", { reason }),
    onFailure: (error) => log.warn("database housekeeping failed, it is tried again", { error }),
  });
  let events = 0;
  const store = await LocalStore.open({
    now: clock(),
    onReady,
    journal,
    memoryBudgetBytes: memoryBudget,
    onProgress: (count) => log.info("loading", { file, events: (events = count) }),
  });
  const ms = Math.round(performance.now() - startedAtMs);
  log.info("queues are kept on disk", { file, fsync, events, ms });
  return store;
}
