// Without a password okq serves only clients on its own machine. With a password, with users or
// with certificates of clients it serves others too.
import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { isLocal } from "../../src/admission/addresses.ts";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { Wire } from "../support/wire.ts";

describe("isLocal", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["127.8.9.10", "127.0.0.1"],
    ["::1", "::1"],
    ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
    ["192.168.1.5", "192.168.1.5"],
    ["::ffff:192.168.1.5", "192.168.1.5"],
    ["fe80::1", "fe80::1"],
  ])("%s that calls %s is on this machine", (remoteAddress, localAddress) => {
    expect(isLocal({ remoteAddress, localAddress })).toBeTrue();
  });

  test.each([
    ["192.168.1.6", "192.168.1.5"],
    ["::ffff:192.168.1.6", "::ffff:192.168.1.5"],
    ["128.0.0.1", "127.0.0.1"],
    ["12.7.0.1", "10.0.0.1"],
    ["fe80::2", "fe80::1"],
    ["::127.0.0.1", "::1"],
    ["::ffff:8.8.8.8", "::1"],
  ])("%s that calls %s is not", (remoteAddress, localAddress) => {
    expect(isLocal({ remoteAddress, localAddress })).toBeFalse();
  });
});

const suffix = process.pid.toString(36);
const namespace = `okq-${suffix}`;
const link = `okq${suffix}a`;
const peer = `okq${suffix}b`;
/** From the range for benchmarks (RFC 2544), and not used by another test at the same time. */
const network = `198.19.${process.pid & 255}.${((process.pid >> 8) & 63) * 4}`;
const HERE = network.replace(/\d+$/, (last) => String(Number(last) + 1));
const THERE = network.replace(/\d+$/, (last) => String(Number(last) + 2));

function ip(...args: string[]): boolean {
  try {
    return Bun.spawnSync(["ip", ...args], { stdout: "ignore", stderr: "ignore" }).success;
  } catch {
    return false;
  }
}

/** Another machine: a network namespace behind a pair of interfaces. */
function makeOtherMachine(): { close(): void } | null {
  const close = () => {
    ip("link", "del", link);
    ip("netns", "del", namespace);
  };
  const isMade =
    ip("netns", "add", namespace) &&
    ip("link", "add", link, "type", "veth", "peer", "name", peer, "netns", namespace) &&
    ip("addr", "add", `${HERE}/30`, "dev", link) &&
    ip("link", "set", link, "up") &&
    ip("-n", namespace, "addr", "add", `${THERE}/30`, "dev", peer) &&
    ip("-n", namespace, "link", "set", peer, "up");
  if (isMade) return { close };
  close();
  return null;
}

const probe = makeOtherMachine();
probe?.close();
const reason = probe ? "" : " (skipped: needs root and network namespaces)";

/** Starts okq on all interfaces. fromElsewhere runs a shell command on the other machine. */
async function startForOthers(config: Partial<Config> = {}) {
  closeAfterTest(makeOtherMachine()!);
  const okq = await startTestOkq({ listenAddr: ":0", ...config });
  const fromElsewhere = async (command: string) => {
    // The timeout prevents a test that hangs and leaves the namespace behind.
    const inside = ["ip", "netns", "exec", namespace, "timeout", "3", "bash", "-c", command];
    return await new Response(closeAfterSpawn(inside).stdout).text();
  };
  const send = (lines: string) =>
    fromElsewhere(`exec 3<>/dev/tcp/${HERE}/${okq.port} && printf '${lines}' >&3; cat <&3`);
  return { okq, fromElsewhere, send };
}

const DENIED =
  "-DENIED okq has no password, so it serves only clients on its own machine. To serve others, " +
  "start it with --password-file or --users, or with --tls-client-ca.\r\n";

test.skipIf(!probe)(`refuses a client on another machine, with the reason${reason}`, async () => {
  const { okq, send } = await startForOthers();
  expect(await send("")).toBe(DENIED);
  const line =
    / warn +refused a client addr=\S+ reason="it is on another machine, and okq has no p/;
  expect(okq.log.filter((text) => line.test(text))).toHaveLength(1);
  // Clients on this machine are served at every address of the machine.
  for (const address of ["127.0.0.1", HERE]) {
    const client = closeAfterTest(await Wire.connect(okq.port, address));
    expect(await ask(client, "PING")).toBe("+PONG");
    expect(await ask(client, "INFO", "stats")).toContain("rejected_connections:1\r\n");
  }
});

test.skipIf(!probe)(`refuses its HTTP requests too, but tells its health${reason}`, async () => {
  const { okq, fromElsewhere } = await startForOthers({ httpAddr: ":0" });
  const get = (path: string) => {
    const request = `GET ${path} HTTP/1.1\\r\\nHost: ${HERE}\\r\\nConnection: close\\r\\n\\r\\n`;
    return fromElsewhere(
      `exec 3<>/dev/tcp/${HERE}/${okq.httpPort} && printf '${request}' >&3; cat <&3`,
    );
  };
  for (const path of ["/", "/v1/session", "/v1/queues"]) {
    const answer = await get(path);
    expect(answer).toStartWith("HTTP/1.1 403 Forbidden\r\n");
    expect(answer).toContain('"code":"DENIED"');
  }
  expect(await get("/healthz")).toStartWith("HTTP/1.1 200 OK\r\n");
  for (const address of ["127.0.0.1", HERE]) {
    const answer = await fetch(`http://${address}:${okq.httpPort}/v1/session`);
    expect(answer.status).toBe(200);
  }
});

test("does not count or log a client that disconnects before okq accepts it", async () => {
  const okq = await startOkqProcess(["--store", "memory", "--debug"]);
  okq.kill("SIGSTOP");
  for (let at = 0; at < 10; at++) (await okq.connect()).reset();
  okq.kill("SIGCONT");
  const client = closeAfterTest(await okq.connect());
  expect(await ask(client, "PING")).toBe("+PONG");
  expect(await ask(client, "INFO", "clients")).toContain("connected_clients:1\r\n");
  expect(okq.stderr()).not.toContain("failed");
});

test.skipIf(!probe)(
  `serves a client on another machine that logs in with the password${reason}`,
  async () => {
    const { send } = await startForOthers({ password: "secret" });
    expect(await send("PING\\r\\nAUTH secret\\r\\nPING\\r\\nQUIT\\r\\n")).toBe(
      "-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n+OK\r\n",
    );
  },
);

test.skipIf(!probe)(
  `serves a client on another machine that logs in as a user${reason}`,
  async () => {
    const { send } = await startForOthers({ users: writeUsers("ann push *").path });
    const login = `AUTH ann ${passwordOf("ann")}\\r\\n`;
    expect(await send(`${login}QLPUSH q 1 x\\r\\nQUIT\\r\\n`)).toBe("+OK\r\n+OK\r\n+OK\r\n");
  },
);

test.skipIf(!probe)(
  `refuses a client on another machine that presents its certificate without TLS${reason}`,
  async () => {
    const { server, ca, client } = makeCertificates();
    const files = { tlsCert: server.cert, tlsKey: server.key };
    const mutual = await startForOthers({ tlsListenAddr: ":0", ...files, tlsClientCa: ca });
    expect(await mutual.send("")).toBe(DENIED);
    const ping = (port: number) =>
      mutual.fromElsewhere(
        `printf 'PING\\r\\nQUIT\\r\\n' | openssl s_client -quiet -connect ${HERE}:${port} ` +
          `-cert ${client.cert} -key ${client.key} 2>/dev/null`,
      );
    expect(await ping(mutual.okq.tlsPort)).toBe("+PONG\r\n+OK\r\n");
    // TLS alone does not prove who the client is.
    const open = await startTestOkq({ tlsListenAddr: ":0", ...files });
    expect(await ping(open.tlsPort)).toBe(DENIED);
  },
);

function closeAfterSpawn(command: string[]) {
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
  closeAfterTest({
    close: async () => {
      child.kill();
      await child.exited;
    },
  });
  return child;
}
