// How INFO counts the keys: when they are asked for by name, else in the background.
import { expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import type { Wire } from "../support/wire.ts";

/** The number that INFO shows; null: none. */
async function shown(client: Wire, ...sections: string[]): Promise<number | null> {
  const text = String(await ask(client, "INFO", ...sections));
  expect(text).toContain("# Keyspace\r\n");
  const found = /^db0:keys=(\d+),expires=0,avg_ttl=0\r$/m.exec(text);
  return found && Number(found[1]);
}

test("INFO keyspace counts, and a plain INFO shows a count of the last second", async () => {
  const clock = new TestClock();
  const client = await (await startTestOkq({}, clock)).connect();
  expect([await shown(client), await shown(client, "keyspace")]).toEqual([null, null]);
  await ask(client, "QPUSH", "a", "x");
  clock.advance(1000);
  await eventuallyEqual(() => shown(client), 1);
  await ask(client, "QPUSH", "b", "x");
  expect([await shown(client), await shown(client, "all")]).toEqual([1, 1]);
  expect(await shown(client, "keyspace")).toBe(2);
  await ask(client, "SADD", "s", "x");
  expect(await shown(client)).toBe(2);
  clock.advance(1000);
  await eventuallyEqual(() => shown(client), 3);
});

test("the first INFO all waits for a count", async () => {
  const client = await (await startTestOkq()).connect();
  await ask(client, "QPUSH", "a", "x");
  expect(await shown(client, "all")).toBe(1);
});

test("calls that come while okq counts share the next count", async () => {
  const okq = await startTestOkq();
  const clients = await Promise.all(Array.from({ length: 20 }, () => okq.connect()));
  for (let n = 0; n < 5; n++) {
    await ask(clients[0]!, "QPUSH", `q${n}`, "x");
    const counts = await Promise.all(clients.map((client) => shown(client, "keyspace")));
    expect(counts).toEqual(clients.map(() => n + 1));
  }
});

test("INFO answers while the store is away, and counts again when it is back", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const client = await okq.connect();
  await ask(client, "QPUSH", "a", "x");
  expect(await shown(client, "keyspace")).toBe(1);
  await redis.kill();
  await eventually(() => okq.log.some((line) => line.includes("Redis connection lost")));
  expect(String(await ask(client, "INFO", "keyspace"))).toContain("keyspace_error:");
  expect(await shown(client)).toBe(1);
  await redis.start();
  await eventually(async () => String(await ask(client, "QPUSH", "b", "x")).includes("-0"));
  await eventually(async () => !String(await ask(client, "INFO", "keyspace")).includes("error"));
  await eventually(async () => Number(await shown(client)) >= 1);
});
