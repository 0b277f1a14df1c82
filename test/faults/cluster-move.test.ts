// QMOVE between two shards of a Redis Cluster while okq or a master is killed: no event is ever in
// neither queue, and the same QMOVE again brings all of them into the target, once each.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask, type Readable } from "../support/readable.ts";
import { type Cluster, type ClusterNode, startCluster } from "../support/redis-cluster.ts";
import type { Wire } from "../support/wire.ts";
import { randomOf, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

const COUNT = 1000;
const ids = Array.from({ length: COUNT }, (_, n) => `event-${n}`);

/** A queue with its slot on the first, and one with its slot on the last of three masters. */
const [home, there] = [0, 63].map((shard) => {
  const names = Array.from({ length: 1000 }, (_, n) => `queue-${n}`);
  return names.find((name) => shardOf(Buffer.from(name)) === shard)!;
}) as [string, string];

function ownerOf(cluster: Cluster, queue: string): Promise<ClusterNode> {
  return cluster.ownerOf(shards[shardOf(Buffer.from(queue))]!.slot);
}

async function fill(client: Wire): Promise<void> {
  for (let at = 0; at < COUNT; at += 1000) {
    const pairs = ids.slice(at, at + 1000).flatMap((id) => [id, `contents of ${id}`]);
    expect(await ask(client, "QMPUSH", home, "PAIRS", ...pairs)).toHaveLength(1000);
  }
}

/** Ids of the events of a queue in all states; one that is there twice is listed twice. */
async function idsIn(client: Wire, queue: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: Readable = "";
  while (cursor !== null) {
    const after = cursor === "" ? [] : ["AFTER", cursor as string];
    const reply = await ask(client, "QLIST", queue, "COUNT", 1000, ...after);
    const [next, events] = reply as [Readable, string[][]];
    found.push(...events.map((event) => event[1]!));
    cursor = next;
  }
  return found;
}

/** Nothing is lost, and in neither queue anything is twice. */
async function checkAll(client: Wire): Promise<void> {
  const [here, moved] = [await idsIn(client, home), await idsIn(client, there)];
  expect([new Set(here).size, new Set(moved).size]).toEqual([here.length, moved.length]);
  expect(new Set([...here, ...moved]).size).toBe(COUNT);
}

/** Says the same QMOVE until it is done, then removes all. */
async function complete(client: Wire): Promise<void> {
  await eventually(async () => typeof (await ask(client, "QMOVE", home, there)) === "number", {
    timeoutMs: 60_000,
    message: "QMOVE is done",
  });
  expect(await idsIn(client, home)).toEqual([]);
  expect((await idsIn(client, there)).toSorted()).toEqual(ids.toSorted());
  expect(await ask(client, "QFLUSH", there)).toBe("+OK");
}

/** Resolves once so many events have arrived. */
async function arrived(client: Wire, count: number): Promise<void> {
  await eventually(
    async () => {
      const [[, total]] = (await ask(client, "QSTATUS", there)) as [[string, number]];
      return total >= count;
    },
    { timeoutMs: 60_000 },
  );
}

test(
  "no event is lost or twice when okq is killed while it moves events, and moves them again",
  async () => {
    const random = randomOf("okq killed in a move between shards");
    const cluster = await startCluster({ masters: 3, replicasEach: 0 });
    const address = `127.0.0.1:${cluster.nodes[0]!.port}`;
    const other = await startTestOkq({ store: "", redisAddr: address, redisCluster: true });
    const client = await other.connect();
    for (let round = 0; round < rounds; round++) {
      await fill(client);
      const okq = await startOkqProcess(["--redis-addr", address, "--redis-cluster"]);
      const mover = await okq.connect();
      const moving = ask(mover, "QMOVE", home, there).catch(() => "killed");
      await arrived(client, random(1, COUNT / 2));
      await okq.crash();
      await moving;
      await checkAll(client);
      await complete(client);
    }
  },
  timeoutFor(60_000),
);

test.each(["home", "target"])(
  "no event is lost when the master of the %s is killed during a move",
  async (which) => {
    const random = randomOf(`master of the ${which} killed in a move`);
    const cluster = await startCluster({ masters: 3, replicasEach: 1 });
    const okq = await startTestOkq({
      store: "",
      redisAddr: `127.0.0.1:${cluster.nodes[0]!.port}`,
      redisCluster: true,
      redisWait: 1,
      redisWaitTimeout: 1000,
    });
    const [client, mover] = [await okq.connect(), await okq.connect()];
    await fill(client);
    const queue = which === "home" ? home : there;
    const victim = await ownerOf(cluster, queue);
    const moving = ask(mover, "QMOVE", home, there);
    await arrived(client, random(1, COUNT / 2));
    await victim.kill();
    await moving;
    await eventually(async () => (await ownerOf(cluster, queue)) !== victim, {
      timeoutMs: 60_000,
      message: "another master takes over",
    });
    await victim.start();
    await cluster.healed();
    await eventually(async () => (await ask(client, "OKQ", "HEALTH")) === "+OK", {
      timeoutMs: 60_000,
      message: "okq serves again",
    });
    await checkAll(client);
    await complete(client);
  },
  timeoutFor(60_000),
);
