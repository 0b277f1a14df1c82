// The unix socket: its mode, how clients on it are shown, and the file that a killed okq leaves.
import { expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { newFolder } from "../support/new-folder.ts";

function connect(path: string, options: { password?: string } = {}): Redis {
  const redis = new Redis({ path, ...options, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  return closeAfterTest(Object.assign(redis, { close: () => redis.disconnect() }));
}

const newPath = () => join(newFolder(), "okq.sock");

test("serves a client, shows it with the path, and removes the file when okq ends", async () => {
  const unixSocket = newPath();
  const okq = await startTestOkq({ unixSocket });
  const client = connect(unixSocket);
  expect(await client.call("QLPUSH", "q", "1", "x")).toBe("OK");
  const line = (await client.call("CLIENT", "INFO")) as string;
  expect(line).toContain(` addr=${unixSocket}:0 laddr=${unixSocket}:0 `);
  expect(await client.call("CLIENT", "KILL", "ADDR", `${unixSocket}:0`)).toBe(0);
  await okq.close();
  expect(existsSync(unixSocket)).toBeFalse();
});

test("can be the only listener, and needs the password too", async () => {
  const unixSocket = newPath();
  const okq = await startTestOkq({ unixSocket, listenAddr: "", password: "secret" });
  expect(okq.port).toBe(0);
  await expect(connect(unixSocket).call("PING")).rejects.toThrow();
  expect(await connect(unixSocket, { password: "secret" }).call("PING")).toBe("PONG");
});

test.each(["700", "770", "777", "0660"])("has the mode %s whatever the umask is", async (mode) => {
  const unixSocket = newPath();
  const maskBefore = process.umask(0o027);
  closeAfterTest({ close: () => process.umask(maskBefore) });
  await startTestOkq({ unixSocket, unixSocketMode: mode });
  expect(statSync(unixSocket).mode & 0o777).toBe(Number.parseInt(mode, 8));
  expect(process.umask()).toBe(0o027);
});

test("replaces the file of a killed okq, but not of a running one", async () => {
  const unixSocket = newPath();
  const args = ["--store", "memory", "--listen-addr=", "--unix-socket", unixSocket];
  const killed = startProcess(args);
  await killed.waitForLine(/listening unixSocket=/);
  killed.kill("SIGKILL");
  await killed.exited;
  expect(lstatSync(unixSocket).isSocket()).toBeTrue();
  await startTestOkq({ unixSocket });
  expect(await connect(unixSocket).call("PING")).toBe("PONG");
  const second = startProcess(args);
  expect(await second.exited).toBe(1);
  expect(second.stderr()).toContain(
    `cannot start: cannot listen on ${unixSocket}: another process listens there`,
  );
  expect(await connect(unixSocket).call("PING")).toBe("PONG");
});

test("does not replace another file or a folder at its path", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "file"), "precious");
  mkdirSync(join(folder, "folder"));
  for (const name of ["file", "folder"]) {
    await expect(startTestOkq({ unixSocket: join(folder, name) })).rejects.toThrow(
      "something else than a socket is there",
    );
  }
  expect(await Bun.file(join(folder, "file")).text()).toBe("precious");
});
