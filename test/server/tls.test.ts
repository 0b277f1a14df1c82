// TLS: which clients are served, how certificates are renewed, and that real drivers work.
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createConnection } from "node:net";
import tls from "node:tls";
import { Redis } from "ioredis";
import { type Certificates, type KeyPair, makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { Wire } from "../support/wire.ts";
import { newFolder } from "../support/new-folder.ts";

/** Consecutive renewals, enough to show lost connections. */
const RENEWALS = 20;

const read = (file: string) => readFileSync(file, "utf8");

function tlsConfig({ server }: Certificates) {
  return { tlsListenAddr: "127.0.0.1:0", tlsCert: server.cert, tlsKey: server.key };
}

function driver(port: number, ca: string, own?: KeyPair, password?: string): Redis {
  const redis = new Redis({
    port,
    ...(password === undefined ? {} : { password }),
    tls: { ca: read(ca), ...(own && { cert: read(own.cert), key: read(own.key) }) },
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  redis.on("error", () => {});
  return closeAfterTest(Object.assign(redis, { close: () => redis.disconnect() }));
}

/** The serial number of the certificate that the server presents on a new connection. */
async function shownBy(port: number, ca: string): Promise<string> {
  const socket = tls.connect({ port, host: "127.0.0.1", ca: read(ca) });
  closeAfterTest({ close: () => socket.destroy() });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  socket.on("secureConnect", () => resolve(socket.getPeerCertificate().serialNumber));
  socket.on("error", reject);
  return await promise;
}

test("serves a driver with TLS beside plain clients, also with large events", async () => {
  const certificates = makeCertificates();
  const okq = await startTestOkq({ ...tlsConfig(certificates), password: "secret" });
  const client = driver(okq.tlsPort, certificates.ca, undefined, "secret");
  const contents = Buffer.alloc(8_000_000, "0123456789abcde");
  expect(await client.call("QLPUSH", "q", "1", contents)).toBe("OK");
  const plain = await okq.connect();
  await plain.call("AUTH", "secret");
  expect((await plain.call("QSTATUS", "q")) as unknown).toEqual([[Buffer.from("q"), 1, 0, 0]]);
  const [, popped] = (await client.callBuffer("QRPOP", "q")) as [Buffer, Buffer];
  expect(popped.equals(contents)).toBeTrue();
  expect(await client.call("QUIT")).toBe("OK");
});

test("answers the commands in flight after the client half-closes", async () => {
  const certificates = makeCertificates();
  const okq = await startTestOkq(tlsConfig(certificates));
  const socket = tls.connect({ port: okq.tlsPort, host: "127.0.0.1", ca: read(certificates.ca) });
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk));
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("close", () => resolve());
  socket.end("QLPUSH q 1 x\r\nQRPOP q\r\nPING\r\n");
  await promise;
  expect(text).toBe("+OK\r\n*2\r\n$1\r\n1\r\n$1\r\nx\r\n+PONG\r\n");
});

test("does not answer a client without TLS, and does not wait for one when it stops", async () => {
  const certificates = makeCertificates();
  const okq = await startTestOkq(tlsConfig(certificates));
  const plain = closeAfterTest(await Wire.connect(okq.tlsPort));
  plain.send("PING\r\nPING\r\n");
  await plain.untilClosed().catch(() => {});
  expect(plain.waiting).toBe(0);
  const silent = closeAfterTest(await Wire.connect(okq.tlsPort));
  await okq.close();
  expect(await silent.untilClosed()).toEqual([]);
});

test("counts handshakes in progress as clients of their address", async () => {
  const config = { ...tlsConfig(makeCertificates()), maxClients: 6, maxClientsPerAddress: 2 };
  const okq = await startTestOkq(config);
  const [first, second] = [await Wire.connect(okq.tlsPort), await Wire.connect(okq.tlsPort)];
  for (let at = 0; at < 6; at++) {
    const refused = closeAfterTest(await Wire.connect(okq.tlsPort));
    expect(await refused.untilClosed()).toEqual([]);
  }
  const plain = await okq.connect();
  expect(await plain.untilClosed()).toHaveLength(1);
  const other = createConnection({ port: okq.port, host: "127.0.0.1", localAddress: "127.0.0.9" });
  closeAfterTest({ close: () => other.destroy() });
  other.write("INFO clients\r\n");
  const info = await new Promise((resolve) => other.once("data", (chunk) => resolve(`${chunk}`)));
  expect(info).toContain("clients_refused_per_address:7\r\n");
  for (const shaking of [first, second]) shaking.close();
  await eventually(async () => {
    const again = await okq.connect();
    return (await again.call("PING")) !== null;
  });
});

test("closes a connection even if its client does not complete the close", async () => {
  const certificates = makeCertificates();
  const config = { ...tlsConfig(certificates), password: "secret", loginTimeout: 1 };
  const okq = await startTestOkq(config);
  const { promise: isShaken, resolve } = Promise.withResolvers<void>();
  const stuck = await Bun.connect({
    port: okq.tlsPort,
    hostname: "127.0.0.1",
    tls: { ca: read(certificates.ca) },
    socket: { data() {}, handshake: () => resolve() },
  });
  closeAfterTest({ close: () => stuck.terminate() });
  await isShaken;
  stuck.pause();
  const clients = async () => {
    const client = driver(okq.tlsPort, certificates.ca, undefined, "secret");
    const info = String(await client.call("INFO", "clients"));
    client.disconnect();
    return /^connected_clients:(\d+)/m.exec(info)![1];
  };
  expect(await clients()).toBe("2");
  await eventually(async () => (await clients()) === "1", { timeoutMs: 60_000 });
}, 60_000);

describe("with a client CA", () => {
  async function startMutual(): Promise<{ okq: TestOkq; certificates: Certificates }> {
    const certificates = makeCertificates();
    const config = { ...tlsConfig(certificates), tlsClientCa: certificates.ca };
    return { okq: await startTestOkq(config), certificates };
  }

  test("serves a client whose certificate it signed", async () => {
    const { okq, certificates } = await startMutual();
    const client = driver(okq.tlsPort, certificates.ca, certificates.client);
    expect(await client.call("PING")).toBe("PONG");
  });

  test("runs no command of a client without a certificate, or with one of another CA", async () => {
    const { okq, certificates } = await startMutual();
    for (const own of [undefined, certificates.stranger]) {
      const client = driver(okq.tlsPort, certificates.ca, own);
      await expect(client.call("QLPUSH", "q", "1", "x")).rejects.toThrow();
    }
    const plain = await okq.connect();
    expect((await plain.call("QSTATUS")) as unknown).toEqual([]);
    const info = String(await plain.call("INFO", "clients", "stats"));
    expect(info).toContain("connected_clients:1\r\n");
    expect(info).toContain("total_connections_received:1\r\n");
  });
});

test("logs a failed handshake in one line, with the address and the reason", async () => {
  const certificates = makeCertificates();
  const okq = await startTestOkq({ ...tlsConfig(certificates), tlsClientCa: certificates.ca });
  const failures = () =>
    okq.log.flatMap((line) => / warn +TLS handshake failed (.*)\n/.exec(line)?.[1] ?? []);
  const lines = async (count: number) => {
    await eventually(() => failures().length >= count);
    return failures().slice(count - 1);
  };
  const said = (reason: string) => [`addr=127.0.0.1 reason=${JSON.stringify(reason)}`];
  const { ca, client, stranger } = certificates;
  await expect(driver(okq.tlsPort, ca, stranger).call("PING")).rejects.toThrow();
  expect(await lines(1)).toEqual(said("its certificate is not accepted: self signed certificate"));
  await expect(driver(okq.tlsPort, ca).call("PING")).rejects.toThrow();
  expect(await lines(2)).toEqual(said("it shows no certificate"));
  for (const [at, text] of ["PING\r\n", "GET / HTTP/1.1\r\n\r\n"].entries()) {
    const plain = closeAfterTest(await Wire.connect(okq.tlsPort));
    plain.send(text);
    await plain.untilClosed().catch(() => {});
    expect(await lines(3 + at)).toEqual(said("it does not speak TLS"));
  }
  // A health check and a served client log no line.
  const check = await Wire.connect(okq.tlsPort);
  check.close();
  await check.untilClosed().catch(() => {});
  expect(await driver(okq.tlsPort, ca, client).call("PING")).toBe("PONG");
  expect(failures()).toHaveLength(4);
});

describe("renewed certificates", () => {
  test("are used for new connections, while old connections stay open", async () => {
    const certificates = makeCertificates();
    const folder = newFolder();
    const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
    const put = (pair: KeyPair) => {
      for (const name of ["cert", "key"] as const) {
        copyFileSync(pair[name], `${files[name]}.new`);
        renameSync(`${files[name]}.new`, files[name]);
      }
    };
    put(certificates.server);
    const config = { tlsListenAddr: "127.0.0.1:0", tlsCert: files.cert, tlsKey: files.key };
    const okq = await startTestOkq(config);
    const { ca } = certificates;
    const old = driver(okq.tlsPort, ca);
    expect(await old.call("PING")).toBe("PONG");
    const first = await shownBy(okq.tlsPort, ca);

    writeFileSync(files.cert, "broken");
    await eventually(() => okq.log.some((line) => line.includes("cannot load the certificates")));
    expect(await shownBy(okq.tlsPort, ca)).toBe(first);
    put({ cert: certificates.server.cert, key: certificates.client.key });
    await eventually(
      () => okq.log.filter((line) => line.includes("cannot load the certificates")).length === 2,
    );
    expect(await shownBy(okq.tlsPort, ca)).toBe(first);

    put(certificates.renew());
    const second = await eventually(async () => {
      const shown = await shownBy(okq.tlsPort, ca);
      return shown === first ? null : shown;
    });
    for (let i = 0; i < 20; i++) expect(await shownBy(okq.tlsPort, ca)).toBe(second);
    expect(await old.call("QLPUSH", "q", "1", "x")).toBe("OK");
    expect(await driver(okq.tlsPort, ca).call("QSTATUS")).toEqual([["q", 1, 0, 0]]);
    expect(okq.log.filter((line) => line.includes("certificates loaded"))).toHaveLength(1);
  });

  test("fail hardly any connection while clients connect all the time", async () => {
    const { ca, server } = makeCertificates();
    const port = await freePort();
    const where = ["--listen-addr=", "--tls-listen-addr", `127.0.0.1:${port}`];
    const files = ["--tls-cert", server.cert, "--tls-key", server.key];
    const okq = startProcess(["--store", "memory", ...where, ...files]);
    await okq.waitForLine(/listening/);
    let [failed, done] = [0, 0];
    const progress = { isOver: false };
    const connectRepeatedly = async () => {
      while (!progress.isOver) {
        const answer = await pingOnce(port, read(ca));
        if (answer === "+PONG\r\n") done += 1;
        else failed += 1;
      }
    };
    const clients = Array.from({ length: 4 }, connectRepeatedly);
    for (let round = 1; round <= RENEWALS; round++) {
      const target = done + 20;
      okq.kill("SIGHUP");
      await eventually(() => done >= target);
    }
    progress.isOver = true;
    await Promise.all(clients);
    console.log(`  ${RENEWALS} renewals: ${done} connections succeeded, ${failed} failed`);
    expect(okq.stderr().match(/certificates loaded/g)).toHaveLength(RENEWALS);
    // Connections that the old listener had not accepted when it closed.
    expect(failed).toBeLessThanOrEqual(4 * RENEWALS);
    expect(failed).toBeLessThan(done / 2);
  });
});

async function pingOnce(port: number, ca: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = tls.connect({ port, host: "127.0.0.1", ca }, () => socket.write("PING\r\n"));
  socket.on("data", (chunk: Buffer) => resolve(String(chunk)));
  socket.on("error", (error) => resolve(error.message));
  const answer = await promise;
  socket.destroy();
  return answer;
}

test("a second okq on the same TLS port does not start", async () => {
  const certificates = makeCertificates();
  const port = await freePort();
  const { cert, key } = certificates.server;
  await startTestOkq({ ...tlsConfig(certificates), tlsListenAddr: `127.0.0.1:${port}` });
  const args = ["--store", "memory", "--listen-addr=", "--tls-listen-addr", `127.0.0.1:${port}`];
  const second = startProcess([...args, "--tls-cert", cert, "--tls-key", key]);
  expect(await second.exited).toBe(1);
  expect(second.stderr()).toContain(`cannot listen on 127.0.0.1:${port}: the address is in use`);
});

test("does not start with files that cannot be used or do not match, and names them", async () => {
  const certificates = makeCertificates();
  const { server, client } = certificates;
  const database = join(newFolder(), "okq.db");
  const store = `sqlite:${database}`;
  const start = (files: object) => startTestOkq({ ...tlsConfig(certificates), store, ...files });
  for (const [option, files] of [
    ["tls-cert", { tlsCert: "/no/such" }],
    ["tls-key", { tlsKey: "/no/such" }],
    ["tls-client-ca", { tlsClientCa: "/no/such" }],
  ] as const) {
    await expect(start(files)).rejects.toThrow(`--${option}: cannot read "/no/such" (ENOENT`);
  }
  await expect(start({ tlsCert: server.key })).rejects.toThrow(`--tls-cert "${server.key}" cannot`);
  for (const key of [client.key, certificates.rsa().key]) {
    await expect(start({ tlsKey: key })).rejects.toThrow(
      `"${key}" with --tls-cert cannot be used: the key does not belong to the certificate (error:`,
    );
  }
  await expect(start({ tlsClientCa: client.key })).rejects.toThrow(
    `--tls-client-ca "${client.key}" cannot be used: there is no certificate in it`,
  );
  // okq finds this before it opens the store.
  expect(existsSync(database)).toBeFalse();
});
