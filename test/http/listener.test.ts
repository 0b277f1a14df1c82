// The address of HTTP, HTTPS, the prefix and the read-only mode.
import { describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import tls from "node:tls";
import { type Certificates, type KeyPair, makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { answerOn, exchangeRaw, requestText } from "../support/http.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { RawSocket } from "../faults/raw-socket.ts";

const ANY = "127.0.0.1:0";
const PUSH = { method: "POST", body: '{"contents": "x"}' };
const JSON_TYPE = { "Content-Type": "application/json" };

describe("an address that is taken", () => {
  async function takenAddress(): Promise<string> {
    const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    closeAfterTest({ close: () => other.stop(true) });
    return `127.0.0.1:${other.port}`;
  }

  test("is only warned of if nobody asked for it", async () => {
    const okq = await startTestOkq({ httpAddr: await takenAddress() });
    expect(okq.httpPort).toBe(0);
    expect(okq.log.join("\n")).toMatch(/runs without HTTP .*the address is in use/);
    const client = await okq.connect();
    expect(await client.call("LLEN", "mail")).toBe(0);
  });

  test("is not shared with another okq", async () => {
    const other = await startTestOkq({ httpAddr: ANY });
    const httpAddr = `127.0.0.1:${other.httpPort}`;
    const started = startTestOkq({ httpAddr, isHttpAddrGiven: true });
    await expect(started).rejects.toThrow(`cannot listen on ${httpAddr}: the address is in use`);
  });

  test("is an error if somebody asked for it", async () => {
    const httpAddr = await takenAddress();
    const started = startTestOkq({ httpAddr, isHttpAddrGiven: true });
    await expect(started).rejects.toThrow(`cannot listen on ${httpAddr}: the address is in use`);
  });
});

describe("with a certificate", () => {
  const read = (file: string) => readFileSync(file, "utf8");

  function config({ server }: Certificates) {
    return { httpAddr: ANY, tlsCert: server.cert, tlsKey: server.key };
  }

  function get(port: number, ca: string, own?: KeyPair): Promise<Response> {
    const pair = own ? { cert: read(own.cert), key: read(own.key) } : {};
    return fetch(`https://localhost:${port}/v1/session`, { tls: { ca: read(ca), ...pair } });
  }

  /** The serial number of the certificate that a new connection shows. */
  async function shownBy(port: number, ca: string): Promise<string> {
    const socket = tls.connect({ port, host: "127.0.0.1", ca: read(ca) });
    closeAfterTest({ close: () => socket.destroy() });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    socket.on("secureConnect", () => resolve(socket.getPeerCertificate().serialNumber));
    socket.on("error", reject);
    return await promise;
  }

  test("speaks HTTPS, also without a RESP port for TLS", async () => {
    const certificates = makeCertificates();
    const okq = await startTestOkq(config(certificates));
    expect((await get(okq.httpPort, certificates.ca)).status).toBe(200);
    const plain = fetch(`http://localhost:${okq.httpPort}/v1/session`);
    await expect(plain).rejects.toThrow();
  });

  test("shows a renewed certificate, and answers requests in flight meanwhile", async () => {
    const certificates = makeCertificates();
    const okq = await startTestOkq(config(certificates));
    const before = await shownBy(okq.httpPort, certificates.ca);
    const waiting = fetch(`https://localhost:${okq.httpPort}/v1/queues/mail/pop`, {
      method: "POST",
      body: '{"wait": 20}',
      headers: JSON_TYPE,
      tls: { ca: read(certificates.ca) },
    });
    const client = await okq.connect();
    while (!String(await client.call("QWORKERS", "mail")).includes("wait")) {
      await client.call("PING");
    }
    const renewed = certificates.renew();
    copyFileSync(renewed.cert, certificates.server.cert);
    copyFileSync(renewed.key, certificates.server.key);
    okq.reload();
    expect(await shownBy(okq.httpPort, certificates.ca)).not.toBe(before);
    await client.call("QPUSH", "mail", "x");
    expect(await (await waiting).json()).toMatchObject({ events: [{ contents: "x" }] });
  });

  test("demands certificates of clients with --tls-client-ca", async () => {
    const certificates = makeCertificates();
    const { ca, client, stranger } = certificates;
    const okq = await startTestOkq({ ...config(certificates), tlsClientCa: ca });
    expect((await get(okq.httpPort, ca, client)).status).toBe(200);
    await expect(get(okq.httpPort, ca)).rejects.toThrow();
    await expect(get(okq.httpPort, ca, stranger)).rejects.toThrow();
  });
});

test("answers only below --http-prefix", async () => {
  const okq = await startTestOkq({ httpAddr: ANY, httpPrefix: "/tools/okq" });
  const get = (path: string) => exchangeRaw(okq.httpPort, requestText(`GET ${path}`));
  for (const path of ["/tools/okq/v1/session", "/tools/okq/", "/tools/okq/healthz"]) {
    expect((await get(path)).status).toBe(200);
  }
  const others = ["/", "/v1/session", "/tools/okqv1/session", "/tools/okq/../v1/session"];
  for (const path of [...others, "/healthz", "/tools", "/tools/okq2"]) {
    expect((await get(path)).status).toBe(404);
  }
  const { status, headers } = await get("/tools/okq");
  expect([status, headers.get("Location")]).toEqual([308, "/tools/okq/"]);
});

test("changes nothing with --http-read-only", async () => {
  const okq = await startTestOkq({ httpAddr: ANY, httpReadOnly: true, password: "secret" });
  const base = `http://localhost:${okq.httpPort}/v1`;
  const headers = { ...JSON_TYPE, Authorization: "Bearer secret" };
  const client = await okq.connect();
  await client.call("AUTH", "secret");
  await client.call("QPUSH", "mail", "x", "ID", "1");
  expect((await fetch(`${base}/queues/mail/events/1`, { headers })).status).toBe(200);
  for (const [method, path] of [
    ["POST", "/queues/mail/events"],
    ["POST", "/queues/mail/pop"],
    ["DELETE", "/queues/mail"],
    ["PATCH", "/queues/mail/config"],
    ["PUT", "/nothing"],
  ] as const) {
    expect((await fetch(`${base}${path}`, { method, headers, body: "{}" })).status).toBe(403);
  }
  expect(await client.call("LLEN", "mail")).toBe(1);
  const login = JSON.stringify({ user: "default", password: "secret" });
  const shown = await fetch(`${base}/session`, { method: "POST", headers: JSON_TYPE, body: login });
  expect(await shown.json()).toMatchObject({ isReadOnly: true });
});

test("answers HEAD as GET, without the body", async () => {
  const okq = await startTestOkq({ httpAddr: ANY });
  for (const path of ["/v1/session", "/", "/healthz", "/v1/nothing"]) {
    const got = await fetch(`http://localhost:${okq.httpPort}${path}`);
    const head = await fetch(`http://localhost:${okq.httpPort}${path}`, { method: "HEAD" });
    expect(head.status).toBe(got.status);
    expect(await head.text()).toBe("");
    expect(head.headers.get("Content-Type")).toBe(got.headers.get("Content-Type"));
  }
});

test("HEAD opens no stream", async () => {
  const okq = await startTestOkq({ httpAddr: ANY });
  const socket = await RawSocket.connect(okq.httpPort);
  socket.send(Buffer.from(requestText("HEAD /v1/events?queue=mail")));
  expect((await answerOn(socket)).status).toBe(200);
  const client = await okq.connect();
  expect(await client.call("PUBSUB", "CHANNELS")).toEqual([]);
  socket.reset();
});

test("answers other methods with 405 and those that it has", async () => {
  const okq = await startTestOkq({ httpAddr: ANY });
  for (const method of ["OPTIONS", "TRACE"]) {
    const answer = await exchangeRaw(okq.httpPort, requestText(`${method} /v1/session`));
    expect(answer.status).toBe(405);
    expect(answer.headers.get("Allow")).toBe("GET, HEAD, POST, PUT, PATCH, DELETE");
  }
});

test("ends waits and answers them when it stops", async () => {
  const okq = await startTestOkq({ httpAddr: ANY });
  const client = await okq.connect();
  const waiting = fetch(`http://localhost:${okq.httpPort}/v1/queues/mail/pop`, {
    ...PUSH,
    body: '{"wait": 60}',
    headers: JSON_TYPE,
  });
  while (!String(await client.call("QWORKERS", "mail")).includes("wait")) {
    await client.call("PING");
  }
  const beganAt = performance.now();
  await okq.close();
  const answer = await waiting;
  expect(await answer.json()).toEqual({ events: [] });
  expect(performance.now() - beganAt).toBeLessThan(4_000);
});
