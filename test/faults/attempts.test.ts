// Failures, crashes and redos are told apart and counted apart, also when okq is killed, when a
// failover brings another Redis, and when a lease ends because the okq of its consumer is gone.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import type { Argument, Wire } from "../support/wire.ts";

setDefaultTimeout(180_000);

const LEASE = 1;

/** A client of a first okq, the fault, and a client that comes after it. */
interface Setup {
  before: Wire;
  fault(): Promise<Wire>;
}

const setups: Record<string, () => Promise<Setup>> = {
  async "a kill of okq on SQLite"() {
    const start = () => startOkqProcess(["--store", store]);
    const store = newDatabase();
    return await killing(start);
  },
  async "a kill of okq on Redis"() {
    const { port } = await startTestRedis();
    return await killing(() => startOkqOnRedis(port));
  },
  async "a failover of Sentinel"() {
    // On a slow machine the master of before may soon be it again: it must not come back empty.
    const group = await startSentinelGroup({ replicas: 1, isDurable: true });
    const redisSentinelAddr = group.sentinels.map((port) => `127.0.0.1:${port}`).join(",");
    const okq = await startTestOkq({ store: "", redisSentinelAddr, redisWait: 1 });
    return {
      before: await okq.connect(),
      async fault() {
        const master = await group.master();
        await master.kill();
        await group.promoted(master.port);
        // It needs a replica before it takes changes.
        await master.start();
        await group.synced(1);
        return await okq.connect();
      },
    };
  },
  async "a failover of a cluster"() {
    const cluster = await startCluster({ masters: 3, replicasEach: 1 });
    const redisAddr = `127.0.0.1:${cluster.nodes[0]!.port}`;
    const config = { store: "", redisAddr, redisCluster: true, redisWait: 1 };
    const okq = await startTestOkq(config);
    return {
      before: await okq.connect(),
      async fault() {
        for (const master of await cluster.masters()) {
          const replica = await cluster.replicaOf(master);
          await answered(() => replica.redis.cluster("FAILOVER").then(String), "OK");
        }
        await cluster.healed();
        return await okq.connect();
      },
    };
  },
};

async function killing(start: () => ReturnType<typeof startOkqProcess>): Promise<Setup> {
  const okq = await start();
  return {
    before: await okq.connect(),
    async fault() {
      await okq.crash();
      return await (await start()).connect();
    },
  };
}

/** Resolves once the call gives that result; until then it may fail. */
async function answered<T>(call: () => Promise<T>, wanted: T): Promise<void> {
  let last: unknown;
  await eventually(
    async () => {
      last = await call().catch(String);
      return Bun.deepEquals(last, wanted);
    },
    { timeoutMs: 60_000, message: `${String(wanted)} is answered` },
  ).catch((error: unknown) => {
    throw new Error(`the last answer was ${JSON.stringify(last)}`, { cause: error });
  });
}

async function claim(client: Wire, queue: string, lease: number): Promise<Argument[]> {
  const pop = ["QPOP", "WAIT", 30, "LEASE", lease, "AS", "worker", "FROM", queue];
  const [[, id, , token]] = (await ask(client, ...pop)) as [string[]];
  return [queue, id!, token!];
}

/** What QGET shows of these. */
async function shown(client: Wire, queue: string): Promise<Record<string, Readable>> {
  const flat = await ask(client, "QGET", queue, "1");
  if (!Array.isArray(flat)) return { answer: flat };
  const pairs = Array.from({ length: flat.length / 2 }, (_, n) => flat.slice(2 * n, 2 * n + 2));
  const names = new Set(["state", "attempts", "failures", "crashes", "last-error"]);
  return Object.fromEntries(pairs.filter(([name]) => names.has(String(name)))) as Record<
    string,
    Readable
  >;
}

const ready = { state: "ready", failures: 0, crashes: 0 };
const crashed = { "last-error": "crashed: the lease of worker ended" };

test.each(Object.entries(setups))("attempts are counted right through %s", async (_name, open) => {
  const { before, fault } = await open();
  await ask(before, "QDEFAULT", "backoff", "none");
  for (const queue of ["failing", "crashing", "redoing", "holding"]) {
    await ask(before, "QPUSH", queue, "contents", "ID", "1");
  }
  const failing = await claim(before, "failing", 60);
  expect(await ask(before, "QFAIL", ...failing, "ERROR", "broken")).toBe("ready");
  const [, id, token] = await claim(before, "redoing", 60);
  expect(await ask(before, "QACK", "redoing", id!, "TOKEN", token!, "REDO")).toBe(1);
  await claim(before, "crashing", 0.1);
  const expected: Record<string, object> = {
    failing: { ...ready, attempts: 1, failures: 1, "last-error": "broken" },
    crashing: { ...ready, ...crashed, attempts: 1, crashes: 1 },
    redoing: { ...ready, attempts: 0 },
  };
  await answered(() => shown(before, "crashing"), expected["crashing"]);
  // Nobody is there when this lease ends, or nobody may change anything.
  const held = await claim(before, "holding", LEASE);
  const after = await fault();
  expected["holding"] = expected["crashing"]!;
  for (const [queue, facts] of Object.entries(expected)) {
    await answered(() => shown(after, queue), facts as Record<string, Readable>);
  }
  expect(await ask(after, "QFAIL", ...held)).toBeNull();
  for (const [queue, attempt] of [
    ["failing", 2],
    ["crashing", 2],
    ["redoing", 1],
    ["holding", 2],
  ] as const) {
    const popped = (await ask(after, "QPOP", "WAIT", 30, "FROM", queue)) as Readable[][];
    expect([queue, popped[0]![4]]).toEqual([queue, attempt]);
  }
});
