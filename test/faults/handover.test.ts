// An acknowledgement and the next push in one transaction, while okq or its store is killed: each
// event is in the first queue or in the second one, never in both, never in neither.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { HandOver, OUT } from "./handover.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const kills = rounds * 2;
const EVENTS = 300 * kills + 1000;
const roundMs = 15_000;

const modes = [
  ["SQLite", []],
  ["SQLite with next to nothing in memory", ["--memory-budget=4kb"]],
] as const;

test.each(modes)(
  "okq is killed on %s",
  async (mode, flags) => {
    const random = randomOf(`hand over on ${mode}`);
    const args = ["--store", newDatabase(), ...flags];
    let okq = await startOkqProcess(args);
    const handOver = closeAfterTest(await HandOver.start(okq.port, EVENTS));
    for (let kill = 0; kill < kills; kill++) {
      await handOver.progress(random(1, 150));
      await okq.crash();
      okq = await startOkqProcess(args, okq.port);
    }
    await handOver.progress(20);
    const figures = await handOver.settle();
    report(`hand over on ${mode}`, figures);
    expect(figures.done).toBeGreaterThan(20);
  },
  timeoutFor(roundMs),
);

test(
  "okq is killed on Redis",
  async () => {
    const random = randomOf("hand over on Redis");
    const redis = await startTestRedis();
    let okq = await startOkqOnRedis(redis.port);
    const handOver = closeAfterTest(await HandOver.start(okq.port, EVENTS));
    for (let kill = 0; kill < kills; kill++) {
      await handOver.progress(random(1, 150));
      await okq.crash();
      okq = await startOkqOnRedis(redis.port, okq.port);
    }
    await handOver.progress(20);
    report("hand over on Redis", await handOver.settle());
  },
  timeoutFor(roundMs),
);

test(
  "Redis is killed",
  async () => {
    const random = randomOf("hand over, Redis killed");
    const redis = await startTestRedis({ isDurable: true });
    const okq = await startOkqOnRedis(redis.port);
    const handOver = closeAfterTest(await HandOver.start(okq.port, EVENTS));
    for (let kill = 0; kill < kills; kill++) {
      await handOver.progress(random(1, 150));
      await redis.kill();
      await redis.start();
    }
    await handOver.progress(20);
    report("hand over, Redis killed", await handOver.settle());
  },
  timeoutFor(roundMs),
);

test("pushes are paused now and then, and no replica answers WAIT", async () => {
  const redis = await startTestRedis();
  const okq = await startOkqOnRedis(redis.port);
  const handOver = closeAfterTest(await HandOver.start(okq.port, EVENTS));
  const client = closeAfterTest(await okq.connect());
  for (let round = 0; round < 3; round++) {
    await handOver.progress(50);
    const refused = handOver.count("refused");
    await ask(client, "QPAUSE", OUT, "IN");
    await eventually(() => handOver.count("refused") > refused + 10);
    await ask(client, "QRESUME", OUT);
  }
  await handOver.close();
  const waiting = await startOkqOnRedis(redis.port, 0, [
    "--redis-wait=1",
    "--redis-wait-timeout=100",
  ]);
  const late = closeAfterTest(await waiting.connect());
  await ask(late, "MULTI");
  await ask(late, "QPUSH", "q", "x", "ID", "1");
  expect(await ask(late, "EXEC")).toStartWith("-ERR store outcome unknown: done on the master");
  report("hand over, paused", await handOver.settle());
});
