// The end of okq, by kill -9 or by a stop signal: answered changes last, another okq requeues its
// claimed events, and its consumers are forgotten.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { defaultConfig } from "../../src/config/resolve.ts";
import { createLog } from "../../src/log/log.ts";
import { type Okq, startOkq } from "../../src/app/okq.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis, storeNames } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startProcess } from "../support/process.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { Wire } from "../support/wire.ts";
import { isOk, Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

const CONSUMERS_GONE_MS_MAX = 60_000;

const killed = { redis: null as RedisServer | null, watcher: null as Wire | null };
/** The time for which the consumers of the first killed okq were still counted. */
let goneMs: Promise<number>;
let survivor: Okq;

// Kills an okq before the other tests, because its consumers are counted for twenty more seconds.
beforeAll(async () => {
  killed.redis = await startRedis();
  const config = { ...defaultConfig(), redisAddr: `127.0.0.1:${killed.redis.port}` };
  survivor = await startOkq({ ...config, listenAddr: "127.0.0.1:0" }, createLog("text", false));
  const victim = await startOkqOnRedis(killed.redis.port);
  killed.watcher = await Wire.connect(survivor.port);
  await killed.watcher.call("QREGISTER", "watched");
  const consumers = await Promise.all([victim.connect(), victim.connect()]);
  for (const consumer of consumers) await consumer.call("QREGISTER", "watched", "other");
  expect(await killed.watcher.call("QSTATUS", "watched", "other")).toEqual([
    [Buffer.from("watched"), 0, 0, 3],
    [Buffer.from("other"), 0, 0, 2],
  ]);
  await victim.crash();
  goneMs = untilGone(killed.watcher, performance.now());
  // The last test awaits it.
  goneMs.catch(() => {});
});

afterAll(async () => {
  killed.watcher?.close();
  await survivor.close();
  await killed.redis?.close();
});

async function untilGone(watcher: Wire, killedAt: number): Promise<number> {
  await eventually(
    async () => {
      const status = (await watcher.call("QSTATUS", "watched", "other")) as number[][];
      return status[0]![3] === 1 && status[1]![3] === 0;
    },
    { timeoutMs: CONSUMERS_GONE_MS_MAX, message: "the consumers of the killed okq are gone" },
  );
  return performance.now() - killedAt;
}

describe("a killed okq", () => {
  test(
    "loses no event and repeats no acked event when another okq takes over under load",
    async () => {
      const random = randomOf("okq killed, another takes over");
      const redis = await startTestRedis();
      const okqs = [await startOkqOnRedis(redis.port), await startOkqOnRedis(redis.port)];
      let down = -1;
      const port = (client: number) => okqs[client % 2 === down ? 1 - down : client % 2]!.port;
      const load = new Load({ port });
      for (let round = 0; round < rounds; round++) {
        await load.progress(random(200, 1500));
        down = round % 2;
        await okqs[down]!.crash();
        await load.progress(200);
        okqs[down] = await startOkqOnRedis(redis.port);
        down = -1;
      }
      await load.stop();
      await load.drain(okqs[0]!.port);
      report("okq killed, another takes over", load.account.settle());
      expect(load.account.totals().pushed).toBeGreaterThan(400 * rounds);
    },
    timeoutFor(10_000),
  );

  test(
    "loses no event and repeats no acked event after a restart under load",
    async () => {
      const random = randomOf("okq killed and started again");
      const redis = await startTestRedis();
      let okq = await startOkqOnRedis(redis.port);
      const { port } = okq;
      const load = new Load({ port: () => port });
      let slowestMs = 0;
      for (let round = 0; round < rounds; round++) {
        await load.progress(random(200, 1500));
        await okq.crash();
        const startedAt = performance.now();
        okq = await startOkqOnRedis(redis.port, port);
        await load.progress(1);
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        await load.progress(200);
      }
      await load.stop();
      await load.drain(port);
      report("okq killed and started again", { ...load.account.settle(), backMs: slowestMs });
    },
    timeoutFor(10_000),
  );

  test("leaves claimed events that another okq requeues when their leases expire", async () => {
    const redis = await startTestRedis();
    const [victim, other] = await Promise.all([
      startOkqOnRedis(redis.port),
      startOkqOnRedis(redis.port),
    ]);
    const doomed = await victim.connect();
    const consumer = await other.connect();
    for (const id of ["1", "2", "3"]) await doomed.call("QLPUSH", "q", id, `contents ${id}`);
    const claimedAt = performance.now();
    for (const id of ["1", "2", "3"]) {
      const lease = id === "1" ? "3" : id === "2" ? "3.4" : "3.2";
      const popped = await doomed.call("QRPOP", "q", "EX", lease);
      expect(popped).toEqual([Buffer.from(id), Buffer.from(`contents ${id}`)]);
    }
    await victim.crash();
    expect(await consumer.call("QSTATUS", "q")).toEqual([[Buffer.from("q"), 3, 3, 0]]);
    await eventually(async () => {
      const [status] = (await consumer.call("QSTATUS", "q")) as number[][];
      return status![2] === 0;
    });
    const backMs = performance.now() - claimedAt;
    expect(backMs).toBeGreaterThan(3_300);
    report("claimed events of a killed okq", { backMs });
    // The event that was popped first is the next one out, whichever lease ended first.
    for (const id of ["1", "2", "3"]) {
      const event = [Buffer.from(id), Buffer.from(`contents ${id}`)];
      expect(await consumer.call("QRPOP", "q")).toEqual(event);
      expect(await consumer.call("QACK", "q", id)).toBe(1);
    }
  });
});

const EVENTS = 4_000;
const CLIENTS = 4;

/** Lets every client claim its share of the events of "in". */
async function claimAll(clients: Wire[]): Promise<string[][]> {
  const shares: string[][] = [];
  for (const [at, client] of clients.entries()) {
    const ids = Array.from({ length: EVENTS / CLIENTS }, (_, number) => `${at}-${number}`);
    client.pipeline(...ids.map((id) => ["QLPUSH", "in", id, "x"]));
    expect((await client.take(ids.length)).every(isOk)).toBe(true);
    client.pipeline(...ids.map(() => ["QRPOP", "in", "EX", "600"]));
    await client.take(ids.length);
    shares.push(ids);
  }
  return shares;
}

test(
  "leaves no ack without the push that was sent before it",
  async () => {
    const random = randomOf("order");
    let partial = 0;
    for (let round = 0; round < rounds; round++) {
      const redis = await startTestRedis();
      const okq = await startOkqOnRedis(redis.port);
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => okq.connect()));
      for (const client of clients) closeAfterTest(client);
      const shares = await claimAll(clients);
      for (const [at, client] of clients.entries()) {
        // Three commands per event: no batch limit of a power of two falls between two events.
        const commands = shares[at]!.flatMap((id) => [
          ["QLPUSH", "out", id, "x"],
          ["QLPUSH", "log", id, "x"],
          ["QACK", "in", id],
        ]);
        client.pipeline(...commands);
      }
      const enough = random(1, EVENTS - EVENTS / 10);
      await eventually(async () => (await redis.redis.hlen("{okq}:2:events:out")) >= enough);
      await okq.crash();
      const idsIn = async (queue: string) => {
        return new Set(await redis.redis.hkeys(`{okq}:2:events:${queue}`));
      };
      const [pushed, logged, kept] = [await idsIn("out"), await idsIn("log"), await idsIn("in")];
      const acked = shares.flat().filter((id) => !kept.has(id));
      expect(acked.filter((id) => !logged.has(id))).toEqual([]);
      expect([...logged].filter((id) => !pushed.has(id))).toEqual([]);
      // There is no gap within the share of a client.
      for (const share of shares) {
        const gap = share.findIndex((id) => !pushed.has(id));
        expect(gap < 0 ? [] : share.slice(gap).filter((id) => pushed.has(id))).toEqual([]);
      }
      if (pushed.size < EVENTS) partial += 1;
      const [out, log] = [pushed.size, logged.size];
      report("order", { round, out, log, acked: acked.length });
    }
    expect(partial).toBeGreaterThan(0);
  },
  timeoutFor(10_000),
);

/** okq ends within this time if clients read their replies. */
const CLOSE_MS_MAX = 7_000;

/** Stops okq. Returns its exit code and the time that it took. */
async function stop(okq: ListeningOkq): Promise<{ code: number; tookMs: number }> {
  const startedAt = performance.now();
  okq.kill("SIGTERM");
  const code = await okq.exited;
  return { code, tookMs: performance.now() - startedAt };
}

async function start(store: (typeof storeNames)[number]): Promise<ListeningOkq> {
  if (store === "memory") return await startOkqProcess(["--store", "memory"]);
  if (store === "sqlite") return await startOkqProcess(["--store", newDatabase()]);
  return await startOkqOnRedis((await startTestRedis()).port);
}

test(
  "an okq stopped under load answers every command that it executed",
  async () => {
    const random = randomOf("SIGTERM under load");
    const redis = await startTestRedis();
    let okq = await startOkqOnRedis(redis.port);
    const { port } = okq;
    const load = new Load({ port: () => port, depth: 50 });
    let slowestMs = 0;
    for (let round = 0; round < rounds; round++) {
      await load.progress(random(200, 1500));
      const { code, tookMs } = await stop(okq);
      expect(code).toBe(0);
      slowestMs = Math.max(slowestMs, tookMs);
      okq = await startOkqOnRedis(redis.port, port);
      await load.progress(200);
    }
    await load.stop();
    await load.drain(port);
    const totals = load.account.settle();
    report("SIGTERM under load", { ...totals, slowestMs, unanswered: load.account.unanswered });
    expect(slowestMs).toBeLessThan(CLOSE_MS_MAX);
    expect(load.account.unanswered).toBe(0);
    expect(totals.ackUnknown).toBe(0);
  },
  timeoutFor(10_000),
);

describe.each(storeNames)("on %s, a stop", (store) => {
  test("answers commands in flight, and ends waits with nil", async () => {
    const okq = await start(store);
    const waiting = await Promise.all([okq.connect(), okq.connect(), okq.connect()]);
    for (const client of waiting) {
      await closeAfterTest(client).call("QREGISTER", "empty");
      client.pipeline(["QNOTIFY", "60"]);
    }
    await untilWaiting(okq.port, waiting.length, "empty");
    const load = new Load({ port: () => okq.port, depth: 50 });
    await load.progress(1_000);
    const { code, tookMs } = await stop(okq);
    await load.stop();
    report(`${store}: SIGTERM`, { ...load.account.totals(), tookMs });
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(CLOSE_MS_MAX);
    for (const client of waiting) expect(await client.untilClosed()).toEqual([null]);
    expect(okq.stderr().trimEnd()).toEndWith("stopped");
    load.account.checkFaults();
  });
});

/** okq with a client that does not read megabytes of replies. */
async function startStuck(store: (typeof storeNames)[number]): Promise<ListeningOkq> {
  const okq = await start(store);
  const client = closeAfterTest(await okq.connect());
  await client.call("QLPUSH", "large", "1", Buffer.alloc(8 * 2 ** 20, "x"));
  client.pause(true);
  client.pipeline(...Array.from({ length: 20 }, () => ["QLPEEK", "large"]));
  const observer = closeAfterTest(await okq.connect());
  await eventually(async () => /omem=[1-9]/.test(String(await observer.call("CLIENT", "LIST"))));
  return okq;
}

/** okq with a command in flight that a frozen Redis does not answer. */
async function startOnFrozenRedis(): Promise<ListeningOkq> {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port);
  const client = closeAfterTest(await okq.connect());
  redis.signal("SIGSTOP");
  client.pipeline(["PING"], ["QLPUSH", "q", "1", "x"]);
  expect(await client.next()).toEqual({ simple: "PONG" });
  return okq;
}

test("a stop waits less than ten seconds for stuck clients and a stuck Redis", async () => {
  const okqs = await Promise.all([...storeNames.map(startStuck), startOnFrozenRedis()]);
  for (const { code, tookMs } of await Promise.all(okqs.map(stop))) {
    report("SIGTERM when stuck", { code, tookMs });
    // A stop that takes ten seconds ends with 1.
    expect(code).toBe(0);
  }
});

test("a second signal ends okq at once", async () => {
  const okq = await startStuck("memory");
  okq.kill("SIGTERM");
  await okq.waitForLine(/stopping/);
  okq.kill("SIGTERM");
  expect(await okq.exited).toBe(128 + 15);
});

test("reports a port in use or a missing Redis in one line, and exits with 1", async () => {
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  closeAfterTest({ close: () => taken.stop(true) });
  const starts: [args: string[], says: RegExp][] = [
    [["--store", newDatabase(), "--listen-addr", `127.0.0.1:${taken.port}`], /address is in use/],
    [["--store", "memory", "--listen-addr", `127.0.0.1:${taken.port}`], /address is in use/],
    [["--redis-addr", `127.0.0.1:${await freePort()}`], /cannot use Redis at .*ECONNREFUSED/],
  ];
  for (const [args, says] of starts) {
    const started = startProcess(args);
    expect(await started.exited).toBe(1);
    expect(started.stderr().trimEnd().split("\n")).toHaveLength(1);
    expect(started.stderr()).toMatch(says);
    expect(started.stdout()).toBe("");
  }
});

test(
  "forgets the consumers of a killed okq after a while, and keeps other consumers",
  async () => {
    report("consumers of a killed okq", { goneMs: await goneMs });
    expect(await killed.watcher!.call("QSTATUS")).toEqual([[Buffer.from("watched"), 0, 0, 1]]);
  },
  CONSUMERS_GONE_MS_MAX + 5_000,
);
