// List commands and commands of queues on the same queues, under load, also while okq is killed
// with kill -9: every event is acknowledged, popped, removed or there.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newDatabase, startOkqOn, startTestRedis, storeNames } from "../support/okq-server.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { ListLoad } from "./list-load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const kills = rounds * 3;

/** No command may be answered with another error. */
const known = /^(ERR store outcome unknown|LOADING store unavailable)$/;

function conclude(name: string, load: ListLoad, totals: object): void {
  const errors = Object.fromEntries(load.errors);
  report(name, { ...totals, ...errors });
  expect(Object.keys(errors).filter((error) => !known.test(error))).toEqual([]);
}

test.each(storeNames)("on %s, and no answer is lost", async (store) => {
  const { port } = await startOkqOn(store);
  const load = closeAfterTest(new ListLoad(() => port, randomOf(`lists on ${store}`)));
  await load.progress(500);
  const totals = await load.settle();
  conclude(`lists on ${store}`, load, totals);
  expect(totals).toMatchObject({ pushUnknown: 0, missing: 0, missingMax: 0 });
});

test(
  "on a database that okq is killed on",
  async () => {
    const random = randomOf("lists on a database");
    const args = [`--store=${newDatabase()}`];
    let okq = await startOkqProcess(args);
    const { port } = okq;
    const load = closeAfterTest(new ListLoad(() => port, random));
    for (let kill = 0; kill < kills; kill++) {
      await load.progress(random(50, 500));
      await okq.crash();
      okq = await startOkqProcess(args, port);
    }
    await load.progress(100);
    conclude("lists on a database", load, await load.settle());
  },
  timeoutFor(20_000),
);

test(
  "on a Redis whose okqs are killed",
  async () => {
    const random = randomOf("lists on Redis");
    const redis = await startTestRedis();
    const okqs = [await startOkqOnRedis(redis.port), await startOkqOnRedis(redis.port)];
    const ports = okqs.map(({ port }) => port);
    const load = closeAfterTest(new ListLoad((client) => ports[client % 3 === 0 ? 0 : 1]!, random));
    for (let kill = 0; kill < kills; kill++) {
      await load.progress(random(50, 500));
      const at = random(0, 1);
      await okqs[at]!.crash();
      okqs[at] = await startOkqOnRedis(redis.port, ports[at]);
    }
    await load.progress(100);
    conclude("lists on Redis", load, await load.settle());
  },
  timeoutFor(20_000),
);
