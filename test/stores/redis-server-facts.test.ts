// okq warns about every master that may evict keys when its memory is full, at the start and after
// a change of the policy; and it shows memory and replicas.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, startTestRedis, type TestOkq } from "../support/okq-server.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import type { RedisServer } from "../support/redis-server.ts";

setDefaultTimeout(60_000);

const LATER = { timeoutMs: 20_000 };

const setPolicy = ({ redis }: RedisServer, policy: string) =>
  redis.config("SET", "maxmemory-policy", policy);
const nameOf = ({ address, port }: RedisServer) => `${address}:${port}`;

/** The log lines about evictions so far, as "warn server policy" and "info server". */
function evictionLines({ log }: TestOkq): string[] {
  const pattern = / (warn|info) +Redis (?:may evict|evicts) .* server=(\S+)(?: policy=(\S+))?\n/;
  return log.flatMap((line) => {
    const [, level, server, policy] = pattern.exec(line) ?? [];
    return level ? [[level, server, policy].filter(Boolean).join(" ")] : [];
  });
}

async function fieldOf(okq: TestOkq, name: string): Promise<string> {
  const info = String(await (await okq.connect()).call("INFO", "store"));
  return new RegExp(`^store_${name}:(.*)\\r$`, "m").exec(info)![1]!;
}

const policies = (okq: TestOkq) => fieldOf(okq, "maxmemory_policy");

test("warns once about the eviction policy at the start and after a change", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
  const name = nameOf(redis);
  const okq = await startTestOkq({ store: "", redisAddr: name, redisPoolSize: 3 });
  const lines = [`warn ${name} allkeys-lru`];
  expect(evictionLines(okq)).toEqual(lines);
  expect(await policies(okq)).toBe("allkeys-lru");
  await setPolicy(redis, "noeviction");
  lines.push(`info ${name}`);
  await eventually(() => evictionLines(okq).length === lines.length, LATER);
  // A new connection notices it at once.
  await setPolicy(redis, "allkeys-random");
  await redis.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  lines.push(`warn ${name} allkeys-random`);
  await eventually(() => evictionLines(okq).length === lines.length, LATER);
  expect(evictionLines(okq)).toEqual(lines);
  const other = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const fine = await startTestOkq({ store: "", redisAddr: nameOf(other) });
  expect([evictionLines(fine), await policies(fine)]).toEqual([[], "noeviction"]);
});

test("checks the eviction policy of every master of a cluster", async () => {
  const { nodes } = await startCluster({ replicasEach: 0 });
  await setPolicy(nodes[1]!, "allkeys-lru");
  const okq = await startTestOkq({ store: "", redisAddr: nameOf(nodes[0]!), redisCluster: true });
  await eventually(() => evictionLines(okq).length > 0);
  expect(evictionLines(okq)).toEqual([`warn ${nameOf(nodes[1]!)} allkeys-lru`]);
  expect(await policies(okq)).toBe("allkeys-lru,noeviction");
});

test("checks the eviction policy of a new master behind Sentinels", async () => {
  const group = await startSentinelGroup();
  const [master, replica] = group.servers as [RedisServer, RedisServer];
  await setPolicy(replica, "allkeys-lru");
  const redisSentinelAddr = group.sentinels.map((port) => `127.0.0.1:${port}`).join(",");
  const okq = await startTestOkq({ store: "", redisSentinelAddr });
  expect(evictionLines(okq)).toEqual([]);
  await master.kill();
  await eventually(() => evictionLines(okq).length > 0, LATER);
  expect(evictionLines(okq)).toEqual([`warn ${nameOf(replica)} allkeys-lru`]);
});

test("shows the memory of its Redis, and how far its replicas are", async () => {
  const { sentinels, servers } = await startSentinelGroup();
  const redisSentinelAddr = sentinels.map((port) => `127.0.0.1:${port}`).join(",");
  const okq = await startTestOkq({ store: "", redisSentinelAddr });
  const connected = async () => Number(await fieldOf(okq, "replicas")) === 1;
  await eventually(connected, LATER);
  expect(Number(await fieldOf(okq, "memory_bytes"))).toBeGreaterThan(500_000);
  expect(await fieldOf(okq, "memory_bytes_max")).toBe("0");
  // A replica that stands still is behind.
  servers[1]!.signal("SIGSTOP");
  const client = await okq.connect();
  const isBehind = async () => {
    await client.call("QPUSH", "q", "x".repeat(1000));
    return Number(await fieldOf(okq, "replicas_behind_bytes")) > 1000;
  };
  await eventually(isBehind, LATER);
  servers[1]!.signal("SIGCONT");
});
