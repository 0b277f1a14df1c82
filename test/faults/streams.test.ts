// Streams with several groups under load, while connections break and processes are killed: every
// entry reaches each group, none comes back after its acknowledgement, and what is pending is what
// consumers have.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startOkqOn, startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { inSync, ownerOf, takenOver } from "./cluster-failover.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { StreamLoad } from "./stream-load.ts";

setDefaultTimeout(60_000);

const ROUND_MS = 10_000;

/** No command may be answered with another error. */
const known = /^(ERR store outcome unknown|LOADING store unavailable|EXECABORT .*)$/;

async function conclude(name: string, load: StreamLoad): Promise<void> {
  const totals = await load.settle();
  report(name, { ...totals, ...Object.fromEntries(load.errors) });
  expect([...load.errors.keys()].filter((error) => !known.test(error))).toEqual([]);
  expect(totals.held).toBeGreaterThan(0);
}

/** Breaks something again and again under load, and checks what came of it. */
async function survive(
  name: string,
  load: StreamLoad,
  { times = rounds, between, last = 50 }: { times?: number; between(): number; last?: number },
  fault: (round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < times; round++) {
    await load.progress(between());
    await fault(round);
  }
  await load.progress(last);
  await conclude(name, load);
}

/** Breaks all connections. Either requests or replies are lost. */
async function cut(proxy: TcpProxy, random: (from: number, to: number) => number) {
  const direction = random(0, 1) === 0 ? "replies" : "requests";
  proxy.set(direction, "swallow");
  await eventually(() => proxy.swallowed > random(0, 3));
  proxy.cut();
  proxy.set(direction, "pass");
}

test.each([1, 2])(
  "with %i connections to Redis that break",
  async (poolSize) => {
    const name = `streams, ${poolSize} connections to Redis`;
    const random = randomOf(name);
    const redis = await startTestRedis();
    const proxy = closeAfterTest(TcpProxy.start(redis.port));
    const okqs = [
      await startOkqOnRedis(proxy.port, 0, [`--redis-pool-size=${poolSize}`]),
      await startOkqOnRedis(redis.port),
    ];
    const port = (client: number) => okqs[client % 3 === 2 ? 1 : 0]!.port;
    const load = closeAfterTest(await StreamLoad.start(port, random));
    const often = { times: 2 * rounds, between: () => random(1, 60), last: 100 };
    await survive(name, load, often, () => cut(proxy, random));
    expect(load.errors.get("ERR store outcome unknown")).toBeGreaterThan(0);
  },
  timeoutFor(ROUND_MS),
);

test.each(["sqlite", "redis"] as const)(
  "on %s with connections of clients that break",
  async (store) => {
    const name = `streams on ${store}, connections of clients`;
    const random = randomOf(name);
    const okq = await startOkqOn(store);
    const proxy = closeAfterTest(TcpProxy.start(okq.port));
    const port = (client: number) => (client % 3 === 2 ? okq.port : proxy.port);
    const load = closeAfterTest(await StreamLoad.start(port, random));
    const often = { times: 2 * rounds, between: () => random(1, 60), last: 100 };
    await survive(name, load, often, () => cut(proxy, random));
  },
  timeoutFor(ROUND_MS),
);

test(
  "on a database that okq is killed on",
  async () => {
    const name = "streams on a database";
    const random = randomOf(name);
    const args = [`--store=${newDatabase()}`];
    // Every other one has next to nothing in memory.
    const small = [...args, "--memory-budget=4kb"];
    let okq = await startOkqProcess(args);
    const { port } = okq;
    const load = closeAfterTest(await StreamLoad.start(() => port, random));
    await survive(name, load, { between: () => random(30, 200) }, async (round) => {
      await okq.crash();
      okq = await startOkqProcess(round % 2 === 0 ? small : args, port);
    });
  },
  timeoutFor(ROUND_MS),
);

test(
  "on a Redis whose okqs are killed",
  async () => {
    const name = "streams on Redis";
    const random = randomOf(name);
    const redis = await startTestRedis();
    const okqs = [await startOkqOnRedis(redis.port), await startOkqOnRedis(redis.port)];
    const ports = okqs.map(({ port }) => port);
    const load = closeAfterTest(await StreamLoad.start((client) => ports[client % 2]!, random));
    await survive(name, load, { between: () => random(30, 200) }, async () => {
      const at = random(0, 1);
      await okqs[at]!.crash();
      okqs[at] = await startOkqOnRedis(redis.port, ports[at]);
    });
  },
  timeoutFor(ROUND_MS),
);

test(
  "on a durable Redis that is killed",
  async () => {
    const name = "streams, Redis killed";
    const random = randomOf(name);
    const redis = await startTestRedis({ isDurable: true });
    const okqs = [await startOkqOnRedis(redis.port), await startOkqOnRedis(redis.port)];
    const port = (client: number) => okqs[client % 2]!.port;
    const load = closeAfterTest(await StreamLoad.start(port, random));
    await survive(name, load, { between: () => random(30, 200) }, async () => {
      await redis.kill();
      await redis.start();
    });
  },
  timeoutFor(ROUND_MS),
);

test(
  "in a cluster whose masters are killed, with a replica that has every change",
  async () => {
    const name = "streams, masters killed";
    const cluster = await startCluster({ masters: 3, replicasEach: 1 });
    const config = { store: "", redisCluster: true, redisWait: 1, redisWaitTimeout: 300 };
    const redisAddr = `127.0.0.1:${cluster.nodes[0]!.port}`;
    const start = () => startTestOkq({ ...config, redisAddr });
    const okqs = [await start(), await start()];
    // On three masters.
    const streams = ["stream-0", "stream-4", "stream-2"];
    const port = (client: number) => okqs[client % 2]!.port;
    const load = closeAfterTest(await StreamLoad.start(port, randomOf(name), streams));
    await survive(name, load, { between: () => 50 }, async (round) => {
      const stream = streams[round % streams.length]!;
      const master = await ownerOf(cluster, stream);
      await master.kill();
      await takenOver(cluster, stream, master);
      await master.start();
      await inSync(cluster);
    });
  },
  timeoutFor(25_000),
);
