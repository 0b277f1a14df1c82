// Waits of clients of a standby, and the commands behind them: as at the okq that serves.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startDistantPair, startPair } from "../support/failover-pair.ts";
import { infoFigure } from "../support/observer.ts";
import { startS3Okqs } from "../support/s3-okq.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import type { Argument, Wire } from "../support/wire.ts";

async function untilBlocked(direct: Wire, count: number): Promise<void> {
  const text = `blocked_clients:${count}\r\n`;
  await eventually(async () => String(await ask(direct, "INFO")).includes(text), { message: text });
}

async function connected() {
  const { standby, serving } = await startPair();
  return { client: await standby.connect(), direct: await serving.connect() };
}

/** More than are in flight at once. */
const pushes = (value: string) => Array.from({ length: 200 }, () => ["LPUSH", "q", value]);

test("commands behind a wait are done when the client half-closes", async () => {
  const { client, direct } = await connected();
  client.pipeline(["BLPOP", "never", 0], ...pushes("x"), ["BLPOP", "other", 0], ...pushes("y"));
  await untilBlocked(direct, 1);
  client.endSending();
  const lengths = Array.from({ length: 400 }, (_, at) => at + 1);
  const expected = [null, ...lengths.slice(0, 200), null, ...lengths.slice(200)];
  expect((await client.untilClosed()).map(readable)).toEqual(expected);
  await untilBlocked(direct, 0);
});

test("equal waits end when the client half-closes, also those not passed on yet", async () => {
  const { client, direct } = await connected();
  client.pipeline(...Array.from({ length: 200 }, () => ["BLPOP", "never", 0]), ["PING"]);
  await untilBlocked(direct, 1);
  client.endSending();
  const replies = (await client.untilClosed()).map(readable);
  expect(replies).toEqual([...Array<null>(200).fill(null), "+PONG"]);
});

test("a client that half-closes behind a wait keeps what it has claimed", async () => {
  const { client, direct } = await connected();
  await askAll(client, ["CLIENT", "RELEASE", "ON"], ["QPUSH", "q", "x", "ID", "1"]);
  const [event] = (await ask(client, "QPOP", "FROM", "q")) as string[][];
  client.pipeline(["BLPOP", "never", 0], ["ECHO", "a"], ["QACK", "q", "1", "TOKEN", event![3]!]);
  await untilBlocked(direct, 1);
  client.endSending();
  expect((await client.untilClosed()).map(readable)).toEqual([null, "a", 1]);
});

const endings: { command: Argument[]; reply: string }[] = [
  { command: ["QUIT"], reply: "+OK" },
  { command: ["RESET"], reply: "+RESET" },
  { command: ["CLIENT", "SETNAME", "ann"], reply: "+OK" },
];

test.each(endings)("$command.0 behind a wait is done after it", async ({ command, reply }) => {
  const { client, direct } = await connected();
  client.pipeline(["BLPOP", "q", 0], command);
  await untilBlocked(direct, 1);
  await ask(direct, "LPUSH", "q", "x");
  expect((await client.take(2)).map(readable)).toEqual([["q", "x"], reply]);
});

test("equal waits in a row are passed on together", async () => {
  const { standby, serving, proxy } = await startDistantPair();
  const [client, direct] = [await standby.connect(), await serving.connect()];
  await ask(client, "RPUSH", "q", "a", "b", "c");
  proxy.set("replies", "hold");
  client.pipeline(...Array.from({ length: 3 }, () => ["BLPOP", "q", 0]), ["LPUSH", "other", "x"]);
  await eventually(async () => (await ask(direct, "LLEN", "q")) === 0);
  proxy.set("replies", "pass");
  const [first, second, third, length] = (await client.take(4)).map(readable);
  expect([first, second, third]).toEqual([..."abc"].map((value) => ["q", value]));
  expect(length).toBe(1);
});

test("commands of a client that is gone count as waiting until they are sent", async () => {
  const { standby, proxy } = await startDistantPair();
  const [client, other] = [await standby.connect(), await standby.connect()];
  const contents = Buffer.alloc(100_000, "x");
  const figure = (name: string) => infoFigure(other, name);
  proxy.set("requests", "hold");
  client.pipeline(["LPUSH", "q", contents]);
  await eventually(async () => (await figure("bytes_waiting")) > contents.length);
  client.reset();
  await eventually(async () => (await figure("connected_clients")) === 1);
  expect(await figure("bytes_waiting")).toBeGreaterThan(contents.length);
  proxy.set("requests", "pass");
  await eventually(async () => (await figure("bytes_waiting")) === 0);
});

test("clients do not wait for an okq that lives and does not answer", async () => {
  const { standby, serving, proxy } = await startDistantPair({ s3Lease: 400 });
  const direct = await serving.connect();
  const [reader, waiter] = [await standby.connect(), await standby.connect()];
  expect(await ask(reader, "LPUSH", "q", "x")).toBe(1);
  waiter.pipeline(["BLPOP", "never", 0]);
  await untilBlocked(direct, 1);
  for (const way of ["requests", "replies"] as const) proxy.set(way, "swallow");
  const late = await standby.connect();
  for (const client of [reader, late]) client.pipeline(["LLEN", "q"]);
  const unavailable = "-LOADING store unavailable: lost the okq that serves: it does not answer";
  expect(await reader.next().then(readable)).toBe(unavailable);
  expect(await late.next().then(readable)).toBe(unavailable);
  expect(String(await waiter.next().then(readable))).toStartWith("-ERR store outcome unknown");
  proxy.cut();
  for (const way of ["requests", "replies"] as const) proxy.set(way, "pass");
  await eventually(async () => (await ask(reader, "LLEN", "q")) === 1);
  expect(String(await ask(direct, "INFO"))).toContain("store_epoch:1");
});

test("clients do not wait if the bucket does not answer either", async () => {
  const okqs = await startS3Okqs({ leaseMs: 500, args: ["--s3-timeout=500"] });
  const [serving, standby] = okqs.all;
  const client = closeAfterTest(await standby!.connect());
  expect(await ask(client, "LPUSH", "q", "x")).toBe(1);
  standby!.leaveBucket();
  for (const way of ["requests", "replies"] as const) serving!.proxy.set(way, "swallow");
  client.pipeline(["LLEN", "q"]);
  const unavailable = "-LOADING store unavailable: lost the okq that serves: it does not answer";
  expect(await client.next().then(readable)).toBe(unavailable);
});

test("clients go on to wait while the okq that serves takes no more clients", async () => {
  const { standby, serving, proxy } = await startDistantPair({ s3Lease: 400, maxClients: 2 });
  const client = await standby.connect();
  expect(await ask(client, "LPUSH", "q", "x")).toBe(1);
  expect(await ask(client, "RPOP", "q")).toBe("x");
  client.pipeline(["BLPOP", "q", 0]);
  proxy.refuse(true);
  const [control] = proxy.links;
  control!.cut();
  const direct = await eventually(async () => {
    const one = await serving.connect();
    return (await ask(one, "PING").catch(() => "")) === "+PONG" ? one : null;
  });
  proxy.refuse(false);
  let refusals = 0;
  proxy.onReply = (bytes) => (refusals += bytes.includes("max number of clients") ? 1 : 0);
  await eventually(() => refusals > 20);
  proxy.onReply = null;
  await ask(direct, "LPUSH", "q", "y");
  expect(await client.next().then(readable)).toEqual(["q", "y"]);
});
