// Counters under kills of okq: children report again and again, and events that are members are
// acknowledged. Each counter is at 0 once, and its event is pushed once.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { CounterLoad } from "./counter-load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const ROUND_MS = 20_000;
const kills = rounds * 2;
const counters = 20 * kills;

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

test.each(Object.entries(starts))(
  "a counter is at 0 once although okq is killed, on %s",
  async (name, open) => {
    const random = randomOf(`counters on ${name}`);
    const start = await open();
    let okq = await start();
    const { port } = okq;
    const options = { port: () => port, random, queue: "c", counters };
    const load = closeAfterTest(await CounterLoad.start(options));
    for (let kill = 0; kill < kills; kill++) {
      await load.progress(random(10, 100));
      await okq.crash();
      okq = await start(port);
    }
    await load.progress(10);
    const figures = await load.settle();
    report(`counters on ${name}`, figures);
    expect(figures.zeros).toBeGreaterThan(0);
    expect(figures.pushed).toBe(counters);
  },
  timeoutFor(ROUND_MS),
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
