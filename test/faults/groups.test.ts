// The order within groups while okq is killed and replies are lost: no event overtakes another one
// of its group, no group has two claims at a time, all groups get their turns, and nothing is lost.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { GroupLoad } from "./group-load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const ROUND_MS = 10_000;

const starts: Record<string, () => Promise<(port?: number) => Promise<ListeningOkq>>> = {
  async SQLite() {
    const database = newDatabase();
    return (port) => startOkqProcess(["--store", database], port);
  },
  async "SQLite with next to nothing in memory"() {
    const database = newDatabase();
    return (port) => startOkqProcess(["--store", database, "--memory-budget=4kb"], port);
  },
  async Redis() {
    const redis = await startTestRedis();
    return (port) => startOkqOnRedis(redis.port, port);
  },
};

test("in memory, without a fault", async () => {
  const okq = await startTestOkq();
  const random = randomOf("groups in memory");
  const options = { port: () => okq.port, random, queues: ["q"], lease: 0.5 };
  const load = closeAfterTest(new GroupLoad(options));
  await load.progress(300);
  const [totals] = await load.settle(okq.port);
  report("groups in memory", totals!);
  expect(totals!.turnsChecked).toBeGreaterThan(50);
});

test.each(Object.entries(starts))(
  "okq is killed on %s",
  async (name, prepare) => {
    const random = randomOf(`groups on ${name}`);
    const start = await prepare();
    let okq = await start();
    const { port } = okq;
    // On Redis a second okq serves every other client.
    const other = name === "Redis" ? (await start()).port : port;
    const portOf = (client: number) => (client % 2 === 0 ? port : other);
    const load = closeAfterTest(new GroupLoad({ port: portOf, random, queues: ["q"] }));
    for (let round = 0; round < rounds; round++) {
      await load.progress(random(30, 200));
      await okq.crash();
      okq = await start(port);
    }
    await load.progress(100);
    const [totals] = await load.settle(port);
    report(`groups on ${name}`, totals!);
    expect(totals!.turnsChecked).toBeGreaterThan(20);
    expect(okq.stderr()).not.toMatch(/ error |internal error/);
  },
  timeoutFor(ROUND_MS),
);

test(
  "replies of Redis are lost",
  async () => {
    const random = randomOf("groups, lost replies");
    const redis = await startTestRedis();
    const proxy = closeAfterTest(TcpProxy.start(redis.port));
    const okqs = [await startOkqOnRedis(proxy.port), await startOkqOnRedis(redis.port)];
    const portOf = (client: number) => okqs[client % 2]!.port;
    const load = closeAfterTest(new GroupLoad({ port: portOf, random, queues: ["q"] }));
    for (let cut = 0; cut < 5 * rounds; cut++) {
      await load.progress(random(10, 100));
      proxy.set("replies", "swallow");
      await load.progress(random(0, 5));
      proxy.cut();
      proxy.set("replies", "pass");
    }
    await load.progress(100);
    const [totals] = await load.settle(okqs[0]!.port);
    report("groups, lost replies", totals!);
    expect(totals!.pushUnknown + totals!.endUnknown).toBeGreaterThan(0);
    expect(totals!.turnsChecked).toBeGreaterThan(20);
  },
  timeoutFor(ROUND_MS),
);
