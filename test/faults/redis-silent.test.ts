// Redis does not answer while its connections stay open: it is frozen, or the network swallows
// bytes. Commands get an error, and okq serves again soon after Redis recovers.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { errorOf } from "./load.ts";
import { Trial } from "./trial.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

const SILENT_MS = 10_000;
const TIMEOUT_MS = 1_000;

test("a Redis frozen for ten seconds causes errors and loses no event", async () => {
  const redis = await startTestRedis({ isDurable: true });
  const trial = await Trial.start("Redis frozen for 10 s", {
    redisAddr: `127.0.0.1:${redis.port}`,
    redisTimeout: TIMEOUT_MS,
  });
  redis.signal("SIGSTOP");
  await trial.fails(8);
  await lasting(SILENT_MS);
  redis.signal("SIGCONT");
  await trial.recovers();
  await trial.settle();
  // No client waited until Redis was back.
  expect(trial.load.slowestMs).toBeLessThan(SILENT_MS);
});

test.each(["replies", "requests"] as const)(
  "a network that swallows %s for ten seconds causes errors and loses no event",
  async (direction) => {
    const redis = await startTestRedis({ isDurable: true });
    const proxy = closeAfterTest(TcpProxy.start(redis.port));
    const trial = await Trial.start(`half-open network, ${direction} swallowed for 10 s`, {
      redisAddr: `127.0.0.1:${proxy.port}`,
      redisTimeout: TIMEOUT_MS,
    });
    proxy.set(direction, "swallow");
    await trial.fails(8);
    await lasting(SILENT_MS);
    proxy.set(direction, "pass");
    await trial.recovers();
    await trial.settle();
  },
);

test("answers a command at the timeout, and later commands at once", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({
    store: "",
    redisAddr: `127.0.0.1:${redis.port}`,
    redisTimeout: TIMEOUT_MS,
  });
  const client = await okq.connect();
  await client.call("QLPUSH", "q", "1", "x");
  redis.signal("SIGSTOP");
  const startedAt = performance.now();
  expect(errorOf(await client.call("QLPUSH", "q", "2", "x"))).toMatch(
    /^ERR store outcome unknown: .*in time|^LOADING store unavailable/,
  );
  expect(performance.now() - startedAt).toBeGreaterThan(TIMEOUT_MS - 300);
  // These commands were not sent, because otherwise they would wait for the timeout too.
  expect(errorOf(await client.call("QLPUSH", "q", "3", "x"))).toStartWith("LOADING store unav");
  expect(errorOf(await client.call("OKQ", "HEALTH"))).toStartWith("LOADING store unavailable");
  redis.signal("SIGCONT");
  await eventually(async () => errorOf(await client.call("OKQ", "HEALTH")) === null);
});

test("wakes consumers again after a time without messages", async () => {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const store = { store: "", redisTimeout: TIMEOUT_MS };
  const far = await startTestOkq({ ...store, redisAddr: `127.0.0.1:${proxy.port}` });
  const near = await startTestOkq({ ...store, redisAddr: `127.0.0.1:${redis.port}` });
  const consumer = await far.connect();
  const producer = await near.connect();
  await consumer.call("QREGISTER", "q");
  consumer.pipeline(["QNOTIFY", "30"]);
  await untilWaiting(far.port, 1, "q");
  // The subscription is lost too, without a notice. Both okq processes have one.
  await eventually(async () => (await redis.redis.pubsub("NUMSUB", "{okq}:due:0"))[1] === 2);
  proxy.set("replies", "swallow");
  await lasting(4_000);
  proxy.set("replies", "pass");
  await eventually(async () => errorOf(await (await far.connect()).call("OKQ", "HEALTH")) === null);
  await producer.call("QLPUSH", "q", "1", "x");
  expect(await consumer.next()).toEqual(Buffer.from("q"));
});
