// Sockets to the okq that serves: what is behind them is exactly the okq that the bucket names.
import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { openUpstream } from "../../../src/server/forward/open-upstream.ts";
import { type KeyPair, makeCertificates } from "../../support/certificates.ts";
import { closeAfterTest } from "../../support/close-after-test.ts";

function listenWith({ cert, key }: KeyPair): number {
  const tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  const socket = { data() {} };
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, tls, socket });
  closeAfterTest({ close: () => listener.stop(true) });
  return listener.port;
}

function open(port: number, { cert }: KeyPair): ReturnType<typeof openUpstream> {
  const certificate = new X509Certificate(readFileSync(cert)).fingerprint256.replaceAll(":", "");
  const place = { addr: `127.0.0.1:${port}`, isTls: true, certificate };
  const handlers = { data() {}, drained() {}, closed() {} };
  return openUpstream(place, null, handlers);
}

test("accepts the certificate that is named, whoever signed it", async () => {
  const { server, stranger } = makeCertificates();
  for (const pair of [server, stranger]) (await open(listenWith(pair), pair)).terminate();
});

test("refuses every other certificate, also one of the same authority", async () => {
  const { server, stranger, renew } = makeCertificates();
  for (const other of [stranger, renew()]) {
    const opening = open(listenWith(server), other);
    await expect(opening).rejects.toThrow("certificate");
  }
});

test("says that nobody listens", async () => {
  const place = { addr: "127.0.0.1:1", isTls: false, certificate: null };
  const opening = openUpstream(place, null, { data() {}, drained() {}, closed() {} });
  await expect(opening).rejects.toThrow("nobody listens there");
});
