// Counters under kills of okq: children report again and again, and events that are members are
// acknowledged. Each counter is at 0 once, and its event is pushed once.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
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
