// okq processes on one bucket: one is killed, stopped, or ends in order, and another one serves.
import { expect, test } from "bun:test";
import { startBucket } from "../support/failover-processes.ts";
import { eventually } from "../support/eventually.ts";
import { ask, askAll } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

const SERVES = /serves the queues/;
const STANDS_BY = /stands by/;

/** Repeats a command while the answer is LOADING, as drivers do. */
async function insist(client: Wire, ...args: string[]): Promise<unknown> {
  return await eventually(async () => {
    const reply = await ask(client, ...args);
    return String(reply).startsWith("-LOADING") ? null : { reply };
  }).then(({ reply }) => reply);
}

test("a standby serves what was answered when the other okq is killed", async () => {
  const { start } = await startBucket();
  const first = await start();
  await first.waitForLine(SERVES);
  const second = await start();
  await second.waitForLine(STANDS_BY);
  const client = await second.connect();
  for (let at = 0; at < 50; at++) expect(await ask(client, "LPUSH", "q", `${at}`)).toBe(at + 1);
  expect(await ask(client, "QPOP", "FROM", "q")).toBeArray();
  await first.crash();
  expect(await insist(client, "LLEN", "q")).toBe(49);
  await second.waitForLine(SERVES);
  expect(String(await ask(client, "INFO", "store"))).toContain("store_takeovers:1");
  const third = await start();
  await third.waitForLine(STANDS_BY);
  expect(await ask(await third.connect(), "LLEN", "q")).toBe(49);
});

test("commands in flight have an unknown outcome, and the connection stays", async () => {
  const { start } = await startBucket();
  const first = await start();
  await first.waitForLine(SERVES);
  const second = await start();
  await second.waitForLine(STANDS_BY);
  const client = await second.connect();
  const subscriber = await second.connect();
  await ask(subscriber, "SUBSCRIBE", "okq:q");
  await ask(client, "LLEN", "q");
  first.kill("SIGSTOP");
  client.pipeline(["LPUSH", "q", "x"], ["LLEN", "q"], ["PING"]);
  await second.waitForLine(SERVES);
  const replies = await client.take(3);
  expect(replies[0]).toMatchObject({ error: expect.stringContaining("outcome unknown") });
  expect(replies[1]).toMatchObject({ error: expect.stringContaining("LOADING") });
  expect(replies[2]).toEqual({ simple: "PONG" });
  await subscriber.untilClosed();
  expect(await ask(client, "LPUSH", "other", "x")).toBe(1);
  first.kill("SIGCONT");
  await first.waitForLine(/another okq took over/);
  // The okq closes the connections that it has when it begins to stand by, perhaps also this one.
  await eventually(async () => (await ask(await first.connect(), "LLEN", "other")) === 1);
  expect(first.stderr()).not.toContain("cannot look after the bucket");
});

test("an okq that ends in order is replaced within its lease", async () => {
  const { start } = await startBucket(60_000);
  const first = await start();
  await first.waitForLine(SERVES);
  const second = await start();
  await second.waitForLine(STANDS_BY);
  const client = await second.connect();
  await askAll(client, ["LPUSH", "q", "x"], ["QREGISTER", "q"]);
  first.kill("SIGTERM");
  await client.untilClosed();
  await second.waitForLine(SERVES);
  expect(await first.exited).toBe(0);
  expect(await ask(await second.connect(), "RPOP", "q")).toBe("x");
});

test("an okq that was killed serves again at once when it is started again", async () => {
  const { start } = await startBucket(60_000);
  const first = await start();
  await first.waitForLine(SERVES);
  await ask(await first.connect(), "LPUSH", "q", "x");
  await first.crash();
  const second = await start([], first.port);
  await second.waitForLine(SERVES);
  expect(await ask(await second.connect(), "RPOP", "q")).toBe("x");
});
