// Commands over many events or queues occupy Redis for a few milliseconds at a time. What takes
// time in a script is its calls of Redis, and the bytes that it reads: they are counted.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import type { EventPage } from "../../src/queue/management.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { lastingKeys, openRedisCaller, openTimedRedis } from "./redis-targets.ts";
import { watchScripts } from "./watched-scripts.ts";

const COUNT = 600;
const QUEUES = 300;
/** About 2 ms. */
const CALLS_MAX = 1000;

const ids = Array.from({ length: COUNT }, (_, n) => `${n}`);

async function start() {
  const server = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${server.port}` });
  return { server, client: await okq.connect(), scripts: await watchScripts(server) };
}

async function fill(client: Wire, queue: string): Promise<void> {
  for (let at = 0; at < COUNT; at += 500) {
    const pairs = ids.slice(at, at + 500).flatMap((id) => [id, "contents"]);
    await ask(client, "QMPUSH", queue, "PAIRS", ...pairs);
  }
}

async function failAll(client: Wire, queue: string): Promise<void> {
  for (let left = COUNT; left > 0; left -= 500) {
    const events = (await ask(client, "QPOP", "COUNT", 500, "FROM", queue)) as string[][];
    const fails = events.map(([, id, , token]) => ["QFAIL", queue, id!, token!, "FINAL"]);
    await askAll(client, ...fails);
  }
}

test("commands over many events make few calls of Redis in a step", async () => {
  const { server, client, scripts } = await start();
  const check = async (answer: number | string, ...command: (string | number)[]) => {
    await scripts.most();
    const reply = await ask(client, ...command);
    const counted = Array.isArray(reply) ? reply.length : reply;
    expect([command[0], counted]).toEqual([command[0], answer]);
    const most = await scripts.most();
    if (most > CALLS_MAX) throw new Error(`${command.slice(0, 4)}: ${most} calls in one script`);
  };
  await fill(client, "q");
  await check(2, "QLIST", "q", "COUNT", 1000);
  await check("+OK", "QCONFIG", "q", "ttl", 1000);
  await eventually(async () => (await server.redis.zcard("{okq}:2:expires:q")) === COUNT);
  expect(await scripts.most()).toBeWithin(1, CALLS_MAX);
  await check("+OK", "QCONFIG", "q", "RESET");
  await check(2, "QLIST", "q", "MATCH", "none");
  await check(400, "QMOVE", "q", "p", "IDS", ...ids.slice(0, 400));
  await check(200, "QMOVE", "q", "p");
  await check(60, "QMOVE", "p", "q", "MATCH", "*7");
  await check(60, "QPURGE", "p", "ready", "MATCH", "*5");
  await check(400, "QDEL", "p", ...ids.slice(0, 400));
  await check(160, "QPURGE", "p", "ready");
  await ask(client, "QFLUSH", "q");
  await fill(client, "q");
  await failAll(client, "q");
  await check(1, "QERRORS", "q");
  await check(COUNT, "QMOVE", "q", "p", "STATE", "failed");
  await check(400, "QRETRY", "p", "IDS", ...ids.slice(0, 400));
  await check(200, "QRETRY", "p", "ALL", "RIGHT");
  await check("+OK", "QFLUSH", "p");
}, 60_000);

test("settings of all queues, and QUEUES, make few calls of Redis in a step", async () => {
  const { server, client, scripts } = await start();
  const queues = Array.from({ length: QUEUES }, (_, n) => `queue-${n}`);
  await askAll(client, ...queues.map((queue) => ["QPUSH", queue, "x", "ID", "1"]));
  await scripts.most();
  const [next, rows] = (await ask(client, "QUEUES", "COUNT", 1000)) as [Readable, Readable[]];
  expect([next, rows.length]).toEqual([null, QUEUES]);
  expect(await scripts.most()).toBeWithin(1, CALLS_MAX);
  await ask(client, "QDEFAULT", "ttl", 100, "max-claimed", 5, "keep-failed", "3s");
  await eventually(async () => {
    const noted = await server.redis.keys("{okq}:2:expires:*");
    return noted.length === QUEUES;
  });
  expect(await scripts.most()).toBeWithin(1, CALLS_MAX);
  expect(await server.redis.exists("{okq}:2:sweep")).toBe(0);
  expect(await ask(client, "QGET", "queue-299", "1")).toContain("expires-at");
}, 60_000);

test("what is due at once is done in steps of few calls of Redis", async () => {
  const { client, scripts } = await start();
  const queues = Array.from({ length: QUEUES }, (_, n) => `queue-${n}`);
  const at = String(Math.ceil(Date.now() / 1000) + 2);
  await askAll(client, ...queues.map((queue) => ["QPUSH", queue, "x", "AT", at]));
  await ask(client, "QMPUSH", "many", "AT", at, "EVENTS", ...ids.slice(0, 500));
  await scripts.most();
  await eventually(async () => {
    const [, rows] = (await ask(client, "QUEUES", "COUNT", 1000)) as [null, Readable[][]];
    return rows.every((row) => row[row.indexOf("delayed") + 1] === 0);
  });
  expect(await scripts.most()).toBeWithin(1, CALLS_MAX);
}, 60_000);

test("a move of large events ends early, and QMOVE goes on", async () => {
  const { server, client } = await start();
  const some = ids.slice(0, 12);
  const contents = "x".repeat(300_000);
  for (const id of some) await ask(client, "QPUSH", "q", contents, "ID", id);
  const caller = await openRedisCaller({ nodes: [{ host: "127.0.0.1", port: server.port }] });
  closeAfterTest(caller.under);
  const targets = some.map((id) => ({ id: Buffer.from(id), version: null }));
  const way = { queue: Buffer.from("q"), target: Buffer.from("p") };
  expect(await caller.submit({ kind: "move", ...way, targets })).toEqual(Array(4).fill(true));
  expect(await ask(client, "QMOVE", "q", "p", "IDS", ...some)).toBe(8);
  const [, events] = (await ask(client, "QLIST", "p")) as [null, string[][]];
  expect(events.map((event) => event[1])).toEqual(some);
});

test("a page of large events has few of them, and no page misses one", async () => {
  const { port } = await startTestRedis();
  const caller = new LifeCaller(await openTimedRedis(port, { nowMs: 1_700_000_000_000 }));
  closeAfterTest(caller.under);
  const some = ids.slice(0, 12);
  const contents = "x".repeat(300_000);
  for (const id of some) await caller.pushWith("q", id, { contents });
  // Some of them come out before the line.
  for (const id of ["right 1", "right 2"])
    await caller.pushWith("q", id, { contents, end: "right" });
  for (const id of some) {
    await caller.pushWith("q", `later ${id}`, { contents, start: { afterMs: 1000 + Number(id) } });
  }
  const wanted = {
    ready: ["right 2", "right 1", ...some],
    delayed: some.map((id) => `later ${id}`),
  };
  for (const state of ["ready", "delayed"] as const) {
    for (const isReverse of [false, true]) {
      const first = await caller.scanPage("q", state, null, { isReverse });
      expect(first.events.length).toBeWithin(1, 5);
      const found: string[] = [];
      let after: Buffer | null = null;
      do {
        const page: EventPage = await caller.scanPage("q", state, after, { isReverse });
        found.push(...page.events.map(({ id }) => id.toString()));
        after = page.next;
      } while (after !== null);
      expect(found).toEqual(isReverse ? wanted[state].toReversed() : wanted[state]);
    }
  }
});

test("queues that empty while all settings are looked at again leave no key behind", async () => {
  const server = await startTestRedis();
  const open = async () =>
    new LifeCaller(closeAfterTest(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 })));
  const [one, other] = [await open(), await open()];
  await one.configure(null, { ttl: "1000" });
  const queues = ids.slice(0, 20);
  for (const queue of queues) await one.push(queue, "1");
  await one.configure(null, { ttl: null });
  for (const queue of queues) expect(await other.pop(queue, 0)).toBe("1");
  while ((await one.reclaim(64)) >= 64);
  expect(await lastingKeys(server.redis)).toEqual([]);
});
