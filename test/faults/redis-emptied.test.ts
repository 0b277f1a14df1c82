// Redis loses all data under load, repeatedly forgets the script, or becomes slow. Only the events
// in that data are lost, and okq needs no restart.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

/** Four producers with eight pushes each. */
const IN_FLIGHT_MAX = 32;

async function startTwo(redisPort: number) {
  return await Promise.all([startOkqOnRedis(redisPort), startOkqOnRedis(redisPort)]);
}

const waysToEmpty: Record<string, (redis: RedisServer) => Promise<unknown>> = {
  "emptied by FLUSHALL": ({ redis }) => redis.flushall(),
  "killed and started empty": async (redis) => {
    await redis.kill();
    await redis.start();
  },
};

test.each(Object.entries(waysToEmpty))(
  "a Redis %s under load loses the events that it had and no later ones",
  async (name, empty) => {
    const random = randomOf(name);
    const redis = await startTestRedis();
    const okqs = await startTwo(redis.port);
    // Lost events count as not consumed, so a limit would stop the producers.
    const load = new Load({ port: (client) => okqs[client % 2]!.port, ahead: Infinity });
    let [backMs, held] = [0, 0];
    for (let round = 0; round < rounds * 2; round++) {
      await load.progress(random(200, 1_000));
      await empty(redis);
      load.account.storeEmptied();
      held = load.pushed - load.acked;
      const startedAt = performance.now();
      await load.progress(1);
      backMs = Math.max(backMs, performance.now() - startedAt);
    }
    await load.progress(200);
    await load.stop();
    await load.drain(okqs[0]!.port);
    const totals = load.account.settle();
    const [lost, errors] = [totals.pushed - totals.acked, Object.fromEntries(load.errors)];
    report(name, { ...totals, lost, backMs, ...errors });
    // Some answers had not arrived when the load counted.
    expect(lost).toBeLessThanOrEqual(held + IN_FLIGHT_MAX);
    for (const okq of okqs) expect(okq.stderr()).not.toContain("stopp");
  },
  timeoutFor(10_000),
);

test("a Redis that often forgets the script fails no command and loses no event", async () => {
  const redis = await startTestRedis();
  const okqs = await startTwo(redis.port);
  const load = new Load({ port: (client) => okqs[client % 2]!.port, lease: 30 });
  const state = { isDone: false, flushes: 0 };
  const flushing = (async () => {
    for (; !state.isDone; state.flushes++) await redis.redis.script("FLUSH");
  })();
  await load.progress(1_000 * rounds);
  state.isDone = true;
  await flushing;
  await load.stop();
  await load.drain(okqs[0]!.port);
  const totals = load.account.settle();
  report("SCRIPT FLUSH", { ...totals, flushes: state.flushes });
  expect(state.flushes).toBeGreaterThan(10);
  expect([...load.errors]).toEqual([]);
  expect(totals.acked).toBe(totals.pushed);
});

test("a Redis that becomes slower fails no command and loses no event", async () => {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const okqs = await startTwo(proxy.port);
  const near = await startOkqOnRedis(redis.port);
  const load = new Load({ port: (client) => okqs[client % 2]!.port, lease: 30, ahead: 50 });
  const figures: Record<string, number> = {};
  // The delays grow, because later bytes must not overtake earlier ones.
  for (const delayMs of [5, 20, 100]) {
    proxy.set("requests", "delay", delayMs);
    proxy.set("replies", "delay", delayMs);
    const [startedAt, acked] = [performance.now(), load.acked];
    await load.progress(100);
    const seconds = (performance.now() - startedAt) / 1000;
    figures[`ackedPerSecondAt${delayMs}`] = (load.acked - acked) / seconds;
  }
  await eventually(() => load.slowestMs >= 200);
  await load.stop();
  await load.drain(near.port);
  const totals = load.account.settle();
  report("slow Redis", { ...totals, ...figures, slowestMs: load.slowestMs });
  expect([...load.errors]).toEqual([]);
  expect(totals.acked).toBe(totals.pushed);
});
