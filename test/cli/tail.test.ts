// okq tail: messages of what happens, live.
import { expect, test } from "bun:test";
import { BoundedLines } from "../../src/cli/tail/bounded-lines.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
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
  const written: string[] = [];
  const reader = Promise.withResolvers<void>();
  const write = (lines: string) => {
    written.push(...lines.split("\n"));
    return reader.promise;
  };
  const failed = (error: unknown) => expect(error).toBeNull();
  const bounded = new BoundedLines(write, (count) => `lost ${count}`, failed);
  const line = (digit: number) => String(digit).repeat(1024 * 1024);
  for (let digit = 0; digit < 10; digit++) bounded.push(line(digit));
  reader.resolve();
  await bounded.end();
  expect(written.map((text) => text.slice(0, 8))).toEqual([
    ...[0, 1, 2, 3].map((digit) => String(digit).repeat(8)),
    "lost 6",
  ]);
  bounded.push("again");
  await bounded.end();
  expect(written.at(-1)).toBe("again");
});

test("a reader that is gone is told once, and nothing more is written", async () => {
  const errors: unknown[] = [];
  let writes = 0;
  const write = () => {
    writes += 1;
    return Promise.reject(new Error("gone"));
  };
  const bounded = new BoundedLines(write, String, (error) => errors.push(error));
  bounded.push("a");
  await bounded.end();
  bounded.push("b");
  await bounded.end();
  expect([writes, errors]).toEqual([1, [new Error("gone")]]);
});

test("says how many messages okq has lost while it did not read", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const tail = await startTail(client, port, "big", "mail", "--json");
  await untilHeard(client, tail);
  tail.kill("SIGSTOP");
  const all = 20_000;
  for (let at = 0; at < all; at += 1000) {
    const ids = Array.from({ length: 1000 }, (_, n) => `${"i".repeat(1000)}${at + n}`);
    await ask(client, "QMPUSH", "big", "PAIRS", ...ids.flatMap((id) => [id, "x"]));
  }
  tail.kill("SIGCONT");
  const heard = () => tail.json().filter(({ queue }) => queue !== "mail");
  const counts = () => heard().map(({ event, count }) => (event === "missed" ? Number(count) : 1));
  await eventuallyEqual(() => counts().reduce((sum, count) => sum + count, 0), all);
  expect(heard().some(({ event }) => event === "missed")).toBe(true);
});
