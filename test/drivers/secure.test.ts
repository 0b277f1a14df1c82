// Drivers and tools log in over TLS or a unix socket, with the options from their manuals.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "redis";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { run } from "./programs.ts";

/** okq for the user ann with client certificates, and on a unix socket. */
async function startSecure() {
  const certificates = makeCertificates();
  const unixSocket = join(newFolder(), "okq.sock");
  const okq = await startTestOkq({
    listenAddr: "",
    tlsListenAddr: "127.0.0.1:0",
    tlsCert: certificates.server.cert,
    tlsKey: certificates.server.key,
    tlsClientCa: certificates.ca,
    unixSocket,
    users: writeUsers("ann push,consume mail*").path,
  });
  return { ...certificates, port: okq.tlsPort, unixSocket, password: passwordOf("ann") };
}

test("redis-cli logs in over TLS and a unix socket", async () => {
  const { port, unixSocket, ca, client, password } = await startSecure();
  const tls = ["--tls", "--cacert", ca, "--cert", client.cert, "--key", client.key];
  const login = ["--user", "ann", "--pass", password, "--no-auth-warning"];
  const print = async (...args: string[]) =>
    String((await run(["redis-cli", ...login, ...args])).stdout);
  const there = [...tls, "-p", `${port}`];
  expect(await print(...there, "QLPUSH", "mail", "1", "x")).toBe("OK\n");
  expect(await print(...there, "-3", "QRPOP", "mail")).toBe("1\nx\n");
  expect(await print("-s", unixSocket, "QACK", "mail", "1")).toBe("1\n");
  expect(await print("-s", unixSocket, "QFLUSH", "mail")).toContain("NOPERM User ann has no perm");
});

const PYTHON = `
import sys, redis
port, path, ca, cert, key, password = sys.argv[1:]
user = dict(username="ann", password=password)
files = dict(ssl_ca_certs=ca, ssl_certfile=cert, ssl_keyfile=key)
r = redis.Redis(port=int(port), ssl=True, **files, **user)
print(r.execute_command("QLPUSH", "mail", "1", "x"))
u = redis.Redis(unix_socket_path=path, **user)
print(u.execute_command("QRPOP", "mail"))
def fails(call):
    try: call()
    except Exception as e: print(type(e).__name__, e)
fails(lambda: u.execute_command("QFLUSH", "mail"))
fails(lambda: redis.Redis(unix_socket_path=path).execute_command("QRPOP", "mail"))
wrong = redis.Redis(unix_socket_path=path, username="ann", password="no")
fails(lambda: wrong.execute_command("PING"))
`;

test("redis-py logs in and knows the errors by their codes", async () => {
  const { port, unixSocket, ca, client, password } = await startSecure();
  const args = [`${port}`, unixSocket, ca, client.cert, client.key, password];
  const { stdout, stderr } = await run(["/usr/bin/python3", "-c", PYTHON, ...args]);
  expect(stderr).toBe("");
  expect(String(stdout).trim().split("\n")).toEqual([
    "b'OK'",
    "[b'1', b'x']",
    "NoPermissionError User ann has no permissions to run the 'qflush' command",
    "AuthenticationError Authentication required.",
    // Only newer versions know this code.
    "ResponseError WRONGPASS invalid username-password pair or user is disabled.",
  ]);
});

test("node-redis logs in with RESP3 and HELLO AUTH", async () => {
  const { port, ca, client: own, password } = await startSecure();
  const [cert, key] = [readFileSync(own.cert), readFileSync(own.key)];
  const socket = { port, host: "127.0.0.1", tls: true as const, ca: readFileSync(ca), cert, key };
  const client = createClient({ username: "ann", password, socket, RESP: 3 });
  client.on("error", () => {});
  closeAfterTest({ close: () => client.destroy() });
  await client.connect();
  expect(String(await client.sendCommand(["QLPUSH", "mail", "1", "x"]))).toBe("OK");
  await expect(client.sendCommand(["QSTATUS"])).rejects.toThrow("NOPERM User ann has no");
});

test("ioredis logs in without the right to INFO", async () => {
  const { unixSocket, password } = await startSecure();
  const { Redis } = await import("ioredis");
  for (const protocol of [2, 3] as const) {
    const options = { username: "ann", password, protocol };
    const redis = new Redis({ path: unixSocket, ...options });
    closeAfterTest({ close: () => redis.disconnect() });
    expect(await redis.call("QLPUSH", "mail", `${protocol}`, "x")).toBe("OK");
    expect(redis.status).toBe("ready");
  }
});
