// Several okq processes on one Redis wake each other's consumers and count consumers together, even
// if messages between them are lost.
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Redis } from "ioredis";
import { channelNames } from "../../src/stores/redis/keys.ts";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { Wire } from "../support/wire.ts";
import { isOk } from "./load.ts";
import { report } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

/** The limit for a wake-up by message. The poll alone can take a second. */
const WOKEN_MS_MAX = 200;

async function startNeighbours(
  count: number,
): Promise<{ redis: RedisServer; okqs: ListeningOkq[] }> {
  const redis = await startTestRedis();
  const okqs = await Promise.all(Array.from({ length: count }, () => startOkqOnRedis(redis.port)));
  return { redis, okqs };
}

const connect = async (okq: ListeningOkq) => closeAfterTest(await okq.connect());

/** Milliseconds from a push on one okq until a consumer that waits on another is answered. */
async function wakeUpMs(from: ListeningOkq, to: ListeningOkq, beforePush?: () => Promise<unknown>) {
  const [producer, consumer] = [await connect(from), await connect(to)];
  await consumer.call("QREGISTER", "q");
  consumer.pipeline(["QNOTIFY", "20"]);
  await untilWaiting(to.port, 1, "q");
  await beforePush?.();
  const startedAt = performance.now();
  expect(isOk(await producer.call("QLPUSH", "q", "1", "x"))).toBe(true);
  expect(await consumer.next()).toEqual(Buffer.from("q"));
  const tookMs = performance.now() - startedAt;
  expect(await consumer.call("QRPOP", "q", "NOACK")).toEqual([Buffer.from("1"), Buffer.from("x")]);
  await consumer.call("QREGISTER");
  return tookMs;
}

/** Like wakeUpMs, repeated at most twice because the machine may be busy. */
async function wakeUpByMessageMs(from: ListeningOkq, to: ListeningOkq): Promise<number> {
  const times: number[] = [];
  do times.push(await wakeUpMs(from, to));
  while (times.length < 3 && times.at(-1)! >= WOKEN_MS_MAX);
  expect(Math.min(...times)).toBeLessThan(WOKEN_MS_MAX);
  return times.at(-1)!;
}

test("a push on any of three okq processes wakes a consumer that waits on another", async () => {
  const { okqs } = await startNeighbours(3);
  const times: number[] = [];
  for (const from of okqs) {
    for (const to of okqs) times.push(await wakeUpByMessageMs(from, to));
  }
  report("wake-ups by a message", { count: times.length, slowestMs: Math.max(...times) });
});

test("a pushed or requeued event wakes consumers of every okq process", async () => {
  const { okqs } = await startNeighbours(3);
  const consumers = await Promise.all(okqs.map(connect));
  for (const consumer of consumers) await consumer.call("QREGISTER", "q");
  const wait = async () => {
    for (const consumer of consumers) consumer.pipeline(["QNOTIFY", "20"]);
    for (const { port } of okqs) await untilWaiting(port, 1, "q");
  };
  const allWoken = async () => {
    for (const consumer of consumers) expect(await consumer.next()).toEqual(Buffer.from("q"));
  };
  const producer = await connect(okqs[0]!);
  await wait();
  await producer.call("QLPUSH", "q", "1", "x");
  await allWoken();
  expect(await producer.call("QRPOP", "q")).not.toBeNull();
  await wait();
  expect(await producer.call("QACK", "q", "1", "REDO")).toBe(1);
  await allWoken();
  expect(await producer.call("QRPOP", "q", "EX", "0.3")).not.toBeNull();
  await wait();
  // No client acks, so the lease expires.
  await allWoken();
});

test("counts the consumers of all okq processes until they are gone", async () => {
  const { okqs } = await startNeighbours(3);
  const counts = async () => {
    const all = await Promise.all(
      okqs.map(async (okq) => (await connect(okq)).call("QSTATUS", "q")),
    );
    return all.map((status) => (status as number[][])[0]![3]);
  };
  const consumers = await Promise.all([...okqs, ...okqs].map(connect));
  for (const [at, consumer] of consumers.entries()) {
    expect(isOk(await consumer.call("QREGISTER", "q", "other"))).toBe(true);
    expect(await counts()).toEqual([at + 1, at + 1, at + 1]);
  }
  await consumers[0]!.call("QREGISTER", "other");
  expect(await counts()).toEqual([5, 5, 5]);
  consumers[1]!.close();
  consumers[2]!.reset();
  await eventually(async () => (await counts()).every((count) => count === 3));
});

test("wakes a consumer even if its wake-up message is lost", async () => {
  const { redis, okqs } = await startNeighbours(2);
  const [from, to] = [okqs[0]!, okqs[1]!];
  const lost: number[] = [];
  for (let at = 0; at < 4; at++) {
    lost.push(await wakeUpMs(from, to, () => redis.redis.call("CLIENT", "KILL", "TYPE", "pubsub")));
  }
  report("wake-ups without a message", { count: lost.length, slowestMs: Math.max(...lost) });
  // The subscription is back.
  await eventually(async () => (await subscribers(redis.redis)) === okqs.length);
  await wakeUpByMessageMs(from, to);
});

test("QWAIT and QEMPTY hear what another okq did, and look if the message is lost", async () => {
  const { redis, okqs } = await startNeighbours(2);
  const one = await connect(okqs[0]!);
  const others = [await connect(okqs[1]!), await connect(okqs[1]!)];
  const ended = `${channelNames(0).ended}q`;
  const times: Record<"heard" | "lost", number[]> = { heard: [], lost: [] };
  for (const way of ["heard", "lost", "heard", "lost", "heard"] as const) {
    await one.call("QPUSH", "q", "x", "ID", "1");
    const popped = (await one.call("QPOP", "FROM", "q")) as Buffer[][];
    others[0]!.pipeline(["QWAIT", "q", "1", "20"]);
    others[1]!.pipeline(["QEMPTY", "q", "20"]);
    await eventually(async () => (await subscribers(redis.redis, ended)) === 1);
    if (way === "lost") await redis.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    const startedAt = performance.now();
    expect(await one.call("QACK", "q", "1", "TOKEN", popped[0]![3]!)).toBe(1);
    expect(await others[0]!.next()).toEqual([Buffer.from("gone"), null]);
    expect(await others[1]!.next()).toBe(1);
    times[way].push(performance.now() - startedAt);
    await eventually(async () => (await subscribers(redis.redis)) === okqs.length);
  }
  report("ends by a message", { count: 3, slowestMs: Math.max(...times.heard) });
  report("ends without a message", { count: 2, slowestMs: Math.max(...times.lost) });
  expect(Math.min(...times.heard)).toBeLessThan(WOKEN_MS_MAX);
});

async function subscribers(redis: Redis, channel = channelNames(0).due): Promise<number> {
  return Number(((await redis.pubsub("NUMSUB", channel)) as unknown[])[1]);
}

/** The number of messages per batch and queue, up to a command that contains `end`. */
async function batchesUntil(monitor: Wire, end: string): Promise<Map<string, number>[]> {
  const batches: Map<string, number>[] = [];
  for (;;) {
    const { simple: line } = (await monitor.next()) as { simple: string };
    if (line.includes(end)) return batches;
    if (/\] "eval/i.test(line)) batches.push(new Map());
    const queue = / lua\] "publish" "\{okq\}:ready:0:(.*)" "\S+ \d+"$/i.exec(line)?.[1];
    if (queue) batches.at(-1)!.set(queue, (batches.at(-1)!.get(queue) ?? 0) + 1);
  }
}

test("sends at most one message per queue and batch", async () => {
  const { redis, okqs } = await startNeighbours(1);
  const listener = redis.redis.duplicate();
  closeAfterTest({ close: () => listener.disconnect() });
  let announced = 0;
  listener.on("message", (_channel, message: string) => {
    announced += Number(message.split(" ")[1]);
  });
  const { ready } = channelNames(0);
  await listener.subscribe(`${ready}a`, `${ready}b`);
  // Not the monitor of ioredis, which fails for commands before it is ready.
  const monitor = closeAfterTest(await Wire.connect(redis.port));
  expect(isOk(await monitor.call("MONITOR"))).toBe(true);
  const clients = await Promise.all([0, 1, 2, 3].map(() => connect(okqs[0]!)));
  for (const [at, client] of clients.entries()) {
    const ids = Array.from({ length: 200 }, (_, number) => `${at}-${number}`);
    client.pipeline(...ids.map((id) => ["QLPUSH", id.endsWith("5") ? "a" : "b", id, "x"]));
  }
  for (const client of clients) expect((await client.take(200)).every(isOk)).toBe(true);
  await eventually(() => announced === 800, { message: "the messages announce all events" });
  await redis.redis.echo("no more batches");
  const batches = await batchesUntil(monitor, "no more batches");
  const counts = batches.flatMap((batch) => [...batch.values()]);
  report("messages", { pushes: 800, messages: counts.length, batches: batches.length });
  expect(Math.max(...counts)).toBe(1);
  expect(counts.length).toBeLessThan(200);
});
