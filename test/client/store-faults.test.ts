// Faults of okq's store as the client sees them: silent, full, away.
import { expect, test } from "bun:test";
import { CommandRefusedError, type OkqError, StoreError } from "okq/client";
import { errorOf } from "../../src/client/errors.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { connectClient, rejectionOf } from "../support/client.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

test("pushes once although the store was silent, and tells an unknown outcome", async () => {
  const redis = await startTestRedis();
  const { port } = await startTestOkq({
    store: "",
    redisAddr: `127.0.0.1:${redis.port}`,
    redisTimeout: 500,
  });
  const okq = connectClient(port);
  const mail = okq.queue<number>("mail");
  await mail.push(0);
  const claimed = (await mail.pop({ leaseMs: 60_000 }))!;
  redis.signal("SIGSTOP");
  const raw = rejectionOf(okq.call("QPUSH", "mail", "1", "ID", "raw"));
  const push = mail.push(2, { id: "pushed" });
  const batch = mail.pushMany([3, 4]);
  const ack = mail.ack(claimed);
  const transaction = rejectionOf(okq.transaction((t) => void t.queue(mail).push(5)));
  expect(await raw).toBeInstanceOf(StoreError);
  expect(await raw).toMatchObject({ outcome: "unknown", code: "ERR" });
  expect(await transaction).toMatchObject({ outcome: "unknown" });
  redis.signal("SIGCONT");
  expect(await push).toBe("pushed");
  expect((await batch).length).toBe(2);
  expect(await ack).toBe(true);
  const events = await mail.popMany(10);
  const contents = events.map((event) => event.contents);
  expect(new Set(contents).size).toBe(contents.length);
  for (const pushed of [2, 3, 4]) expect(contents).toContain(pushed);
}, 30_000);

function isAway(error: OkqError): boolean {
  return error.code === "LOADING";
}

test("commands keep their order while the store is away", async () => {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const { port } = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${proxy.port}` });
  const okq = connectClient(port);
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  await okq.queue("q").pushMany(numbers);
  const worker = okq.worker("q", () => new Promise(() => {}), { prefetch: 19, abortMs: 1 });
  await eventually(async () => (await okq.queue("q").stats()).claimed === 20);
  proxy.refuse(true);
  proxy.cut();
  const probe = connectClient(port, { retryMs: 100 }).queue<number>("probe");
  await eventually(async () => await probe.push(0).then(() => false, isAway));
  const closed = worker.close({ graceMs: 1_000 });
  const pushes = Promise.all(numbers.map((n) => okq.queue("p").push(n)));
  await lasting(500);
  proxy.refuse(false);
  await Promise.all([closed, pushes]);
  for (const name of ["q", "p"]) {
    const events = await okq.queue<number>(name).popMany(20);
    expect(events.map(({ contents }) => contents)).toEqual(numbers);
  }
});

test("tells that the store is full, and that nothing was done", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const { port } = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const okq = connectClient(port);
  const mail = okq.queue<number>("mail");
  await mail.push(1);
  await redis.redis.config("SET", "maxmemory", "1mb");
  const refused = [mail.push(2), mail.pushMany([3])].map(rejectionOf);
  const pop = mail.pop();
  for (const error of await Promise.all(refused)) {
    expect(error).toBeInstanceOf(StoreError);
    expect(error.outcome).toBe("none");
    expect(error.message).toContain("maxmemory");
  }
  expect(await mail.ack((await pop)!)).toBe(true);
  await redis.redis.config("SET", "maxmemory", "0");
  await mail.push(4);
});

test.each([
  ["DUPLICATE a b", "DuplicateError", { code: "DUPLICATE", id: "a b" }],
  ["QUEUEFULL mail", "QueueFullError", { code: "QUEUEFULL", queue: "mail" }],
  ["PAUSED mail", "PausedError", { code: "PAUSED", queue: "mail" }],
  ["NOPERM User ann", "PermissionError", { code: "NOPERM" }],
  ["NOAUTH Authentication required.", "PermissionError", { code: "NOAUTH" }],
  ["WRONGPASS invalid", "PermissionError", { code: "WRONGPASS" }],
  ["DENIED okq has no password", "PermissionError", { code: "DENIED" }],
  ["LOADING store unavailable: x", "StoreError", { code: "LOADING", outcome: "none" }],
  ["ERR store refused: OOM", "StoreError", { code: "ERR", outcome: "none" }],
  ["ERR store outcome unknown: x", "StoreError", { code: "ERR", outcome: "unknown" }],
  ["EXECABORT Transaction discarded", "TransactionError", { code: "EXECABORT" }],
  ["ERR syntax error", "CommandRefusedError", { code: "ERR", outcome: "none" }],
  ["CROSSSLOT x", "CommandRefusedError", { code: "CROSSSLOT" }],
  ["constructor x", "CommandRefusedError", { code: "constructor" }],
  ["ODD", "CommandRefusedError", { code: "ODD" }],
])("the reply %s is a %s", (message, name, fields) => {
  const error: OkqError = errorOf(message);
  expect(error).toMatchObject({ name, message, ...fields });
  expect(String(error)).toBe(`${name}: ${message}`);
  expect(error instanceof CommandRefusedError).toBe(name === "CommandRefusedError");
});
