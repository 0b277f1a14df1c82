// okq tail: messages of what happens, live.
import { expect, test } from "bun:test";
import { BoundedLines } from "../../src/cli/tail/bounded-lines.ts";
import { eventually } from "../support/eventually.ts";
import { okq, shell, startOkqCommand } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

/** Starts a tail that has begun to listen, as `client` sees. */
async function startTail(client: Wire, port: number, ...args: string[]) {
  const env = { OKQ_ADDR: `127.0.0.1:${port}`, TZ: "UTC" };
  const before = Number(await ask(client, "PUBSUB", "NUMPAT"));
  const child = startOkqCommand(["tail", ...args], { env });
  const output = { stdout: "", stderr: "" };
  const collect = async (name: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) output[name] += decoder.decode(chunk, { stream: true });
  };
  const collected = Promise.all([collect("stdout"), collect("stderr")]);
  await eventually(async () => Number(await ask(client, "PUBSUB", "NUMPAT")) > before);
  const lines = () => output.stdout.split("\n").slice(0, -1);
  return {
    output,
    lines,
    json: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    exited: collected.then(() => child.exited),
  };
}

/** Waits until messages are heard: okq promises that only a second after the subscription. */
async function untilHeard(client: Wire, tail: { lines(): string[] }): Promise<void> {
  await eventually(async () => {
    await ask(client, "QPUSH", "mail", "x");
    return tail.lines().length > 0;
  });
}

test("shows what happens, also hostile names, until Ctrl-C", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const tail = await startTail(client, port);
  await untilHeard(client, tail);
  await ask(client, "QPUSH", "q\x1b[2J", "x", "ID", "i\x1b[2J");
  const [event] = (await ask(client, "QPOP", "AS", "w1", "FROM", "q\x1b[2J")) as [string[]];
  await ask(client, "QFAIL", "q\x1b[2J", event[1]!, event[3]!, "ERROR", "no\x07user", "FINAL");
  await ask(client, "QPAUSE", "mail", "FOR", "60");
  await eventually(() => tail.lines().at(-1)!.includes("paused"));
  const [pushed, popped, failed, paused] = tail.lines().slice(-4);
  expect(pushed).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  pushed +q\\x1b\[2J  i\\x1b\[2J$/);
  expect(popped).toMatch(/ popped +q\\x1b\[2J  i\\x1b\[2J  worker w1  attempt 1$/);
  expect(failed).toMatch(/ failed +q\\x1b\[2J  i\\x1b\[2J  .*final  no\\x07user$/);
  expect(paused).toMatch(/ paused +mail  direction out  for 1m$/);
  tail.kill("SIGINT");
  expect(await tail.exited).toBe(130);
});

test("filters by queue, kind and finality, and ends after a number", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const wanted = ["mail*", "-e", "failed", "-e", "pushed", "--final", "--json"];
  const tail = await startTail(client, port, ...wanted);
  const one = await startTail(client, port, "other", "-n", "1", "--json");
  await untilHeard(client, tail);
  for (const queue of ["mail2", "other"]) {
    await ask(client, "QPUSH", queue, "x", "ID", "7");
    const [event] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
    await ask(client, "QFAIL", queue, "7", event[3]!, "DELAY", "0");
    const [again] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
    await ask(client, "QFAIL", queue, "7", again[3]!, "ERROR", "bad", "FINAL");
  }
  await eventually(() => tail.json().at(-1)!["event"] === "failed");
  expect(tail.json().filter(({ queue }) => queue !== "mail")).toEqual([
    { event: "pushed", queue: "mail2", id: "7", at: expect.any(Number) },
    {
      event: "failed",
      queue: "mail2",
      id: "7",
      at: expect.any(Number),
      attempt: 2,
      error: "bad",
      final: true,
    },
  ]);
  expect(await one.exited).toBe(0);
  expect(one.json()).toEqual([expect.objectContaining({ queue: "other", event: "pushed" })]);
});

test("goes on when okq comes back, and says since when something may be missing", async () => {
  const server = await startOkqProcess(["--store", "memory"]);
  const tail = await startTail(await server.connect(), server.port, "--json");
  await untilHeard(await server.connect(), tail);
  await server.crash();
  const again = await startOkqProcess(["--store", "memory"], server.port);
  const client = await again.connect();
  await eventually(() => tail.json().some(({ event }) => event === "missed"));
  const heard = tail.json().length;
  await eventually(async () => {
    await ask(client, "QPUSH", "mail", "x");
    return tail.json().length > heard;
  });
  const missed = tail.json().find(({ event }) => event === "missed")!;
  expect(missed["until"] as number).toBeGreaterThan(missed["since"] as number);
  tail.kill("SIGTERM");
  expect(await tail.exited).toBe(143);
});

test("an unknown kind of event is a mistake", async () => {
  const { code, stderr } = await okq(["tail", "-e", "pushd"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--event: "pushd" is not one of')]);
});

test("a reader that closes the output ends it quietly", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const line = `okq tail --json | head -1; echo "\${PIPESTATUS[0]}"`;
  const ended = shell(line, { port });
  let isOver = false;
  void ended.then(() => (isOver = true));
  await eventually(async () => {
    await ask(client, "QPUSH", "mail", "x");
    return isOver;
  });
  const { stdout, stderr } = await ended;
  expect(stdout).toMatch(/^\{"event":"pushed".*\}\n0\n$/);
  expect(stderr).toBe("");
});

test("a user without the right hears nothing, and is told so", async () => {
  const users = writeUsers("ann push,consume *");
  const { port } = await startTestOkq({ users: users.path });
  const env = { OKQ_ADDR: `okq://ann@127.0.0.1:${port}`, OKQ_PASSWORD: passwordOf("ann") };
  const { code, stdout, stderr } = await okq(["tail"], { env });
  expect([code, stdout, stderr]).toEqual([77, "", expect.stringMatching(/^okq: NOPERM /)]);
});

test("a reader that does not read loses messages, not memory, and is told how many", async () => {
  const lines: string[] = [];
  let take = () => {};
  const taken = new Promise<void>((resolve) => (take = resolve));
  const write = (line: string) => {
    lines.push(line);
    return taken;
  };
  const bounded = new BoundedLines(
    write,
    (count) => `lost ${count}`,
    (error) => expect(error).toBeNull(),
  );
  const line = "x".repeat(1024 * 1024);
  for (let sent = 0; sent < 10; sent++) bounded.push(line);
  expect(lines).toHaveLength(4);
  take();
  await taken;
  await eventually(() => {
    bounded.push("again");
    return lines.length > 4;
  });
  expect(lines[4]).toMatch(/^lost \d+$/);
  expect(lines[5]).toBe("again");
});
