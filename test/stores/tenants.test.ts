// Many tenants on every store: order within groups, limits, rates and turns hold after every step.
import { afterAll, beforeAll, setDefaultTimeout, test } from "bun:test";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openOnCluster } from "./open-cluster.ts";
import { openLocal } from "./open-local.ts";
import { openReference } from "./open-reference.ts";
import { openSqlite } from "./open-sqlite.ts";
import { lastingKeys, openTimedRedis } from "./redis-targets.ts";
import type { Market } from "./tenants-queues.ts";
import { Tenants } from "./tenants.ts";

setDefaultTimeout(60_000);

let cluster: Cluster;
let server: RedisServer;

beforeAll(async () => {
  cluster = await startCluster({ masters: 3, replicasEach: 0, outlivesTest: true });
  server = await startRedis();
}, 60_000);

afterAll(async () => {
  await cluster.close();
  await server.close();
});

function marketOf(under: StoreUnderTest): Market {
  return { callers: [new LifeCaller(under)], close: () => under.close() };
}

async function openSqliteMarket(memoryBudgetBytes: number): Promise<Market> {
  const under = await openSqlite({ memoryBudgetBytes });
  const restart: Market["restart"] = (random) =>
    random.below(2) === 0 ? under.reopen() : under.crash();
  return { ...marketOf(under), restart };
}

/** Two stores on one Redis; a restart is one of them, or all scripts are gone. */
async function openRedisMarket(): Promise<Market> {
  const { redis, port } = server;
  await redis.flushall();
  const clock = { nowMs: 1_700_000_000_000 };
  const open = async () => new LifeCaller(await openTimedRedis(port, clock));
  const callers = [await open(), await open()];
  return {
    callers,
    async restart(random) {
      const at = random.below(3);
      if (at === 2) return void (await redis.script("FLUSH"));
      await callers[at]!.under.close();
      callers[at] = await open();
    },
    async leftovers(queues) {
      const keys = await lastingKeys(redis);
      return keys.filter((key) => queues.some((queue) => key.includes(queue)));
    },
    async close() {
      for (const { under } of callers) await under.close();
    },
  };
}

const markets: Record<string, () => Promise<Market>> = {
  reference: async () => marketOf(await openReference()),
  memory: async () => marketOf(await openLocal()),
  "memory, events in slabs": async () => marketOf(await openLocal(3)),
  SQLite: () => openSqliteMarket(2 ** 28),
  "SQLite, nothing kept in memory": () => openSqliteMarket(0),
  "two okq on one Redis": openRedisMarket,
  "a cluster": async () => marketOf(await openOnCluster(cluster)),
};

/** With so many steps on those that need more time for each. */
const steps: Record<string, number> = { reference: 300, "a cluster": 250 };
const seeds = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? [1, 2];

async function runOn(name: string, seed: number): Promise<void> {
  const market = await markets[name]!();
  try {
    await new Tenants(market, seed).run(steps[name] ?? 700);
  } finally {
    await market.close();
  }
}

for (const name of Object.keys(markets)) {
  test.each(seeds)(`tenants get what is theirs: ${name} (seed %d)`, (seed) => runOn(name, seed));
}
