// A consumer and its okq are killed at the same moment, as when their machine dies. Their claim
// holds its group no longer than its lease, wherever else the events can be had.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

const LEASE_MS = 2_000;
/** What a message that is lost, and a slow machine, may cost. */
const LATE_MS_MAX = 15_000;
const [QUEUE, GROUP] = ["q", "g"];

interface Setup {
  /** The okq of the consumer. */
  doomed: ListeningOkq;
  /** A client of an okq that lives, or of one that comes after it. */
  survivor(): Promise<Wire>;
}

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ masters: 3, replicasEach: 0, outlivesTest: true });
}, 60_000);

afterAll(() => cluster.close());

const setups: Record<string, () => Promise<Setup>> = {
  async "SQLite, okq is started again"() {
    const store = newDatabase();
    const start = () => startOkqProcess(["--store", store]);
    return { doomed: await start(), survivor: async () => await (await start()).connect() };
  },
  async "Redis, another okq lives"() {
    const { port } = await startTestRedis();
    return await withAnother(() => startOkqOnRedis(port));
  },
  async "a cluster, another okq lives"() {
    const [{ port }] = cluster.nodes as [Cluster["nodes"][number]];
    return await withAnother(() => startOkqOnRedis(port, 0, ["--redis-cluster"]));
  },
};

async function withAnother(start: () => Promise<ListeningOkq>): Promise<Setup> {
  const [doomed, other] = [await start(), await start()];
  // It waits for the group already when the consumer dies.
  const client = await other.connect();
  return { doomed, survivor: async () => client };
}

/** Starts a consumer that claims the next event. Resolves with what kills it. */
async function claimInProcess(port: number): Promise<() => Promise<unknown>> {
  const script = join(import.meta.dir, "stopped-consumer.ts");
  const argv = [process.execPath, script, String(port), QUEUE, String(LEASE_MS / 1000)];
  const child = Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  noteProcess(child, "a consumer that dies");
  const kill = () => {
    child.kill("SIGKILL");
    return child.exited;
  };
  closeAfterTest({ close: kill });
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value!).toString()).toStartWith("claimed 1 ");
  return kill;
}

test.each(Object.entries(setups))("on %s", async (_name, open) => {
  const { doomed, survivor } = await open();
  const producer = await doomed.connect();
  // The first event fails at its second crash.
  await ask(producer, "QCONFIG", QUEUE, "max-crashes", "2");
  for (const id of ["1", "2"]) await ask(producer, "QPUSH", QUEUE, "x", "ID", id, "GROUP", GROUP);
  const startedAt = performance.now();
  const kill = await claimInProcess(doomed.port);
  const claimedAt = performance.now();
  await Promise.all([kill(), doomed.crash()]);
  const client = await survivor();
  const popped = async (lease: number) => {
    const pop = ["QPOP", "WAIT", 30, "LEASE", lease, "FROM", QUEUE];
    const [event] = (await ask(client, ...pop)) as Readable[][];
    return [event![1], event![4]];
  };
  expect(await popped(0.5)).toEqual(["1", 2]);
  const freedAt = performance.now();
  expect(freedAt - startedAt).toBeGreaterThan(LEASE_MS - 10);
  expect(freedAt - claimedAt).toBeLessThan(LEASE_MS + LATE_MS_MAX);
  // Its second consumer is dead too: the next event of the group goes.
  expect(await popped(30)).toEqual(["2", 1]);
  expect(performance.now() - freedAt).toBeLessThan(500 + LATE_MS_MAX);
  await eventually(async () => (await ask(client, "QGET", QUEUE, "1")) !== null);
  client.close();
});
