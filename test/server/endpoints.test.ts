// The addresses of both ends of a connection, in commands and in the log.
import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { Endpoints } from "../../src/server/endpoints.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";

test.each([
  ["10.0.0.1", "10.0.0.1:5555"],
  ["::1", "[::1]:5555"],
  ["2001:db8::1", "[2001:db8::1]:5555"],
  ["::ffff:10.0.0.1", "10.0.0.1:5555"],
])("%s is shown as %s", (address, shown) => {
  const socket = { remoteAddress: address, remotePort: 5555, localAddress: address, localPort: 1 };
  const endpoints = new Endpoints(socket as Socket<unknown>);
  expect(endpoints.address).toBe(shown);
  expect(endpoints.localAddress).toBe(shown.replace("5555", "1"));
});

test("a client of the unix socket has the path as its address", () => {
  const endpoints = new Endpoints({} as Socket<unknown>, "/run/okq.sock");
  expect([endpoints.address, endpoints.localAddress]).toEqual([
    "/run/okq.sock:0",
    "/run/okq.sock:0",
  ]);
  expect(endpoints.remoteAddress).toBeNull();
});

test("CLIENT LIST and CLIENT KILL have IPv6 addresses in brackets, as Redis has them", async () => {
  const okq = await startTestOkq({ listenAddr: "[::1]:0" });
  const client = closeAfterTest(await Wire.connect(okq.port, "::1"));
  const other = closeAfterTest(await Wire.connect(okq.port, "::1"));
  const info = String(await ask(other, "CLIENT", "INFO"));
  const [, address = ""] = / addr=(\S+) /.exec(info)!;
  expect(address).toMatch(/^\[::1\]:\d+$/);
  expect(info).toContain(` laddr=[::1]:${okq.port} `);
  expect(await ask(client, "CLIENT", "KILL", "ADDR", address)).toBe(1);
  await other.untilClosed();
});
