// Certificates that change while several okq share a bucket.
import { copyFileSync, writeFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { makeCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startPair, untilLogged } from "../support/failover-pair.ts";
import { ask } from "../support/readable.ts";

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

test("a standby with a broken certificate file keeps the loaded certificate", async () => {
  const { server } = makeCertificates();
  const tls = { tlsListenAddr: "127.0.0.1:0", tlsCert: server.cert, tlsKey: server.key };
  const { serving, standby: other, start } = await startPair({ s3Lease: 10_000 });
  await other.close();
  const standby = await start(tls);
  await untilLogged(standby, "stands by");
  writeFileSync(server.cert, "broken");
  standby.reload();
  await untilLogged(standby, "cannot load the certificates");
  const client = await standby.connect();
  expect(await ask(client, "LPUSH", "q", "x")).toBe(1);
  await serving.close();
  await untilLogged(standby, "serves the queues");
  expect(await ask(client, "LLEN", "q")).toBe(1);
});
