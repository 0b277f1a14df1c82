// A distant Redis can be used if its answers come within --redis-timeout.
import { expect, setDefaultTimeout, test } from "bun:test";
import { errorOf } from "../faults/load.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, startTestRedis, type TestOkq } from "../support/okq-server.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

setDefaultTimeout(90_000);

/** Longer than any limit for nearby servers. */
const ONE_WAY_MS = 400;
const SLOW = { timeoutMs: 60_000 };

function proxyTo({ port }: { port: number }): TcpProxy {
  return closeAfterTest(TcpProxy.start(port));
}

function setFar(proxies: TcpProxy[], oneWayMs = ONE_WAY_MS): void {
  for (const proxy of proxies) {
    proxy.set("requests", "delay", oneWayMs);
    proxy.set("replies", "delay", oneWayMs);
  }
}

const addressesOf = (proxies: TcpProxy[]) =>
  proxies.map(({ port }) => `127.0.0.1:${port}`).join(",");

/** Repeats a push with one id until Redis accepts it. The event exists once. */
async function pushed(okq: TestOkq): Promise<void> {
  const client = await okq.connect();
  await eventually(async () => {
    const error = errorOf(await client.call("QLPUSH", "q", "1", "x"));
    return error === null || error.startsWith("ERR duplicate event");
  }, SLOW);
}

async function serves(okq: TestOkq): Promise<void> {
  await pushed(okq);
  const client = await okq.connect();
  client.pipeline(["QRPOP", "q", "NOACK"], ["OKQ", "HEALTH"]);
  expect(await client.next()).toEqual([Buffer.from("1"), Buffer.from("x")]);
  expect(await client.next()).toEqual({ simple: "OK" });
}

test("okq starts on a distant Redis without a warning", async () => {
  const proxy = proxyTo(await startTestRedis());
  setFar([proxy], 600);
  // Less than the two answers that loading the script takes.
  const config = { store: "", redisAddr: addressesOf([proxy]), redisTimeout: 2_000 };
  const okq = await startTestOkq(config);
  await serves(okq);
  expect(okq.log.filter((line) => line.includes(" warn "))).toEqual([]);
});

test("okq keeps using a Redis that becomes distant, also after lost connections", async () => {
  const proxy = proxyTo(await startTestRedis());
  const okq = await startTestOkq({ store: "", redisAddr: addressesOf([proxy]) });
  await serves(okq);
  setFar([proxy]);
  for (let cut = 1; cut <= 2; cut++) {
    proxy.cut();
    await serves(okq);
  }
});

test("messages from a distant Redis wake a consumer", async () => {
  const redis = await startTestRedis();
  const proxy = proxyTo(redis);
  setFar([proxy]);
  const far = await startTestOkq({ store: "", redisAddr: addressesOf([proxy]) });
  const consumer = await far.connect();
  consumer.pipeline(["QREGISTER", "q"], ["QNOTIFY", "60"]);
  await consumer.next();
  await eventually(async () => (await redis.redis.pubsub("NUMSUB", "{okq}:due:0"))[1] === 1, SLOW);
  const near = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  await pushed(near);
  expect(await consumer.next()).toEqual(Buffer.from("q"));
  expect(far.log.filter((line) => line.includes("connection lost"))).toEqual([]);
});

test("okq starts on a distant cluster, and reconnects to it", async () => {
  const cluster = await startCluster({ replicasEach: 0 });
  const proxies = cluster.nodes.map(proxyTo);
  for (const [at, { redis }] of cluster.nodes.entries()) {
    await redis.config("SET", "cluster-announce-port", String(proxies[at]!.port));
  }
  const ports = proxies.map(({ port }) => port).toSorted();
  await eventually(async () => {
    const views = await Promise.all(cluster.nodes.map(({ redis }) => redis.cluster("SLOTS")));
    return views.every((ranges) => {
      const seen = ranges.map(([, , node]) => (node as unknown as [string, number])[1]);
      return seen.toSorted().join() === ports.join();
    });
  }, SLOW);
  setFar(proxies, 300);
  const okq = await startTestOkq({
    store: "",
    redisAddr: addressesOf(proxies),
    redisCluster: true,
  });
  await serves(okq);
  for (const proxy of proxies) proxy.cut();
  await serves(okq);
});

test("okq finds a distant master through Sentinels", async () => {
  const group = await startSentinelGroup({ replicas: 0 });
  const proxies = group.sentinelServers.map(proxyTo);
  setFar(proxies);
  const okq = await startTestOkq({ store: "", redisSentinelAddr: addressesOf(proxies) });
  await serves(okq);
  await group.servers[0]!.redis.call("CLIENT", "KILL", "TYPE", "normal");
  await serves(okq);
});

test("okq does not use a Redis that answers later than --redis-timeout", async () => {
  const proxy = proxyTo(await startTestRedis());
  setFar([proxy], 1_000);
  const config = { store: "", redisAddr: addressesOf([proxy]), redisTimeout: 1_600 };
  await expect(startTestOkq(config)).rejects.toThrow("no answer within 1600 ms");
});
