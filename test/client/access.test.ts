// Logins, rights, TLS, unix sockets and addresses.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { connect, type ConnectOptions, ConnectionError, PermissionError } from "okq/client";
import { parseAddress } from "../../src/client/address.ts";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { rejectionOf } from "../support/client.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { writeUsers } from "../support/users.ts";

const client = (address: string, options: ConnectOptions = {}) =>
  closeAfterTest(connect(address, options));

test("logs in with the user of the address or of the options", async () => {
  const users = writeUsers("ann push,consume mail*", "bob@a all *").path;
  const { port } = await startTestOkq({ users });
  const ann = client(`okq://ann:ann-password@127.0.0.1:${port}`);
  await ann.queue("mail").push(1);
  expect((await ann.queue("mail").pop())?.contents).toBe(1);
  await client(`okq://bob%40a:bob%40a-password@127.0.0.1:${port}`).ping();
  const options = { username: "ann", password: "ann-password" };
  await client(`okq://bob:wrong@127.0.0.1:${port}`, options).ping();
  const error = await rejectionOf(ann.queue("sms").push(1));
  expect(error).toBeInstanceOf(PermissionError);
  expect(error).toMatchObject({ code: "NOPERM", outcome: "none" });
  expect(error.message).toContain("sms");
});

test.each([
  ["NOAUTH", "okq://"],
  ["WRONGPASS", "okq://ann:wrong@"],
])("rejects with %s at once, for commands and for waits", async (code, start) => {
  const { port } = await startTestOkq({ users: writeUsers("ann all *").path });
  const mail = client(`${start}127.0.0.1:${port}`).queue("mail");
  const commands = [mail.push(1), mail.push(2), mail.pop({ waitMs: 60_000 })];
  for (const error of await Promise.all(commands.map(rejectionOf))) {
    expect(error).toBeInstanceOf(PermissionError);
    expect(error).toMatchObject({ code, outcome: "none" });
  }
});

test("serves again after the password was changed in the file", async () => {
  const users = writeUsers("ann all *");
  const server = await startTestOkq({ users: users.path });
  const okq = client(`okq://ann:ann-password@127.0.0.1:${server.port}`);
  await okq.ping();
  users.replace("bob all *");
  server.reload();
  expect(await rejectionOf(okq.ping())).toBeInstanceOf(PermissionError);
  users.replace("ann all *");
  server.reload();
  await okq.ping();
});

test("a password for an okq without passwords does no harm", async () => {
  const { port } = await startTestOkq();
  await client(`okq://:secret@127.0.0.1:${port}`).ping();
});

test("speaks TLS, and refuses a certificate of a stranger at once", async () => {
  const { ca, server, stranger } = makeCertificates();
  const { tlsPort } = await startTestOkq({
    tlsListenAddr: "127.0.0.1:0",
    tlsCert: server.cert,
    tlsKey: server.key,
  });
  const tls = { ca: readFileSync(ca) };
  const okq = client(`okqs://localhost:${tlsPort}`, { tls });
  const bytes = okq.queue("mail", { contents: "bytes" });
  const contents = Buffer.alloc(3_000_000, "0123456789");
  await bytes.push(contents);
  expect((await bytes.pop({ waitMs: 1_000 }))?.bytes.equals(contents)).toBe(true);
  await client(`127.0.0.1:${tlsPort}`, { tls }).ping();
  for (const options of [{}, { tls: { ca: readFileSync(stranger.cert) } }]) {
    const error = await rejectionOf(client(`okqs://localhost:${tlsPort}`, options).ping());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/certificate/);
  }
});

test("shows its certificate to an okq that asks for one", async () => {
  const { ca, server, client: own } = makeCertificates();
  const { tlsPort } = await startTestOkq({
    tlsListenAddr: "127.0.0.1:0",
    tlsCert: server.cert,
    tlsKey: server.key,
    tlsClientCa: ca,
  });
  const address = `okqs://127.0.0.1:${tlsPort}`;
  const trusted = readFileSync(ca);
  const shown = { cert: readFileSync(own.cert), key: readFileSync(own.key) };
  await client(address, { tls: { ca: trusted, ...shown } }).ping();
  const error = await rejectionOf(client(address, { tls: { ca: trusted }, retryMs: 0 }).ping());
  expect(error).toBeInstanceOf(ConnectionError);
});

test("connects over a unix socket, and names it in errors", async () => {
  const path = join(newFolder(), "okq.sock");
  const error = await rejectionOf(client(`okq+unix://${path}`, { retryMs: 0 }).ping());
  expect(error.message).toContain(path);
  await startTestOkq({ unixSocket: path });
  for (const address of [`okq+unix://${path}`, `unix:${path}`]) {
    const mail = client(address).queue("mail");
    await mail.push(1);
    expect((await mail.pop({ waitMs: 1_000 }))?.contents).toBe(1);
  }
});

test("says why okq refuses the connection", async () => {
  const { port } = await startTestOkq({ maxClientsPerAddress: 1 });
  await client(`127.0.0.1:${port}`).ping();
  const error = await rejectionOf(client(`127.0.0.1:${port}`, { retryMs: 100 }).ping());
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error.message).toContain("max number of clients reached");
});

test("a stream takes the place of a socket, and cannot keep the client waiting", async () => {
  const { port } = await startTestOkq();
  await client("anywhere", { stream: async () => createConnection(port, "127.0.0.1") }).ping();
  const never = client("anywhere", {
    stream: () => new Promise(() => {}),
    commandTimeoutMs: 100,
    retryMs: 0,
  });
  expect((await rejectionOf(never.ping())).message).toContain("not connected within 100 ms");
  const broken = client("anywhere", {
    stream: () => {
      throw new Error("no stream");
    },
    retryMs: 0,
  });
  expect((await rejectionOf(broken.ping())).message).toContain("no stream");
});

const tcp = (host: string, port = 4777, isTls = false) => ({ host, port, isTls });

test.each([
  ["okq://queues.example", { endpoints: [tcp("queues.example")] }],
  ["okqs://[::1]:1/", { endpoints: [tcp("::1", 1, true)] }],
  [":9", { endpoints: [tcp("127.0.0.1", 9)] }],
  ["localhost:9", { endpoints: [tcp("localhost", 9)] }],
  ["okq://ann@a", { endpoints: [tcp("a")], username: "ann" }],
  ["okq://:secret@a", { endpoints: [tcp("a")], password: "secret" }],
  [
    "okqs://ann:a%2Cb%40@a:1, b:2",
    { endpoints: [tcp("a", 1, true), tcp("b", 2, true)], username: "ann", password: "a,b@" },
  ],
  ["okq+unix:///run/okq%20a.sock", { endpoints: [{ path: "/run/okq a.sock" }] }],
  ["unix:/run/okq.sock,b", { endpoints: [{ path: "/run/okq.sock" }, tcp("b")] }],
])("reads the address %s", (address, expected) => {
  expect(parseAddress(address)).toEqual(expected as never);
});

test.each([
  "redis://a",
  "okq://a:0",
  "okq://a:65536",
  "okq://a:b",
  "okq://a/2",
  "okq+unix://run/okq.sock",
  "okq://ann:secret@a:x",
  "okq://ann:%secret@a",
  "okq://[::1",
  "::1",
])("refuses the address %s, and does not show its password", (address) => {
  const show = () => connect(address);
  expect(show).toThrow(/cannot read the address/);
  expect(show).not.toThrow(/secret/);
});
