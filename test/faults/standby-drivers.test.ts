// Drivers and workers on a standby while the okq that serves is killed: they stay connected, and
// what was answered is there.
import { RedisClient } from "bun";
import { expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { connectClient } from "../support/client.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { type BucketOfOkq, startBucket } from "../support/failover-processes.ts";
import type { ListeningOkq } from "../support/okq-process.ts";
import { PythonClient } from "../drivers/python-client.ts";

type Call = (...command: string[]) => Promise<unknown>;

const drivers: Record<string, (port: number) => Promise<Call>> = {
  async ioredis(port) {
    const redis = new Redis(port);
    redis.on("error", () => {});
    closeAfterTest({ close: () => redis.disconnect() });
    return (name, ...args) => redis.call(name!, ...args);
  },
  async "node-redis"(port) {
    const client = createClient({ url: `redis://127.0.0.1:${port}` });
    client.on("error", () => {});
    await client.connect();
    closeAfterTest({ close: () => client.destroy() });
    return (...command) => client.sendCommand(command);
  },
  async "Bun.RedisClient"(port) {
    const client = closeAfterTest(new RedisClient(`redis://127.0.0.1:${port}`));
    return (name, ...args) => client.send(name!, args);
  },
  async "redis-py"(port) {
    return closeAfterTest(new PythonClient(port)).call;
  },
};

async function startTwo(): Promise<{ first: ListeningOkq; second: ListeningOkq } & BucketOfOkq> {
  const bucket = await startBucket();
  const first = await bucket.start();
  await first.waitForLine(/serves the queues/);
  const second = await bucket.start();
  await second.waitForLine(/stands by/);
  return { ...bucket, first, second };
}

test.each(Object.keys(drivers))("%s keeps what was answered", async (name) => {
  const { first, second } = await startTwo();
  const call = await drivers[name]!(second.port);
  const answered = new Set<string>();
  const failures: string[] = [];
  const serves = () => `${second.stdout()}${second.stderr()}`.includes("serves the queues");
  for (let at = 0; answered.size < 100 || !serves(); at++) {
    if (at === 50) void first.crash();
    await call("QLPUSH", "q", String(at), "x").then(
      () => answered.add(String(at)),
      (error: Error) => failures.push(error.message),
    );
  }
  const left = new Set<string>();
  for (;;) {
    const popped = (await call("QRPOP", "q", "NOACK")) as [string] | null;
    if (popped === null) break;
    left.add(popped[0]);
  }
  expect([...answered].filter((id) => !left.has(id))).toEqual([]);
  const isExpected = (text: string) => /store unavailable|outcome unknown/.test(text);
  expect(failures.filter((text) => !isExpected(text))).toEqual([]);
});

test("workers of the client go on, and each event is done", async () => {
  const { first, second } = await startTwo();
  const okq = connectClient(second.port);
  const queue = okq.queue("q");
  const done = new Set<string>();
  const worker = okq.worker("q", async (job) => void done.add(job.id), { concurrency: 4 });
  closeAfterTest({ close: () => worker.close() });
  const ids = Array.from({ length: 300 }, (_, at) => String(at));
  for (const [at, id] of ids.entries()) {
    if (at === 100) void first.crash();
    await queue.push("x", { id });
  }
  await eventually(() => done.size === ids.length, { message: "all events are done" });
  await second.waitForLine(/serves the queues/);
});
