// `okq push --lines` of long inputs: bounded memory, and each line is there once and in order,
// whatever happens to okq and to the connection.
import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startWithClient } from "../support/client-command.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { okq, startFedCommand, startOkqCommand } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask, type Readable } from "../support/readable.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
const RSS_MIB_MAX = 192;
/** With OKQ_LONG_MIB=1024 the input has 1 GiB. */
const LONG_MIB = Number(process.env["OKQ_LONG_MIB"] ?? 256);

const linesTo = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);

async function popAll(client: Wire, queue: string): Promise<Readable[][]> {
  const events: Readable[][] = [];
  for (;;) {
    const some = (await ask(client, "QPOP", "COUNT", 1000, "FROM", queue)) as Readable[][] | null;
    if (some === null) return events;
    events.push(...some);
  }
}

/** Starts a push whose lines a test feeds. */
function startFed(port: number, ...options: string[]) {
  const child = startFedCommand(["push", "q", "--lines", ...options], {
    env: { OKQ_ADDR: `127.0.0.1:${port}` },
  });
  const { stdin } = child;
  return { child, feed: (lines: string[]) => stdin.write(`${lines.join("\n")}\n`), stdin };
}

function longFile(mib: number): string {
  const file = join(newFolder(), "lines");
  const descriptor = openSync(file, "w");
  const lines = Buffer.from(`${"x".repeat(1023)}\n`.repeat(1024));
  for (let written = 0; written < mib; written++) writeSync(descriptor, lines);
  closeSync(descriptor);
  return file;
}

/** The most memory that a process has had, in MiB. Resolves when it has ended. */
async function peakMib(child: { pid: number; exitCode: number | null }): Promise<number> {
  let kib = 0;
  const look = () => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    kib = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? kib);
  };
  await eventually(() => child.exitCode !== null || look(), { timeoutMs: 500 * LONG_MIB });
  expect(kib).toBeGreaterThan(0);
  return kib / 1024;
}

test(
  "needs little memory, however long the input is",
  async () => {
    const { startOkq, ask: asked } = await startWithClient();
    await asked("QCONFIG", "q", "max-length", "2000", "on-full", "drop-oldest");
    const child = startOkq(["push", "q", "--lines", "-q", "--file", longFile(LONG_MIB)]);
    expect(await peakMib(child)).toBeLessThan(RSS_MIB_MAX);
    expect(await child.stderr.text()).toBe("");
    expect(await child.exited).toBe(0);
    await eventuallyEqual(async () => {
      const flat = (await asked("QSTATS", "q")) as Readable[];
      return flat[flat.indexOf("pushed-total") + 1];
    }, LONG_MIB * 1024);
  },
  60_000 + 500 * LONG_MIB,
);

test("needs little memory while okq does not answer", async () => {
  const { server } = await startWithClient();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  let pushed = 0;
  proxy.onRequest = (bytes) => {
    if (bytes.includes("QMPUSH")) pushed += 1;
    if (pushed === 2) proxy.set("replies", "hold");
  };
  const env = { OKQ_ADDR: `127.0.0.1:${proxy.port}` };
  // An input without end: each of its bytes is the end of a record.
  const args = ["push", "q", "-0", "-q", "--file", "/dev/zero", "--timeout", "2"];
  const child = startOkqCommand(args, { env });
  expect(await peakMib(child)).toBeLessThan(RSS_MIB_MAX);
  expect(await child.exited).toBe(69);
  expect(await child.stderr.text()).toMatch(
    /^okq: 1000 events were pushed, events 1001 to 2000 were sent and not answered, and may be /,
  );
});

test("each line is there once when the reply to each step is lost", async () => {
  const { server } = await startWithClient();
  const client = await server.connect();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  let attempts = 0;
  let lost = 0;
  proxy.onRequest = (bytes) => {
    if (bytes.includes("QMPUSH")) attempts += 1;
  };
  proxy.onReply = () => {
    // The reply to the first attempt of each step is lost.
    if (attempts !== 2 * lost + 1) return;
    lost += 1;
    proxy.cut();
  };
  const lines = linesTo(5_000);
  const { code, stdout, stderr } = await okq(["push", "q", "--lines"], {
    env: { OKQ_ADDR: `127.0.0.1:${proxy.port}` },
    input: lines.join("\n"),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(lost).toBeGreaterThan(4);
  const events = await popAll(client, "q");
  expect(events.map(([, , contents]) => contents)).toEqual(lines);
  expect(events.map(([, id]) => id)).toEqual(stdout.trimEnd().split("\n"));
});

test("each line is there once when okq is killed and started again", async () => {
  const store = ["--store", `sqlite:${join(newFolder(), "okq.db")}`];
  let server = await startOkqProcess(store);
  const { port } = server;
  const { child, feed, stdin } = startFed(port);
  const lines = linesTo(6_000);
  const printed = child.stdout.text();
  feed(lines.slice(0, 1_500));
  await stdin.flush();
  const client = await server.connect();
  await eventually(async () => JSON.stringify(await ask(client, "QSTATUS", "q")).includes("1000"));
  for (const from of [1_500, 3_000, 4_500]) {
    await server.crash();
    feed(lines.slice(from, from + 1_500));
    await stdin.flush();
    server = await startOkqProcess(store, port);
  }
  await stdin.end();
  expect(await child.stderr.text()).toBe("");
  expect(await child.exited).toBe(0);
  const events = await popAll(await server.connect(), "q");
  expect(events.map(([, , contents]) => contents)).toEqual(lines);
  expect(events.map(([, id]) => id)).toEqual((await printed).trimEnd().split("\n"));
});

test("tells how far it went if okq does not come back", async () => {
  const server = await startOkqProcess(["--store", "memory"]);
  const { child, feed, stdin } = startFed(server.port, "--timeout", "0.5");
  feed(linesTo(1_000));
  await stdin.flush();
  const reader = child.stdout.getReader();
  await reader.read();
  await server.crash();
  feed(linesTo(500));
  await stdin.end();
  expect(await child.exited).toBe(69);
  // If okq is killed before the client sees its end, the client does not know what it has done.
  expect(await child.stderr.text()).toMatch(
    /^okq: 1000 events were pushed, events 1001 to 1500 were (not pushed|sent and not answered)/,
  );
});

test("the printed ids are those in the queue if a later step is refused", async () => {
  const { okq: run, ask: asked, server } = await startWithClient();
  await asked("QCONFIG", "q", "max-length", "2500");
  const { code, stdout, stderr } = await run(["push", "q", "--lines"], linesTo(4_000).join("\n"));
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "okq: 2500 events were pushed, events 2501 to 3000 were not pushed; nothing behind: " +
      "QUEUEFULL q\n",
  });
  const events = await popAll(await server.connect(), "q");
  expect(events.map(([, id]) => id)).toEqual(stdout.trimEnd().split("\n"));
});

test.each([
  ["--lines", "\n"],
  ["-0", "\0"],
])("%s fills a queue to its limit, and names the events that are not pushed", async (flag, end) => {
  const { okq: run, ask: asked, server } = await startWithClient();
  await asked("QCONFIG", "q", "max-length", "10");
  const lines = linesTo(25);
  const { code, stdout, stderr } = await run(["push", "q", flag], lines.join(end) + end);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      "okq: 10 events were pushed, events 11 to 25 were not pushed; nothing behind: QUEUEFULL q\n",
  });
  const events = await popAll(await server.connect(), "q");
  expect(events.map(([, , contents]) => contents)).toEqual(lines.slice(0, 10));
  expect(events.map(([, id]) => id)).toEqual(stdout.trimEnd().split("\n"));
});

test("makes the steps that okq takes, and names a line that is too long for it", async () => {
  const { okq: run, server } = await startWithClient({ maxEventBytes: 10_000 });
  const lines = [...linesTo(5_000), "x".repeat(9_999)];
  expect(await run(["push", "q", "--lines", "-q"], lines.join("\n"))).toMatchObject({ code: 0 });
  const client = await server.connect();
  expect((await popAll(client, "q")).map(([, , contents]) => contents)).toEqual(lines);
  const long = await run(["push", "r", "--lines", "-q"], `a\n${"x".repeat(20_000)}\nb`);
  expect(long).toEqual({
    code: 1,
    stdout: "",
    stderr:
      "okq: 1 event was pushed, event 2 was not pushed; nothing behind: ERR event too large, " +
      "20000 of at most 10000 bytes (--max-event-bytes)\n",
  });
  expect((await popAll(client, "r")).map(([, , contents]) => contents)).toEqual(["a"]);
});

test("takes large lines", async () => {
  const { okq: run, server } = await startWithClient();
  const line = "x".repeat(5 * MIB);
  expect(await run(["push", "q", "--lines", "-q"], `${line}\n${line}\na\n`)).toMatchObject({
    code: 0,
  });
  const events = await popAll(await server.connect(), "q");
  expect(events.map(([, , contents]) => `${contents}`.length)).toEqual([5 * MIB, 5 * MIB, 1]);
});

test("pushes a line when it comes, and ends when okq refuses one", async () => {
  const { server, ask: asked } = await startWithClient();
  const { child, feed, stdin } = startFed(server.port, "--json");
  const reader = child.stdout.getReader();
  for (const line of ["first", "second"]) {
    feed([line]);
    await stdin.flush();
    const { value } = await reader.read();
    expect(JSON.parse(Buffer.from(value!).toString())).toEqual({ id: expect.any(String) });
    expect(((await asked("QPOP", "NOACK", "FROM", "q")) as Readable[][])[0]![2]).toBe(line);
  }
  await asked("QPAUSE", "q", "IN");
  feed(["third"]);
  await stdin.flush();
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toBe(
    "okq: 2 events were pushed, event 3 was not pushed; nothing behind: PAUSED q\n",
  );
});
