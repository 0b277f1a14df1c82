// The totals of a queue cover all okq processes and outlive them. What the store counts is as
// durable as the events; what an okq counts reaches the store within a second, or at its end.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

type Start = () => Promise<ListeningOkq>;

const stores: [name: string, prepare: () => Promise<Start>][] = [
  ["sqlite", async () => startOkqProcess.bind(null, ["--store", newDatabase()], 0)],
  ["redis", async () => startOkqOnRedis.bind(null, (await startTestRedis()).port, 0, [])],
];

/** The totals of queue q that are not 0. */
async function totals(client: Wire): Promise<Record<string, number>> {
  const flat = (await ask(client, "QSTATS", "q")) as Readable[];
  const pairs = Array.from({ length: flat.length / 2 }, (_, n) => flat.slice(2 * n, 2 * n + 2));
  const counted = pairs.filter(([name, value]) => String(name).endsWith("-total") && value !== 0);
  return Object.fromEntries(counted) as Record<string, number>;
}

async function claim(client: Wire, lease = 60): Promise<[id: string, token: string]> {
  const popped = await ask(client, "QPOP", "LEASE", lease, "FROM", "q");
  const [[, id, , token]] = popped as [string[]];
  return [id!, token!];
}

/** Six pushes, five pops, an acknowledgement, two failures, one of them for good, and a redo. */
async function work(client: Wire): Promise<void> {
  for (let n = 0; n < 6; n++) await ask(client, "QPUSH", "q", "contents");
  await ask(client, "QACK", "q", ...acknowledged(await claim(client)));
  await ask(client, "QFAIL", "q", ...(await claim(client)));
  await ask(client, "QFAIL", "q", ...(await claim(client)), "FINAL");
  await ask(client, "QACK", "q", ...acknowledged(await claim(client)), "REDO");
  await claim(client);
}

const acknowledged = ([id, token]: [string, string]) => [id, "TOKEN", token];

const worked = {
  "pushed-total": 6,
  "popped-total": 5,
  "acked-total": 1,
  "failures-total": 2,
  "failed-total": 1,
};

test.each(stores)("all totals outlive an okq that ends (%s)", async (_name, prepare) => {
  const start = await prepare();
  const okq = await start();
  await work(await okq.connect());
  okq.kill("SIGTERM");
  expect(await okq.exited).toBe(0);
  const next = await (await start()).connect();
  expect(await totals(next)).toEqual(worked);
  await work(next);
  const twice = Object.fromEntries(Object.entries(worked).map(([name, n]) => [name, 2 * n]));
  await eventually(async () => {
    expect(await totals(next)).toEqual(twice);
    return true;
  });
});

test.each(stores)("crashes are counted once when okq is killed (%s)", async (_name, prepare) => {
  const start = await prepare();
  const okq = await start();
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "contents", "ID", "1", "ATTEMPTS", 2);
  await claim(client, 0.1);
  await eventually(async () => (await totals(client))["crashes-total"] === 1);
  await okq.crash();
  const second = await start();
  const another = await second.connect();
  expect(await totals(another)).toMatchObject({ "crashes-total": 1 });
  // The lease ends because okq itself is gone.
  await claim(another, 0.5);
  await second.crash();
  const third = await (await start()).connect();
  await eventually(async () => (await totals(third))["crashes-total"] === 2);
  expect(await totals(third)).toMatchObject({ "failed-total": 1 });
});

test("every okq on a Redis shows the totals of all", async () => {
  const { port } = await startTestRedis();
  const [one, other] = await Promise.all([startOkqOnRedis(port), startOkqOnRedis(port)]);
  const [here, there] = [await one.connect(), await other.connect()];
  await work(here);
  await work(there);
  for (const client of [here, there]) {
    await eventually(async () => {
      expect(await totals(client)).toMatchObject({ "pushed-total": 12, "popped-total": 10 });
      return true;
    });
  }
  // Less what the killed one counted in its last second.
  await one.crash();
  expect(await totals(there)).toMatchObject({ "pushed-total": 12, "popped-total": 10 });
});
