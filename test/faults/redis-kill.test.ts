// A durable Redis is killed with kill -9 under load and restarted: no event is lost, no client
// hangs meanwhile, and okq recovers by itself.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { errorOf, isOk, Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

/** Longer than any test, so a command that fails did not wait for Redis. */
const PATIENT = ["--redis-timeout", "600000"];
/** The load counts as stopped after this time without a push. */
const STILL_MS = 150;

describe("while Redis is down", () => {
  test("commands fail at once, and waiting consumers are woken later", async () => {
    const redis = await startTestRedis({ isDurable: true });
    const okq = await startOkqOnRedis(redis.port, 0, PATIENT);
    const [client, consumer] = [await okq.connect(), await okq.connect()].map(closeAfterTest);
    expect(await client!.call("QLPUSH", "q", "before", "x")).toEqual({ simple: "OK" });
    await consumer!.call("QREGISTER", "empty");
    consumer!.pipeline(["QNOTIFY", "20"]);
    await untilWaiting(okq.port, 1, "empty");
    await redis.kill();
    await eventually(async () => errorOf(await client!.call("QLPEEK", "q")) !== null);
    const commands = [
      ["QLPUSH", "q", "during", "x"],
      ["QRPOP", "q"],
      ["QACK", "q", "before"],
      ["QSTATUS"],
      ["QLPEEK", "q"],
      ["QFLUSH", "q"],
      ["QREGISTER", "q"],
    ];
    for (const command of commands) {
      expect(errorOf(await client!.call(...command))).toStartWith("LOADING store unavailable: ");
    }
    expect(await client!.call("PING")).toEqual({ simple: "PONG" });
    expect(consumer!.waiting).toBe(0);
    await redis.start();
    const startedAt = performance.now();
    await eventually(async () => isOk(await client!.call("QLPUSH", "empty", "after", "y")));
    const backMs = performance.now() - startedAt;
    expect(await consumer!.next()).toEqual(Buffer.from("empty"));
    report("Redis is back", { backMs, wokenMs: performance.now() - startedAt - backMs });
    const line = [Buffer.from("before"), Buffer.from("x")];
    expect(await client!.call("QRPOP", "q")).toEqual(line);
    expect(await client!.call("QRPOP", "q")).toBeNull();
  });

  test("waiting consumers are woken for events that other processes pushed meanwhile", async () => {
    const redis = await startTestRedis({ isDurable: true });
    const [okq, other] = await Promise.all([
      startOkqOnRedis(redis.port),
      startOkqOnRedis(redis.port),
    ]);
    const consumer = closeAfterTest(await okq.connect());
    const producer = closeAfterTest(await other.connect());
    await consumer.call("QREGISTER", "q");
    consumer.pipeline(["QNOTIFY", "20"]);
    await untilWaiting(okq.port, 1, "q");
    await redis.kill();
    await eventually(async () => errorOf(await producer.call("QSTATUS")) !== null);
    await redis.start();
    await eventually(async () => isOk(await producer.call("QLPUSH", "q", "1", "x")));
    expect(await consumer.next()).toEqual(Buffer.from("q"));
  });
});

test("a consumer that left or sent RESET while Redis was down is not counted later", async () => {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port, 0, ["--password", "secret"]);
  const connect = async () => {
    const client = closeAfterTest(await okq.connect());
    expect(await client.call("AUTH", "secret")).toEqual({ simple: "OK" });
    return client;
  };
  const [left, reset, observer] = [await connect(), await connect(), await connect()];
  for (const client of [left, reset]) await client.call("QREGISTER", "q");
  await redis.kill();
  await eventually(async () => errorOf(await observer.call("QSTATUS")) !== null);
  left.close();
  await left.untilClosed();
  expect(await reset.call("RESET")).toEqual({ simple: "RESET" });
  expect(errorOf(await reset.call("PING"))).toStartWith("NOAUTH");
  await redis.start();
  await eventually(async () => isOk(await observer.call("QREGISTER", "q")));
  const status: unknown = await observer.call("QSTATUS", "q");
  expect(status).toEqual([[Buffer.from("q"), 0, 0, 1]]);
});

test("a short freeze of Redis fails no command", async () => {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port);
  const load = new Load({ port: () => okq.port, lease: 30 });
  const observer = closeAfterTest(await okq.connect());
  await load.progress(200);
  for (let at = 0; at < rounds; at++) {
    redis.signal("SIGSTOP");
    let [pushed, since] = [-1, 0];
    await eventually(() => {
      if (load.pushed !== pushed) [pushed, since] = [load.pushed, performance.now()];
      return performance.now() - since > STILL_MS;
    });
    expect(await observer.call("PING")).toEqual({ simple: "PONG" });
    redis.signal("SIGCONT");
    await load.progress(200);
  }
  await load.stop();
  await load.drain(okq.port);
  const totals = load.account.settle();
  expect(totals.acked).toBe(totals.pushed);
  expect([...load.errors]).toEqual([]);
});

test(
  "a Redis that is killed and restarted under load loses no answered change",
  async () => {
    const random = randomOf("Redis killed");
    const redis = await startTestRedis({ isDurable: true });
    const okqs = await Promise.all([startOkqOnRedis(redis.port), startOkqOnRedis(redis.port)]);
    const load = new Load({ port: (client) => okqs[client % 2]!.port });
    const observer = closeAfterTest(await okqs[0]!.connect());
    let backMs = 0;
    for (let round = 0; round < rounds; round++) {
      await load.progress(random(200, 1500));
      await redis.kill();
      await eventually(async () => errorOf(await observer.call("QSTATUS")) !== null);
      await redis.start();
      const startedAt = performance.now();
      await load.progress(1);
      backMs = Math.max(backMs, performance.now() - startedAt);
      await load.progress(200);
    }
    await load.stop();
    await load.drain(okqs[0]!.port);
    const { slowestMs } = load;
    const errors = Object.fromEntries(load.errors);
    report("Redis killed", { ...load.account.settle(), backMs, slowestMs, ...errors });
    expect(load.account.totals().pushed).toBeGreaterThan(400 * rounds);
    expect(load.failed).toBeGreaterThan(0);
    const known = new Set(["ERR store outcome unknown", "LOADING store unavailable"]);
    expect(Object.keys(errors).filter((error) => !known.has(error))).toEqual([]);
    // okq was not restarted.
    for (const okq of okqs) expect(okq.stderr()).not.toContain("stopp");
  },
  timeoutFor(10_000),
);
