// Commands on queues in different shards of a Redis Cluster.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { shardOf, SHARDS } from "../../src/stores/redis/shards.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** A queue in each of so many shards, in ascending order of their names. */
function queuesApart(count: number): string[] {
  const found = new Map<number, string>();
  for (let n = 100; found.size < count; n++) {
    const name = `queue-${n}`;
    const shard = shardOf(Buffer.from(name));
    if (!found.has(shard)) found.set(shard, name);
  }
  return [...found.values()];
}

const [a, b, c] = queuesApart(3) as [string, string, string];

async function connect(): Promise<Wire> {
  return await (await startOkqOn("cluster")).connect();
}

/** Queue and id of each popped event. */
function popped(reply: Readable): string[][] | null {
  return reply === null ? null : (reply as string[][]).map(([queue, id]) => [queue!, id!]);
}

function mapOf(flat: Readable): Record<string, Readable> {
  const list = flat as Readable[];
  const pairs = list.flatMap((name, at) =>
    at % 2 === 0 ? [[name as string, list[at + 1]!] as const] : [],
  );
  return Object.fromEntries(pairs);
}

async function pushTo(client: Wire, queue: string, ...ids: string[]): Promise<void> {
  const pairs = ids.flatMap((id) => [id, `contents of ${id}`]);
  expect(await ask(client, "QMPUSH", queue, "PAIRS", ...pairs)).toEqual(ids);
}

test("QPOP takes from queues of several shards in their order", async () => {
  const client = await connect();
  await pushTo(client, b, "1", "2");
  await pushTo(client, c, "3", "4");
  const pop = async (count: number) =>
    popped(await ask(client, "QPOP", "COUNT", count, "FROM", a, b, c));
  expect(await pop(3)).toEqual([
    [b, "1"],
    [b, "2"],
    [c, "3"],
  ]);
  expect(await pop(3)).toEqual([[c, "4"]]);
  expect(await pop(3)).toBeNull();
});

test("QPOP WAIT over several shards gets an event of any of them", async () => {
  const okq = await startOkqOn("cluster");
  const [client, producer] = [await okq.connect(), await okq.connect()];
  for (const queue of [c, a, b]) {
    const waiting = ask(client, "QPOP", "WAIT", 30, "FROM", a, b, c);
    await eventually(async () => {
      const [, workers] = (await ask(producer, "QWORKERS", queue)) as [null, Readable[]];
      return workers.length > 0 && String(workers).includes(queue);
    });
    await ask(producer, "QPUSH", queue, "x", "ID", "1");
    expect(popped(await waiting)).toEqual([[queue, "1"]]);
    expect(await ask(client, "QACK", queue, "1", "TOKEN", "*")).toBe(1);
  }
});

test("QNEXT acknowledges in one shard and pops in others", async () => {
  const client = await connect();
  await pushTo(client, a, "1");
  await pushTo(client, c, "2");
  const [[, id, , token]] = (await ask(client, "QPOP", "FROM", a)) as [string[]];
  const [isDone, events] = (await ask(client, "QNEXT", a, id!, token!, "FROM", b, c)) as Readable[];
  expect([isDone, popped(events!)]).toEqual([1, [[c, "2"]]]);
  expect(await ask(client, "QGET", a, "1")).toBeNull();
});

test("QUEUES shows the queues of all shards page by page", async () => {
  const client = await connect();
  const queues = queuesApart(SHARDS);
  for (const queue of queues) await ask(client, "QPUSH", queue, "x");
  const found: string[] = [];
  let cursor: Readable = null;
  for (let pages = 0; pages < 100; pages++) {
    const after: string[] = cursor === null ? [] : ["AFTER", cursor as string];
    const reply = (await ask(client, "QUEUES", "COUNT", 7, ...after)) as [Readable, Readable[]];
    expect(reply[1].length).toBeLessThanOrEqual(7);
    found.push(...reply[1].map((row) => mapOf(row)["queue"] as string));
    cursor = reply[0];
    if (cursor === null) break;
  }
  expect(found).toEqual(queues.toSorted());
});

test("QDEFAULT holds in every shard, and goes from every shard", async () => {
  const client = await connect();
  const queues = queuesApart(SHARDS);
  const failAll = async () => {
    const states = new Set<Readable>();
    for (const queue of queues) {
      await ask(client, "QPUSH", queue, "x", "ID", "1");
      const [[, , , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
      states.add(await ask(client, "QFAIL", queue, "1", token!, "DELAY", 0));
      await ask(client, "QFLUSH", queue);
    }
    return [...states];
  };
  expect(await ask(client, "QDEFAULT", "max-attempts", 1)).toBe("+OK");
  expect(await failAll()).toEqual(["failed"]);
  expect(await ask(client, "QDEFAULT", "max-attempts", 0)).toBe("+OK");
  expect(await failAll()).toEqual(["ready"]);
});

test("with QDEFAULT failed-to, events of other shards stay failed in their queue", async () => {
  const client = await connect();
  await ask(client, "QDEFAULT", "max-attempts", 1, "failed-to", `${a}@dead`);
  for (const queue of [a, b]) {
    await pushTo(client, queue, "1");
    const [[, id, , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
    expect(await ask(client, "QFAIL", queue, id!, token!)).toBe("failed");
  }
  const failed = async (queue: string) => mapOf(await ask(client, "QSTATS", queue))["failed"];
  expect([await failed(a), await failed(b)]).toEqual([0, 1]);
  expect(popped(await ask(client, "QPOP", "FROM", `${a}@dead`))).toEqual([[`${a}@dead`, "1"]]);
});

test("QCONFIG with a failed-to in another shard is an error that changes nothing", async () => {
  const client = await connect();
  const [reply, behind] = await askAll(
    client,
    ["QCONFIG", a, "lease", 5, "failed-to", b],
    ["QPUSH", a, "x", "ID", "1"],
  );
  expect(reply).toStartWith("-CROSSSLOT failed-to is in another shard");
  // It is an answer, not a failure.
  expect(behind).toBe("1");
  const settings = mapOf(await ask(client, "QCONFIG", a));
  expect([settings["lease"], settings["failed-to"]]).toEqual(["30", ""]);
});

test("QSTATS and QERRORS tell of each queue its own", async () => {
  const client = await connect();
  for (const [n, queue] of [a, b].entries()) {
    await pushTo(client, queue, "1");
    const [[, id, , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
    await ask(client, "QFAIL", queue, id!, token!, "ERROR", `error of ${"ab"[n]}`, "FINAL");
  }
  expect(await ask(client, "QERRORS", a)).toEqual([["error of a", 1, "1"]]);
  expect(await ask(client, "QERRORS", b)).toEqual([["error of b", 1, "1"]]);
  const totalOf = async (queue: string) =>
    mapOf(await ask(client, "QSTATS", queue))["failed-total"];
  await eventuallyEqual(
    async () => [await totalOf(a), await totalOf(b), await totalOf(c)],
    [1, 1, 0],
  );
});

test("QWORKERS shows who works on queues of several shards, page by page", async () => {
  const okq = await startOkqOn("cluster");
  const client = await okq.connect();
  for (const queue of [a, b]) await pushTo(client, queue, "1");
  for (const [worker, queue] of [
    ["ann", a],
    ["bob", b],
  ] as const) {
    await ask(await okq.connect(), "QPOP", "AS", worker, "FROM", queue);
  }
  const names: Readable[] = [];
  let cursor: Readable = null;
  do {
    const after: string[] = cursor === null ? [] : ["AFTER", cursor as string];
    const reply = (await ask(client, "QWORKERS", ...after, "COUNT", 1)) as [Readable, Readable[]];
    names.push(...reply[1].map((row) => mapOf(row)["worker"]!));
    cursor = reply[0];
  } while (cursor !== null);
  expect(names.toSorted()).toEqual(["ann", "bob"]);
});

test("QMOVE moves thousands of events to another shard, in their order", async () => {
  const client = await connect();
  const ids = Array.from({ length: 1000 }, (_, n) => `${n}`);
  await pushTo(client, a, ...ids);
  expect(await ask(client, "QMOVE", a, b, "MATCH", "*5")).toBe(100);
  expect(await ask(client, "QMOVE", a, b, "COUNT", 10)).toBe(10);
  expect(await ask(client, "QMOVE", a, b, "IDS", "999", "998", "missing")).toBe(2);
  const moved = ((await ask(client, "QLIST", b, "COUNT", 1000)) as [null, string[][]])[1];
  const fives = ids.filter((id) => id.endsWith("5"));
  const first = ids.filter((id) => !id.endsWith("5")).slice(0, 10);
  expect(moved.map((event) => event[1])).toEqual([...fives, ...first, "999", "998"]);
});
