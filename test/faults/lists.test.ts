// List commands, stream commands and commands of queues on the same queues, under load, also while
// okq is killed with kill -9: every event is acknowledged, popped, removed or there.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import {
  lifeStoresAndCluster,
  newDatabase,
  startOkqOn,
  startTestRedis,
  useCluster,
} from "../support/okq-server.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { ask } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";
import { ListLoad } from "./list-load.ts";
import { LEASE_SECONDS, listRoles, QUEUES, type Role } from "./list-requests.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { streamRoles } from "./stream-requests.ts";

setDefaultTimeout(60_000);
useCluster();

const kills = rounds * 2;

/** No command may be answered with another error. */
const known = /^(ERR store outcome unknown|LOADING store unavailable)$/;

function conclude(name: string, load: ListLoad, totals: object): void {
  const errors = Object.fromEntries(load.errors);
  report(name, { ...totals, ...errors });
  expect(Object.keys(errors).filter((error) => !known.test(error))).toEqual([]);
}

/** What the clients send, and how many events stay in each queue. */
interface Mixture {
  name: string;
  roles: Role[];
  kept: number;
}

const mixtures: Mixture[] = [
  { name: "lists", roles: listRoles, kept: 0 },
  { name: "lists and streams", roles: [...listRoles, ...streamRoles], kept: 1 },
];

/** With an event that stays, a queue belongs to neither family of commands. */
async function prepare(port: number, { kept }: Mixture): Promise<void> {
  const wire = await Wire.connect(port);
  for (const queue of QUEUES) {
    await ask(wire, "QCONFIG", queue, "lease", LEASE_SECONDS);
    if (kept > 0) await ask(wire, "QPUSH", queue, "kept", "DELAY", 86_400);
  }
  wire.close();
}

const loadOn = (port: (client: number) => number, name: string, mixture: Mixture) => {
  const { roles, kept } = mixture;
  return closeAfterTest(new ListLoad(port, randomOf(name), roles, kept));
};

describe.each(mixtures)("$name", (mixture) => {
  test.each(lifeStoresAndCluster)("on %s, and no answer is lost", async (store) => {
    const { port } = await startOkqOn(store);
    await prepare(port, mixture);
    const name = `${mixture.name} on ${store}`;
    const load = loadOn(() => port, name, mixture);
    await load.progress(500);
    const totals = await load.settle();
    conclude(name, load, totals);
    expect(totals).toMatchObject({ pushUnknown: 0, missing: 0, missingMax: 0 });
  });

  test(
    "on a database that okq is killed on",
    async () => {
      const name = `${mixture.name} on a database`;
      const random = randomOf(name);
      const args = [`--store=${newDatabase()}`];
      let okq = await startOkqProcess(args);
      const { port } = okq;
      await prepare(port, mixture);
      const load = loadOn(() => port, name, mixture);
      for (let kill = 0; kill < kills; kill++) {
        await load.progress(random(50, 500));
        await okq.crash();
        okq = await startOkqProcess(args, port);
      }
      await load.progress(100);
      conclude(name, load, await load.settle());
    },
    timeoutFor(20_000),
  );

  test(
    "on a Redis whose okqs are killed",
    async () => {
      const name = `${mixture.name} on Redis`;
      const random = randomOf(name);
      const redis = await startTestRedis();
      const okqs = [await startOkqOnRedis(redis.port), await startOkqOnRedis(redis.port)];
      const ports = okqs.map(({ port }) => port);
      await prepare(ports[0]!, mixture);
      const load = loadOn((client) => ports[client % 3 === 0 ? 0 : 1]!, name, mixture);
      for (let kill = 0; kill < kills; kill++) {
        await load.progress(random(50, 500));
        const at = random(0, 1);
        await okqs[at]!.crash();
        okqs[at] = await startOkqOnRedis(redis.port, ports[at]);
      }
      await load.progress(100);
      conclude(name, load, await load.settle());
    },
    timeoutFor(20_000),
  );
});
