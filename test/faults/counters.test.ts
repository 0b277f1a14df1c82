// Counters under kills of okq: children report again and again, and events that are members are
// acknowledged. Each counter is at 0 once, and its event is pushed once.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { Wire } from "../support/wire.ts";
import { randomOf, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const ROUND_MS = 5_000;
const kills = rounds * 2;
const counterCount = 10 * kills;
/** Of each counter so many children report, and so many are events. */
const children = 4;

const starts: Record<string, () => Promise<(port?: number) => Promise<ListeningOkq>>> = {
  async sqlite() {
    const database = newDatabase();
    return (port) => startOkqProcess(["--store", database], port);
  },
  async redis() {
    const redis = await startTestRedis();
    return (port) => startOkqOnRedis(redis.port, port);
  },
};

const keys = Array.from({ length: counterCount }, (_, at) => `counter ${at}`);
const names = Array.from({ length: children }, (_, at) => `child ${at}`);

async function prepare(client: Wire): Promise<void> {
  for (const key of keys) {
    const members = String(2 * children);
    await ask(client, "QCOUNTER", "INIT", "c", key, members, "THEN", `all of ${key}`);
    const options = ["PART", "c", key, "LEASE", "1", "BACKOFF", "none"];
    await ask(client, "QMPUSH", "c@work", ...options, "EVENTS", ...names);
  }
}

/** Pops an event and acknowledges it. Whether there was one. */
async function work(client: Wire): Promise<boolean> {
  const popped = (await ask(client, "QPOP", "FROM", "c@work")) as string[][] | null;
  for (const [, id, , token] of popped ?? []) {
    await ask(client, "QACK", "c@work", id!, "TOKEN", token!);
  }
  return popped !== null;
}

async function untilClosed(step: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await step();
  } catch (error) {
    expect((error as Error).message).toBe("the connection was closed");
  }
}

test.each(Object.entries(starts))(
  "a counter is at 0 once although okq is killed, on %s",
  async (name, open) => {
    const random = randomOf(`counters on ${name}`);
    const start = await open();
    let okq = await start();
    const { port } = okq;
    const setup = await okq.connect();
    await prepare(setup);
    setup.close();
    const zeros = new Map<string, number>();
    const report = async (client: Wire, key: string, child: string) => {
      const left = await ask(client, "QCOUNTER", "DONE", "c", key, child);
      if (left === 0) zeros.set(key, (zeros.get(key) ?? 0) + 1);
    };
    for (let kill = 0; kill < kills; kill++) {
      let steps = 0;
      const end = random(10, 200);
      const [reporter, other, worker] = [
        await okq.connect(),
        await okq.connect(),
        await okq.connect(),
      ];
      const reportOne = (client: Wire) => async () => {
        await report(client, keys[random(0, keys.length - 1)]!, names[random(0, children - 1)]!);
        steps += 1;
      };
      const running = [
        untilClosed(reportOne(reporter)),
        untilClosed(reportOne(other)),
        untilClosed(async () => {
          await work(worker);
          steps += 1;
        }),
        eventually(() => steps >= end, { timeoutMs: 30_000 }).then(() => okq.crash()),
      ];
      await Promise.all(running);
      okq = await start(port);
    }
    const client = await okq.connect();
    for (const key of keys) for (const child of names) await report(client, key, child);
    const isDone = async () => {
      while (await work(client));
      return ((await ask(client, "QCOUNTER", "LIST", "c")) as Readable[])[1]!;
    };
    await eventually(async () => ((await isDone()) as Readable[]).length === 0, {
      timeoutMs: 30_000,
    });
    for (const count of zeros.values()) expect(count).toBe(1);
    const stats = (await ask(client, "QSTATS", "c")) as Readable[];
    expect(stats[stats.indexOf("pushed-total") + 1]).toBe(counterCount);
    const joined: string[] = [];
    for (;;) {
      const popped = (await ask(client, "QPOP", "COUNT", 100, "NOACK", "FROM", "c")) as
        string[][] | null;
      if (!popped) break;
      for (const [, id, contents] of popped) {
        expect(contents).toBe(`all of ${id}`);
        joined.push(id!);
      }
    }
    expect(joined.toSorted()).toEqual(keys.toSorted());
    client.close();
  },
  timeoutFor(4 * ROUND_MS),
);

test.each([
  ["one NOACK pop of all", [["COUNT", "9"]]],
  ["a pipeline of NOACK pops", [["COUNT", "2"], [], ["COUNT", "9"]]],
])("the members of %s that reaches no client are not counted", async (_, pops) => {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const okq = await startOkqProcess([`--redis-addr=127.0.0.1:${proxy.port}`]);
  const client = closeAfterTest(await okq.connect());
  await ask(client, "QCOUNTER", "INIT", "c", "july", "5", "THEN", "joined");
  await ask(client, "QMPUSH", "c@work", "PART", "c", "july", "EVENTS", "0", "1", "2", "3", "4");
  const consumer = await okq.connect();
  // Redis knows the scripts from here on.
  await ask(consumer, "QPOP", "NOACK", "FROM", "c@work");
  proxy.set("replies", "hold");
  consumer.pipeline(...pops.map((options) => ["QPOP", ...options, "NOACK", "FROM", "c@work"]));
  await eventually(async () => (await redis.redis.llen("{okq}:2:ready:c")) === 1);
  consumer.reset();
  const info = ["INFO", "clients"];
  await eventually(async () => String(await ask(client, ...info)).includes("ed_clients:1\r\n"));
  proxy.set("replies", "pass");
  const facts = async () => [
    await ask(client, "QCOUNTER", "GET", "c", "july"),
    await ask(client, "QSTATUS", "c", "c@work"),
  ];
  const queues = [
    ["c", 0, 0, 0],
    ["c@work", 4, 0, 0],
  ];
  await eventually(async () => Bun.deepEquals(await facts(), [4, queues]));
  for (const left of [3, 2, 1, null]) {
    await ask(client, "QPOP", "NOACK", "FROM", "c@work");
    expect(await ask(client, "QCOUNTER", "GET", "c", "july")).toBe(left);
  }
  const [[, id, contents]] = (await ask(client, "QPOP", "NOACK", "FROM", "c")) as [string[]];
  expect([id, contents]).toEqual(["july", "joined"]);
});
