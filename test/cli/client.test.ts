// How commands of the client find okq, log in, and tell why they failed: messages and exit codes.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "../support/certificates.ts";
import { startWithClient } from "../support/client-command.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { okq, startOkqCommand } from "../support/okq-command.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

const push = ["push", "q", "x", "--id", "1"];
const done = { code: 0, stdout: "1\n", stderr: "" };

function fileWith(text: string): string {
  const file = join(newFolder(), "file");
  writeFileSync(file, text);
  return file;
}

test("connects to the address of --addr, wherever it stands, and of OKQ_ADDR", async () => {
  const { port } = await startTestOkq();
  const address = `127.0.0.1:${port}`;
  expect(await okq(["--addr", address, ...push])).toEqual(done);
  expect(await okq([...push, `--addr=okq://${address}`])).toEqual(done);
  expect(await okq(push, { env: { OKQ_ADDR: `:${port}` } })).toEqual(done);
  const env = { OKQ_ADDR: "127.0.0.1:1" };
  expect(await okq([...push, "--addr", `127.0.0.1:1,${address}`], { env })).toEqual(done);
});

test("connects over a unix socket", async () => {
  const unixSocket = join(newFolder(), "okq.sock");
  await startTestOkq({ unixSocket });
  expect(await okq([...push, "--addr", `unix:${unixSocket}`])).toEqual(done);
  expect(await okq([...push, "--addr", `okq+unix://${unixSocket}`])).toEqual(done);
});

test("connects over TLS, and checks the certificate", async () => {
  const { server, ca, client } = makeCertificates();
  const files = { tlsCert: server.cert, tlsKey: server.key, tlsClientCa: ca };
  const { tlsPort } = await startTestOkq({ tlsListenAddr: "127.0.0.1:0", ...files });
  const address = ["--addr", `okqs://localhost:${tlsPort}`];
  const own = ["--tls-cert", client.cert, "--tls-key", client.key];
  expect(await okq([...push, ...address, "--tls-ca", ca, ...own])).toEqual(done);
  const plain = ["--addr", `127.0.0.1:${tlsPort}`, "--tls-ca", ca, ...own];
  expect(await okq([...push, ...plain, "--tls-name", "localhost"])).toEqual(done);
  const unknown = await okq([...push, ...address, ...own]);
  expect(unknown).toMatchObject({ code: 69, stdout: "" });
  expect(unknown.stderr).toStartWith(`okq: cannot trust okq at localhost:${tlsPort}: self`);
  expect(unknown.stderr).toContain("; --tls-ca FILE names the authority of its certificate");
  expect(await okq([...push, ...address, "--tls-ca", "/no/such/file"])).toEqual({
    code: 2,
    stdout: "",
    stderr: 'okq: --tls-ca: cannot read "/no/such/file" (ENOENT: no such file or directory)\n',
  });
});

test("says how to start an okq if there is none, and does not wait for one", async () => {
  const port = await freePort();
  const { code, stdout, stderr } = await okq(push, { env: { OKQ_ADDR: `127.0.0.1:${port}` } });
  expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
  expect(stderr).toStartWith(`okq: no okq at 127.0.0.1:${port} (connect ECONNREFUSED`);
  expect(stderr).toEndWith(
    "): start one with `okq serve`, or say where it is with --addr or OKQ_ADDR\n",
  );
  const socket = await okq([...push, "--addr", "unix:/no/such/socket"]);
  expect(socket).toMatchObject({ code: 69 });
  expect(socket.stderr).toContain("no okq at /no/such/socket (");
});

/** Answers whatever comes, as an HTTP server does. */
function startSpeaking(answer: string): number {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.end(answer) },
  });
  closeAfterTest({ close: () => listener.stop(true) });
  return listener.port;
}

test.each(["<html>Bad Request</html>", "HTTP/1.1 400 Bad Request\r\n\r\n"])(
  "says that what answers is not okq if it is an HTTP server: %j",
  async (answer) => {
    const port = startSpeaking(answer);
    const { code, stderr } = await okq([...push, "--addr", `127.0.0.1:${port}`]);
    expect(code).toBe(69);
    expect(stderr).toStartWith(`okq: what answers at 127.0.0.1:${port} is not okq (Unknown RESP`);
    expect(stderr).toEndWith("): say where okq is with --addr or OKQ_ADDR\n");
  },
);

test("says that a Redis without CLIENT SETINFO is not okq", async () => {
  const port = startSpeaking(
    "+OK\r\n-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'.\r\n",
  );
  const { code, stderr } = await okq([...push, "--addr", `127.0.0.1:${port}`]);
  expect(code).toBe(69);
  expect(stderr).toStartWith(`okq: what answers at 127.0.0.1:${port} is not okq (ERR Unknown sub`);
});

test("logs in with the password of a file, the environment or the address", async () => {
  const { port } = await startTestOkq({ password: "p:w@ d" });
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const file = fileWith("p:w@ d\n");
  expect(await okq([...push, "--password-file", file], { env })).toEqual(done);
  expect(await okq(push, { env: { ...env, OKQ_PASSWORD: "p:w@ d" } })).toEqual(done);
  const address = `okq://:${encodeURIComponent("p:w@ d")}@127.0.0.1:${port}`;
  expect(await okq(push, { env: { OKQ_ADDR: address } })).toEqual(done);
  // The one that is closer to the command wins.
  const wrong = { ...env, OKQ_PASSWORD: "wrong" };
  expect(await okq([...push, "--addr", address], { env: wrong })).toEqual(done);
  expect(await okq([...push, "--password-file", file], { env: wrong })).toEqual(done);
});

test("tells what is wrong with a login, and never shows the password", async () => {
  const { port } = await startTestOkq({ password: "secret" });
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const none = await okq(push, { env });
  expect(none).toMatchObject({ code: 77, stdout: "" });
  expect(none.stderr).toStartWith(`okq: okq at 127.0.0.1:${port} needs a login: give --user and`);
  const address = `okq://ann:hunter2@127.0.0.1:${port}`;
  expect(await okq([...push, "--addr", address])).toEqual({
    code: 77,
    stdout: "",
    stderr:
      `okq: okq at 127.0.0.1:${port} refuses the login: the password is wrong, or there is no ` +
      "such user\n",
  });
  const unreadable = await okq([...push, "--addr", "okq://ann:hunter2@:x"]);
  expect(unreadable).toMatchObject({ code: 2 });
  expect(unreadable.stderr).toStartWith("okq: --addr: cannot read the address");
  expect(unreadable.stderr).not.toContain("hunter2");
  const asked = await okq([...push, "--ask-password"], { env });
  expect(asked).toMatchObject({
    code: 2,
    stderr: "okq: --ask-password: there is no terminal: give --password-file\n",
  });
});

test("names the right that a user lacks", async () => {
  const { path } = writeUsers("ann push mail*", "bob consume,inspect *");
  const { port } = await startTestOkq({ users: path });
  const as = (user: string) => ["--addr", `okq://${user}:${passwordOf(user)}@127.0.0.1:${port}`];
  expect(await okq(["push", "mail", "x", "--id", "1", ...as("ann")])).toEqual(done);
  const other = await okq(["push", "other", "x", ...as("ann")]);
  expect(other).toMatchObject({ code: 77 });
  expect(other.stderr).toContain("'other'");
  const pushed = await okq(["push", "mail", "x", ...as("bob")]);
  expect(pushed).toMatchObject({ code: 77, stdout: "" });
  expect(pushed.stderr).toEndWith(": it needs the right `push`\n");
  expect((await okq(["delete", "mail", "1", ...as("bob")])).stderr).toContain("right `manage`");
});

test("claim and purge --yes need no right to look", async () => {
  const { path } = writeUsers("ann push,consume,manage mail");
  const { port } = await startTestOkq({ users: path });
  const env = { OKQ_ADDR: `okq://ann:${passwordOf("ann")}@127.0.0.1:${port}` };
  await okq(["enqueue", "--topic", "mail", "--id", "1", "1"], { env });
  const { code, stdout } = await okq(["claim", "--topic", "mail", "w"], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ id: "1", attempts: 1 });
  const purged = await okq(["purge", "mail", "all", "--yes"], { env });
  expect(purged).toEqual({ code: 0, stdout: "removed all\n", stderr: "" });
});

test("--timeout bounds the time that okq may be silent", async () => {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  proxy.set("replies", "swallow");
  const address = ["--addr", `127.0.0.1:${proxy.port}`, "--timeout", "0.3"];
  const { code, stderr } = await okq([...push, ...address]);
  expect(code).toBe(69);
  expect(stderr).toContain(`127.0.0.1:${proxy.port}`);
});

test.each(["push q x", "status", "tail q"])(
  "--timeout 0 is wrong usage of okq %s",
  async (line) => {
    expect(await okq([...line.split(" "), "--timeout", "0"])).toEqual({
      code: 2,
      stdout: "",
      stderr: 'okq: --timeout: "0" is not more than 0\n',
    });
  },
);

test("a command that was sent and not answered may be done or not, and says so", async () => {
  const { server, ask } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  proxy.onRequest = (bytes) => {
    if (bytes.includes("QDEL")) proxy.set("replies", "swallow");
  };
  const address = ["--addr", `127.0.0.1:${proxy.port}`, "--timeout", "0.5"];
  const { code, stderr } = await okq(["delete", "q", "1", ...address]);
  expect(code).toBe(69);
  expect(stderr).toStartWith(`okq: lost okq at 127.0.0.1:${proxy.port}: `);
  expect(stderr).toEndWith("; the command may be done or not\n");
});

test("a waiting pop survives a restart of okq", async () => {
  const first = await startTestOkq();
  const { port } = first;
  const waiting = startOkqCommand(["pop", "q", "--wait", "60", "--lines", "--ack"], {
    env: { OKQ_ADDR: `127.0.0.1:${port}` },
  });
  const client = await first.connect();
  while (!`${(await client.call("CLIENT", "LIST")) as Buffer}`.includes("cmd=qpop")) {
    await client.call("PING");
  }
  await first.close();
  const second = await startTestOkq({ listenAddr: `127.0.0.1:${port}` });
  await (await second.connect()).call("QPUSH", "q", "x");
  expect(await waiting.stdout.text()).toBe("x\n");
  expect(await waiting.exited).toBe(0);
});

test("ends with 128 + n by a signal while it waits", async () => {
  const { startOkq, server } = await startWithClient();
  const waiting = startOkq(["pop", "q", "--wait", "60"]);
  const client = await server.connect();
  while (!`${(await client.call("CLIENT", "LIST")) as Buffer}`.includes("cmd=qpop")) {
    await client.call("PING");
  }
  waiting.kill("SIGINT");
  expect(await waiting.exited).toBe(130);
});

test.each([
  [["push", "--help"], "okq push: push an event, or an event of each line\n"],
  [["pop", "-h", "q", "r"], "okq pop: pop events and show them\n"],
  [["help", "ack"], "okq ack: acknowledge a popped event: it is done and gone\n"],
])("%j prints the help of the command", async (args, beginning) => {
  const { code, stdout, stderr } = await okq(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toStartWith(beginning);
  for (const part of ["Usage: okq ", "Options of all commands:", "Examples:", "Exit codes:"]) {
    expect(stdout).toContain(`\n${part}`);
  }
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThan(101);
});

test("help lists all commands, and refuses one that is not there", async () => {
  const { stdout } = await okq(["help"]);
  for (const name of ["push", "pop", "enqueue", "serve", "completion"]) {
    expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
  }
  expect(await okq(["help", "frob"])).toMatchObject({
    code: 2,
    stderr: 'okq: there is no command "frob" (see okq --help)\n',
  });
});
