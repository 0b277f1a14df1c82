// A test Redis listens as requested (password, TLS only, unix socket) and can be restarted after a
// kill.
import { expect, test } from "bun:test";
import { Redis } from "ioredis";
import { makeCertificates } from "./certificates.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { answerOf, type RedisServer, startAll, startRedis } from "./redis-server.ts";

function connectionTo(server: RedisServer, options: object = {}): Redis {
  const { address: host, port } = server;
  const redis = new Redis({ host, port, retryStrategy: () => null, ...options });
  redis.on("error", () => {});
  return closeAfterTest(Object.assign(redis, { close: () => redis.disconnect() }));
}

test("refuses clients without a password", async () => {
  const server = closeAfterTest(await startRedis({ password: "hunter2" }));
  await expect(connectionTo(server).get("key")).rejects.toThrow("NOAUTH");
  expect(await connectionTo(server, { password: "hunter2" }).set("key", "value")).toBe("OK");
  expect(await server.redis.get("key")).toBe("value");
});

test("with certificates speaks only TLS, and checks client certificates", async () => {
  const tls = makeCertificates();
  const server = closeAfterTest(await startRedis({ tls }));
  const ca = await Bun.file(tls.ca).text();
  expect(await connectionTo(server, { tls: { ca } }).ping()).toBe("PONG");
  await expect(connectionTo(server, { maxRetriesPerRequest: 0 }).ping()).rejects.toThrow();
  const { cert, key } = tls.stranger;
  const strange = { ca, cert: await Bun.file(cert).text(), key: await Bun.file(key).text() };
  await expect(connectionTo(server, { tls: strange }).ping()).rejects.toThrow();
  const args = ["--tls-auth-clients", "yes"];
  const strict = closeAfterTest(await startRedis({ tls, args }));
  await expect(connectionTo(strict, { tls: { ca } }).ping()).rejects.toThrow();
  expect(await strict.redis.ping()).toBe("PONG");
});

test("listens on a unix socket", async () => {
  const server = closeAfterTest(await startRedis({ hasUnixSocket: true }));
  expect(await connectionTo(server, { path: server.unixSocket }).ping()).toBe("PONG");
});

test("does not answer while killed or frozen, and has its data after a restart", async () => {
  const server = closeAfterTest(await startRedis({ isDurable: true }));
  await server.redis.set("key", "value");
  server.signal("SIGSTOP");
  expect(await answerOf(server, "GET", "key")).toBeNull();
  server.signal("SIGCONT");
  await server.kill();
  await server.start();
  expect(await answerOf(server, "GET", "key")).toBe("value");
});

test("leaves none of several running if one cannot start", async () => {
  await expect(startAll([{}, { args: ["--no-such", "option"] }, {}])).rejects.toThrow(
    /ended with 1/,
  );
});
