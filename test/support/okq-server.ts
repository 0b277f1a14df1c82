// Starts okq inside the process of the test, on a free port, with any store. Everything started
// here is closed when the test ends.
import { afterAll, beforeAll } from "bun:test";
import { join } from "node:path";
import { type Config, sqliteFile } from "../../src/config/options.ts";
import { defaultConfig } from "../../src/config/resolve.ts";
import { createLog, type Log } from "../../src/log/log.ts";
import { type Okq, startOkq } from "../../src/app/okq.ts";
import { openSqlite } from "../../src/app/open-store.ts";
import { type Clock, systemClock } from "../../src/queue/clock.ts";
import type { LocalStoreOptions } from "../../src/stores/local/local-store.ts";
import { ReferenceStore } from "../stores/reference/reference-store.ts";
import { closeAfterAll, closeAfterTest } from "./close-after-test.ts";
import { emptyCluster } from "./empty-cluster.ts";
import { newFolder } from "./new-folder.ts";
import { type Cluster, startCluster } from "./redis-cluster.ts";
import { type RedisOptions, type RedisServer, startRedis } from "./redis-server.ts";
import { TestClock } from "./test-clock.ts";
import { Wire } from "./wire.ts";

/** Longer than okq waits for clients when it ends. */
const CLOSE_MS = 10_000;

export interface TestOkq {
  port: number;
  tlsPort: number;
  httpPort: number;
  /** The log lines of okq. */
  log: string[];
  connect(): Promise<Wire>;
  /** Reloads like SIGHUP. */
  reload(): void;
  close(): Promise<void>;
}

/** Starts okq. With a TestClock the timeouts of clients pass only when the test moves the clock. */
export async function startTestOkq(
  config: Partial<Config> = {},
  clock: Clock = systemClock,
  open?: Parameters<typeof startOkq>[3],
): Promise<TestOkq> {
  const log: string[] = [];
  const okq: Okq = await startOkq(
    { ...defaultConfig(), store: "memory", listenAddr: "127.0.0.1:0", httpAddr: "", ...config },
    createLog("text", true, (line) => log.push(line)),
    clock,
    open,
  );
  return closeAfterTest({
    port: okq.port,
    tlsPort: okq.tlsPort,
    httpPort: okq.httpPort,
    log,
    reload: () => okq.reload(),
    connect: async () => closeAfterTest(await Wire.connect(okq.port)),
    async close() {
      const closed = okq.close();
      // Otherwise okq would wait for clients that are still connected.
      if (clock instanceof TestClock) clock.advance(CLOSE_MS);
      await closed;
    },
  });
}

/** The stores that tests of commands run on. */
export const storeNames = ["memory", "sqlite", "redis"] as const;

/** The stores that tests of the life of an event run on. */
export const lifeStores = ["reference", "memory", "sqlite", "redis"] as const;

/** The same, and a Redis Cluster: for test files that call useCluster. */
export const lifeStoresAndCluster = [...lifeStores, "cluster"] as const;

let cluster: Cluster | null = null;

/** To be called at the top of a test file: starts the Redis Cluster of all its tests. */
export function useCluster(): void {
  beforeAll(async () => {
    cluster = await startCluster({ masters: 3, replicasEach: 0, outlivesTest: true });
  }, 60_000);
  afterAll(() => cluster?.close());
}

async function onEmptyCluster(): Promise<Partial<Config>> {
  if (!cluster) throw new Error("the test file does not call useCluster");
  await emptyCluster(cluster);
  return { store: "", redisAddr: `127.0.0.1:${cluster.nodes[0]!.port}`, redisCluster: true };
}

async function openReference(_config: Config, _log: Log, options: LocalStoreOptions) {
  return { store: new ReferenceStore(options), storeName: "reference", announce() {} };
}

/** As okq opens a database, but for the 16 MiB that it writes in advance. */
function openSmall(config: Config, log: Log, options: LocalStoreOptions) {
  const sizes = { reserveBytes: 4096, walBytes: 4096 };
  return openSqlite(sqliteFile(config)!, config, log, options, sizes);
}

/** The --store of a new database, which is removed when the test ends. */
export function newDatabase(): string {
  return `sqlite:${join(newFolder(), "okq.db")}`;
}

/** Starts okq on that store: on a new small database, or on the empty Redis or cluster. */
export async function startOkqOn(
  store: (typeof lifeStoresAndCluster)[number],
  config: Partial<Config> = {},
): Promise<TestOkq> {
  if (store === "reference") return await startTestOkq(config, systemClock, openReference);
  if (store === "memory") return await startTestOkq(config);
  if (store === "sqlite") {
    return await startTestOkq({ store: newDatabase(), ...config }, systemClock, openSmall);
  }
  return await startTestOkq({ ...(await onEmpty(store)), ...config });
}

let redis: RedisServer | null = null;

/** The redis-server of all tests of the file that need no server of their own. */
async function onEmptyRedis(): Promise<Partial<Config>> {
  redis ??= closeAfterAll(await startRedis());
  // Nothing that a client of an earlier test has sent may be done later.
  for (const type of ["normal", "pubsub"]) {
    await redis.redis.call("CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
  }
  await redis.redis.flushall();
  return { store: "", redisAddr: `127.0.0.1:${redis.port}` };
}

/** Options by which any number of okq share the empty Redis or cluster. */
export async function onEmpty(store: "redis" | "cluster"): Promise<Partial<Config>> {
  return await (store === "cluster" ? onEmptyCluster() : onEmptyRedis());
}

export async function startTestRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return closeAfterTest(await startRedis(options));
}
