// The connection from okq to Redis breaks. okq never repeats a batch by itself, and tells the
// client that the outcome is unknown.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { errorOf, isOk, Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

const UNKNOWN = "ERR store outcome unknown: ";

async function start(poolSize: number) {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const okq = await startOkqProcess([
    `--redis-addr=127.0.0.1:${proxy.port}`,
    `--redis-pool-size=${poolSize}`,
  ]);
  const client = closeAfterTest(await okq.connect());
  // Redis now knows the scripts, so a batch is one request and one reply.
  for (const command of ["QSTATUS", "QRPEEK"]) await client.call(command, "q");
  /** Holds the reply to the next batch with the queue "q" in the proxy. */
  const holdNextReply = () => {
    proxy.onRequest = (bytes) => {
      if (bytes.includes(EVENTS)) proxy.set("replies", "hold");
    };
  };
  /** Resets all connections. New connections work. */
  const cut = () => {
    proxy.onRequest = null;
    proxy.cut();
    proxy.set("replies", "pass");
  };
  /** Waits until commands reach Redis again, on every lane. */
  const untilBack = async () => {
    const probes = await Promise.all([okq.connect(), okq.connect()]);
    for (const probe of [client, ...probes]) {
      await eventually(async () => errorOf(await probe.call("QSTATUS")) === null);
    }
    for (const probe of probes) probe.close();
  };
  const counts = async () => ((await client.call("QSTATUS", "q")) as number[][])[0]!.slice(1, 3);
  return {
    redis: redis.redis,
    redisPort: redis.port,
    proxy,
    okq,
    client,
    holdNextReply,
    cut,
    untilBack,
    counts,
  };
}

/** The key of the ready events of the queue "q", which is read without the proxy. */
const READY = "{okq}:2:ready:q";
/** By this key a batch names the queue. */
const EVENTS = "{okq}:2:events:q";
const CLAIMED = "{okq}:2:claimed:q";

describe.each([1, 2])("with %i connections to Redis, a lost reply", (poolSize) => {
  test("to a push leaves the event in the queue exactly once", async () => {
    const { redis, client, holdNextReply, cut, untilBack, counts } = await start(poolSize);
    holdNextReply();
    client.pipeline(["QLPUSH", "q", "1", "once"]);
    await eventually(async () => (await redis.llen(READY)) === 1);
    cut();
    expect(errorOf(await client.next())).toStartWith(UNKNOWN);
    await untilBack();
    expect(await counts()).toEqual([1, 0]);
    expect(await client.call("QLPUSH", "q", "1", "again")).toEqual({
      error: "ERR duplicate event 1",
    });
    expect(await client.call("QRPOP", "q", "NOACK")).toEqual([
      Buffer.from("1"),
      Buffer.from("once"),
    ]);
    expect(await client.call("QRPOP", "q")).toBeNull();
  });

  test("to a pop leaves one event claimed until its lease expires", async () => {
    const { redis, client, holdNextReply, cut, untilBack, counts } = await start(poolSize);
    for (const id of ["1", "2", "3"]) await client.call("QLPUSH", "q", id, "x");
    holdNextReply();
    client.pipeline(["QRPOP", "q", "EX", "2"]);
    await eventually(async () => (await redis.zcard(CLAIMED)) === 1);
    cut();
    expect(errorOf(await client.next())).toStartWith(UNKNOWN);
    await untilBack();
    expect(await counts()).toEqual([3, 1]);
    await eventually(async () => (await counts())[1] === 0);
    expect(await client.call("QRPOP", "q")).toEqual([Buffer.from("1"), Buffer.from("x")]);
  });

  test("to a redo leaves it done once, and the next redo returns 0", async () => {
    const { redis, client, holdNextReply, cut, untilBack, counts } = await start(poolSize);
    for (const id of ["1", "2"]) await client.call("QLPUSH", "q", id, "x");
    await client.call("QRPOP", "q");
    holdNextReply();
    client.pipeline(["QACK", "q", "1", "REDO"]);
    await eventually(async () => (await redis.zcard(CLAIMED)) === 0);
    cut();
    expect(errorOf(await client.next())).toStartWith(UNKNOWN);
    await untilBack();
    expect(await counts()).toEqual([2, 0]);
    expect(await client.call("QACK", "q", "1", "REDO")).toBe(0);
  });

  test("fails the commands of its batch, and later commands are not done", async () => {
    const { redis, okq, client, holdNextReply, cut, untilBack, counts } = await start(poolSize);
    holdNextReply();
    client.pipeline(["QLPUSH", "q", "sent", "x"]);
    await eventually(async () => (await redis.llen(READY)) === 1);
    // In the same lane, after the batch in flight.
    client.pipeline(["QLPUSH", "q", "waiting", "x"], ["PING"]);
    const other = closeAfterTest(await okq.connect());
    expect(await other.call("PING")).toEqual({ simple: "PONG" });
    cut();
    expect(errorOf(await client.next())).toStartWith(UNKNOWN);
    expect(errorOf(await client.next())).toStartWith("LOADING store unavailable: ");
    expect(await client.next()).toEqual({ simple: "PONG" });
    await untilBack();
    expect(await counts()).toEqual([1, 0]);
    expect(isOk(await client.call("QLPUSH", "q", "waiting", "x"))).toBe(true);
  });

  test("cannot be told from a lost request, after which nothing was done", async () => {
    const { proxy, client, untilBack, counts } = await start(poolSize);
    const sent = Promise.withResolvers<void>();
    proxy.onRequest = (bytes) => {
      if (bytes.includes("the-only-event")) sent.resolve();
    };
    proxy.set("requests", "swallow");
    client.pipeline(["QLPUSH", "q", "the-only-event", "x"]);
    await sent.promise;
    proxy.cut();
    expect(errorOf(await client.next())).toStartWith(UNKNOWN);
    proxy.set("requests", "pass");
    await untilBack();
    expect(await counts()).toEqual([0, 0]);
  });

  test(
    "at any moment under load loses no event and repeats no acked event",
    async () => {
      const random = randomOf("connections to Redis cut");
      const { proxy, okq, untilBack } = await start(poolSize);
      const load = new Load({ port: () => okq.port });
      const cuts = rounds * 6;
      for (let round = 0; round < cuts; round++) {
        await load.progress(random(1, 200));
        // Loses sometimes the reply, sometimes the request.
        const direction = random(0, 1) === 0 ? "replies" : "requests";
        proxy.set(direction, "swallow");
        const { failed } = load;
        await eventually(() => proxy.swallowed > 0);
        proxy.cut();
        proxy.set(direction, "pass");
        await eventually(() => load.failed > failed);
      }
      await load.stop();
      await untilBack();
      await load.drain(okq.port);
      const totals = load.account.settle();
      report(`${cuts} cuts, ${poolSize} connections`, { ...totals, slowestMs: load.slowestMs });
      expect(totals.pushUnknown + totals.ackUnknown).toBeGreaterThan(0);
    },
    timeoutFor(10_000),
  );
});

test("slow answers of Redis delay a batch, not each of its commands", async () => {
  const { proxy, client } = await start(1);
  proxy.set("replies", "delay", 50);
  const ids = Array.from({ length: 200 }, (_, at) => String(at));
  let requests = 0;
  proxy.onRequest = () => (requests += 1);
  client.pipeline(...ids.map((id) => ["QLPUSH", "q", id, "x"]));
  expect((await client.take(200)).every(isOk)).toBe(true);
  // Every request waits for the answer to the one before.
  expect(requests).toBeLessThan(ids.length / 4);
  client.pipeline(...ids.map(() => ["QRPOP", "q"]));
  const popped = (await client.take(200)) as Buffer[][];
  expect(popped.map((event) => event[0]!.toString())).toEqual(ids);
});

test("a consumer that is woken while its connection to Redis breaks keeps waiting", async () => {
  const { redisPort, proxy, okq, client } = await start(1);
  const producer = closeAfterTest(await (await startOkqOnRedis(redisPort)).connect());
  await client.call("QREGISTER", "q");
  client.pipeline(["QNOTIFY", "20"]);
  await untilWaiting(okq.port, 1, "q");
  const looking = Promise.withResolvers<void>();
  proxy.onRequest = (bytes) => {
    if (bytes.includes("\r\nready\r\n")) looking.resolve();
  };
  proxy.set("requests", "swallow");
  expect(isOk(await producer.call("QLPUSH", "q", "1", "x"))).toBe(true);
  await looking.promise;
  proxy.set("requests", "pass");
  proxy.cut();
  expect(await client.next()).toEqual(Buffer.from("q"));
});
