// How command line programs connect to the running server: through each listener, with its
// password, and with a clear error if the server refuses.
import { expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/config/options.ts";
import { defaultConfig } from "../../src/config/resolve.ts";
import { connectToServer } from "../../src/cli/running-server.ts";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

async function whoAmI(config: Partial<Config>): Promise<string> {
  const server = await connectToServer({ ...defaultConfig(), ...config });
  if (!server) return "no server";
  closeAfterTest({ close: () => server.disconnect() });
  const line = (await server.call("CLIENT", "INFO")) as string;
  return `${/ user=(\S*)/.exec(line)![1]} at ${/ laddr=(\S*)/.exec(line)![1]}`;
}

test("connects over plain TCP, with and without a password", async () => {
  for (const password of ["", "secret"]) {
    const { port } = await startTestOkq({ password });
    expect(await whoAmI({ listenAddr: `:${port}`, password })).toBe(`default at 127.0.0.1:${port}`);
  }
});

test.each([
  [":", "127.0.0.1", "127.0.0.1"],
  [":", "[::1]", "[::1]"],
  ["[::]:", "[::1]", "[::1]"],
  ["[0:0::0]:", "[::1]", "[::1]"],
  ["0.0.0.0:", "127.0.0.1", "127.0.0.1"],
  ["localhost:", "localhost", "127.0.0.1"],
])("with %j in the config finds a server that listens on %s", async (wildcard, host, at) => {
  const { cert: tlsCert, key: tlsKey } = makeCertificates().server;
  const [listenAddr, tlsListenAddr] = [
    `${host}:${await freePort()}`,
    `${host}:${await freePort()}`,
  ];
  await startTestOkq({ listenAddr, tlsListenAddr, tlsCert, tlsKey });
  const portOf = (address: string) => /\d+$/.exec(address)![0];
  const place = `${wildcard}${portOf(listenAddr)}`;
  expect(await whoAmI({ listenAddr: place })).toBe(`default at ${at}:${portOf(listenAddr)}`);
  const tls = { listenAddr: "", tlsListenAddr: `${wildcard}${portOf(tlsListenAddr)}` };
  expect(await whoAmI({ ...tls, tlsCert, tlsKey })).toBe(
    `default at ${at}:${portOf(tlsListenAddr)}`,
  );
});

test("prefers the unix socket", async () => {
  const unixSocket = join(newFolder(), "okq.sock");
  const { port } = await startTestOkq({ unixSocket });
  const config = { unixSocket, listenAddr: `:${port}` };
  expect(await whoAmI(config)).toBe(`default at ${unixSocket}:0`);
});

test("connects over TLS and trusts only the server's own certificate", async () => {
  const { server, ca, stranger } = makeCertificates();
  const files = { tlsCert: server.cert, tlsKey: server.key, tlsClientCa: ca };
  const okq = await startTestOkq({ ...files, tlsListenAddr: "127.0.0.1:0", password: "secret" });
  const tlsListenAddr = `:${okq.tlsPort}`;
  const there = { listenAddr: "", tlsListenAddr, password: "secret" };
  expect(await whoAmI({ ...there, ...files })).toBe(`default at 127.0.0.1:${okq.tlsPort}`);
  const { tlsPort } = await startTestOkq({
    ...files,
    tlsClientCa: "",
    tlsListenAddr: "127.0.0.1:0",
  });
  const elsewhere = { listenAddr: "", tlsListenAddr: `:${tlsPort}` };
  expect(await whoAmI({ ...elsewhere, ...files })).toBe(`default at 127.0.0.1:${tlsPort}`);
  const others = { tlsCert: stranger.cert, tlsKey: stranger.key };
  await expect(whoAmI({ ...elsewhere, ...others })).rejects.toThrow("cannot use the server: ");
});

test("returns nothing without a server, and reports a wrong or missing password", async () => {
  expect(await whoAmI({ listenAddr: `127.0.0.1:${await freePort()}` })).toBe("no server");
  expect(await whoAmI({ unixSocket: join(newFolder(), "okq.sock") })).toBe("no server");
  const { port } = await startTestOkq({ password: "secret" });
  const there = { listenAddr: `:${port}` };
  await expect(whoAmI(there)).rejects.toThrow(
    "it needs a login as user default: give --password-file; if okq has only --users, add a user",
  );
  await expect(whoAmI({ ...there, password: "x" })).rejects.toThrow(
    "cannot use the server: the password is wrong, or there is no user default",
  );
});

test("reports a server that expects TLS, and one that does not speak it", async () => {
  const { cert: tlsCert, key: tlsKey } = makeCertificates().server;
  const okq = await startTestOkq({ tlsListenAddr: "127.0.0.1:0", tlsCert, tlsKey });
  const plainToTls = { listenAddr: `127.0.0.1:${okq.tlsPort}` };
  await expect(whoAmI(plainToTls)).rejects.toThrow(
    "cannot use the server: it does not answer as okq does, perhaps it expects TLS",
  );
  const tlsToPlain = { listenAddr: "", tlsListenAddr: `127.0.0.1:${okq.port}`, tlsCert, tlsKey };
  await expect(whoAmI(tlsToPlain)).rejects.toThrow("cannot use the server: it does not speak TLS");
});

test("okq backup logs in with a password file, okq warns if others may read it", async () => {
  const folder = newFolder();
  const [password, unixSocket] = [join(folder, "password"), join(folder, "okq.sock")];
  writeFileSync(password, `${passwordOf("default")}\n`);
  chmodSync(password, 0o644);
  const store = `--store=sqlite:${join(folder, "okq.db")}`;
  const where = [store, "--listen-addr=", "--unix-socket", unixSocket];
  const users = ["--users", writeUsers("default all *").path];
  const okq = startProcess([...where, ...users]);
  await okq.waitForLine(/listening/);
  const refused = startProcess(["backup", join(folder, "no.db"), ...where]);
  expect(await refused.exited).toBe(1);
  expect(refused.stderr()).toContain(
    "it needs a login as user default: give --password-file; if okq has only --users, add a user",
  );
  const done = startProcess([
    "backup",
    join(folder, "copy.db"),
    ...where,
    "--password-file",
    password,
  ]);
  expect([await done.exited, done.stdout()]).toEqual([0, expect.stringContaining("ok, 0 queues")]);
  okq.kill();
  await okq.exited;
  const other = startProcess([...where, "--password-file", password]);
  await other.waitForLine(/warn .*every user of this machine can read a secret file=/);
  writeFileSync(password, "\n");
  const empty = startProcess(["--store=memory", "--password-file", password]);
  expect(await empty.exited).toBe(1);
  expect(empty.stderr()).toContain(`cannot start: --password-file: "${password}" is empty`);
});
