// The commands that look, where something goes wrong: no reader, no server, no right.
import { expect, test } from "bun:test";
import { okq, shell, startOkqCommand } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

const EVENTS = 20_000;

async function fillQueue(connect: () => Promise<import("../support/wire.ts").Wire>): Promise<void> {
  const client = await connect();
  const contents = Array.from({ length: 1000 }, (_, at) => `event ${at}`);
  for (let pushed = 0; pushed < EVENTS; pushed += contents.length) {
    await ask(client, "QMPUSH", "many", "EVENTS", ...contents);
  }
}

test("a reader that closes the output ends a long list quietly", async () => {
  const { port, connect } = await startTestOkq();
  await fillQueue(connect);
  for (const format of ["", "--json"]) {
    const line = `okq list many -c ${format} | head -2; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await shell(line, { port });
    expect(stdout.split("\n")).toHaveLength(4);
    expect(stdout).toEndWith("\n0\n");
    expect(stderr).toBe("");
  }
});

test("a list waits for a slow reader and loses nothing", async () => {
  const { port, connect } = await startTestOkq();
  await fillQueue(connect);
  const { stdout } = await shell("okq list many --json | (read first; sleep 1; wc -l)", { port });
  expect(Number(stdout)).toBe(EVENTS - 1);
});

const commands = [
  ["get", "q", "1"],
  ["list", "q"],
  ["status"],
  ["status", "q"],
  ["workers"],
  ["groups", "q"],
  ["errors", "q"],
  ["history", "q"],
  ["cron"],
  ["tail"],
  ["top"],
  ["bench", "--seconds", "0.1"],
];

test("without a server all of them say where they looked", async () => {
  const env = { OKQ_ADDR: "127.0.0.1:1" };
  const ended = await Promise.all(commands.map((args) => okq(args, { env })));
  for (const [at, { code, stdout, stderr }] of ended.entries()) {
    expect([commands[at], code, stdout]).toEqual([commands[at]!, 69, ""]);
    expect(stderr).toStartWith("okq: no okq at 127.0.0.1:1");
  }
});

test("without the right all of them say which right they need", async () => {
  const users = writeUsers("ann consume other*");
  const { port } = await startTestOkq({ users: users.path });
  const env = { OKQ_ADDR: `okq://ann@127.0.0.1:${port}`, OKQ_PASSWORD: passwordOf("ann") };
  const looks = commands.filter(([name]) => name !== "bench" && name !== "tail");
  const ended = await Promise.all(looks.map((args) => okq(args, { env })));
  for (const [at, { code, stdout, stderr }] of ended.entries()) {
    expect([looks[at], code, stdout]).toEqual([looks[at]!, 77, ""]);
    expect(stderr).toMatch(/^okq: NOPERM /);
  }
});

test("a server that dies in the middle of a list ends it with an error", async () => {
  const server = await startOkqProcess(["--store", "memory"]);
  await fillQueue(server.connect);
  const env = { OKQ_ADDR: `127.0.0.1:${server.port}` };
  const list = startOkqCommand(["list", "many", "-c", "--json", "--timeout", "1"], { env });
  const reader = list.stdout.getReader();
  await reader.read();
  await server.crash();
  const errors = list.stderr.text();
  while (!(await reader.read()).done);
  expect(await list.exited).toBe(69);
  expect(await errors).toMatch(/^okq: (lost|no) okq at 127\.0\.0\.1:\d+/);
});
