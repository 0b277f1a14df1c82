// Several okq on one bucket that speak TLS with each other: the certificates that they show and trust.
import { copyFileSync, writeFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { type KeyPair, makeCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startPair, untilLogged } from "../support/failover-pair.ts";
import { ask } from "../support/readable.ts";

const LARGE = Buffer.alloc(3_000_000, "large");

test.each(["", "with certificates of clients"])("passes commands on over TLS %s", async (way) => {
  const { server, ca } = makeCertificates();
  const tls = { tlsListenAddr: "127.0.0.1:0", tlsCert: server.cert, tlsKey: server.key };
  const { start } = await startPair({ ...tls, listenAddr: "", tlsClientCa: way && ca });
  const standby = await start({ listenAddr: "127.0.0.1:0" });
  await untilLogged(standby, "stands by");
  const client = await standby.connect();
  expect(await ask(client, "LPUSH", "q", LARGE)).toBe(1);
  expect(await ask(client, "LLEN", "q")).toBe(1);
});

test("a standby hears of a new certificate of the okq that serves", async () => {
  const { server, renew } = makeCertificates();
  const tls = { tlsListenAddr: "127.0.0.1:0", tlsCert: server.cert, tlsKey: server.key };
  const { serving, start } = await startPair({ ...tls, s3Lease: 400, listenAddr: "" });
  const standby = await start({ listenAddr: "127.0.0.1:0" });
  await untilLogged(standby, "stands by");
  expect(await ask(await standby.connect(), "LPUSH", "q", "x")).toBe(1);
  const renewed = renew();
  copyFileSync(renewed.cert, server.cert);
  copyFileSync(renewed.key, server.key);
  serving.reload();
  await untilLogged(serving, "certificates loaded");
  await eventually(async () => (await ask(await standby.connect(), "LLEN", "q")) === 1);
  expect(standby.log.filter((line) => line.includes("stands by"))).toHaveLength(1);
});

function tlsOf({ cert, key }: KeyPair) {
  return { tlsListenAddr: "127.0.0.1:0", tlsCert: cert, tlsKey: key };
}

test("a standby goes on, and takes over, while its certificate file has a mistake", async () => {
  const { server, renew } = makeCertificates();
  const { serving, standby: other, start } = await startPair({ ...tlsOf(server), listenAddr: "" });
  await other.close();
  const own = renew();
  const standby = await start({ ...tlsOf(own), listenAddr: "127.0.0.1:0" });
  await untilLogged(standby, "stands by");
  writeFileSync(own.cert, "no certificate");
  expect(await ask(await standby.connect(), "LPUSH", "q", "x")).toBe(1);
  await serving.close();
  await untilLogged(standby, "serves the queues");
  expect(await ask(await standby.connect(), "LLEN", "q")).toBe(1);
});
