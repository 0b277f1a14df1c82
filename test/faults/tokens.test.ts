// Consumers with tokens under faults: okq is killed, and some consumers are late. No event is lost,
// none has two consumers at once, no late ending changes anything, and attempts count right.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const ROUND_MS = 5_000;

const starts: Record<string, () => Promise<(port?: number) => Promise<ListeningOkq>>> = {
  async sqlite() {
    const database = newDatabase();
    return (port) => startOkqProcess(["--store", database], port);
  },
  async "sqlite with next to nothing in memory"() {
    const database = newDatabase();
    return (port) => startOkqProcess(["--store", database, "--memory-budget=4kb"], port);
  },
  async redis() {
    const redis = await startTestRedis();
    return (port) => startOkqOnRedis(redis.port, port);
  },
};

test("in memory no event is lost with tokens and late consumers", async () => {
  const okq = await startTestOkq();
  const load = closeAfterTest(new Load({ port: () => okq.port, lease: 0.5, hasTokens: true }));
  await load.progress(1_500);
  await load.stop();
  await load.drain(okq.port);
  const totals = load.account.settle();
  expect(totals.acked).toBeGreaterThan(1_500);
  expect(totals.repeated).toBeGreaterThan(10);
});

test.each(Object.entries(starts))(
  "claims with tokens survive kills of okq on %s",
  async (name, prepare) => {
    const random = randomOf(`tokens on ${name}`);
    const start = await prepare();
    let okq = await start();
    const { port } = okq;
    // On Redis a second okq serves every other client.
    const other = name === "redis" ? (await start()).port : port;
    const load = closeAfterTest(
      new Load({ port: (client) => (client % 2 === 0 ? port : other), hasTokens: true }),
    );
    for (let round = 0; round < rounds; round++) {
      await load.progress(random(100, 1500));
      await okq.crash();
      okq = await start(port);
    }
    await load.progress(500);
    await load.stop();
    await load.drain(port);
    const totals = load.account.settle();
    report(`tokens on ${name}`, totals);
    expect(totals.acked).toBeGreaterThan(500);
    expect(totals.repeated).toBeGreaterThan(10);
    expect(okq.stderr()).not.toMatch(/ error |internal error/);
  },
  timeoutFor(ROUND_MS),
);
