// okq bench: its figures add up, and nothing of it is left.
import { expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { okq, startOkqCommand } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

const short = ["--seconds", "0.3", "--warm-up", "0.1"];

interface Latency {
  count: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

async function queuesOf(client: Wire): Promise<string[]> {
  return ((await ask(client, "QSTATUS")) as [string][]).map(([queue]) => queue);
}

test("figures add up, and its queue is gone", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  await ask(client, "QPUSH", "mine", "x");
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const { code, stdout } = await okq(["bench", ...short, "-c", "2", "-f", "3", "--json"], { env });
  expect(code).toBe(0);
  const figures = JSON.parse(stdout);
  expect(figures).toMatchObject({ connections: 2, inFlight: 3, size: 100, errors: 0 });
  const { cycles, seconds, cyclesPerSecond, commandsPerSecond } = figures as Record<string, number>;
  expect(cycles).toBeGreaterThan(0);
  expect(seconds).toBeGreaterThanOrEqual(0.3);
  // They are rounded.
  expect((cyclesPerSecond! * seconds!) / cycles!).toBeCloseTo(1, 2);
  expect(commandsPerSecond! / cyclesPerSecond!).toBeCloseTo(3, 2);
  for (const name of ["push", "pop", "ack", "cycle"]) {
    const { count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = figures[name] as Latency;
    expect(count).toBe(cycles!);
    const times = [0, p50Ms, p90Ms, p99Ms, p999Ms, maxMs];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(p50Ms).toBeGreaterThan(0);
  }
  // Six callers wait all the time, each for one cycle: so many cycles take at least so long.
  expect(figures.cycle.p50Ms).toBeLessThanOrEqual((6 * seconds! * 1000 * 2) / cycles!);
  await eventuallyEqual(() => queuesOf(client), ["mine"]);
});

test("shows a table for people", async () => {
  const { port } = await startTestOkq();
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const { code, stdout, stderr } = await okq(["bench", ...short, "-s", "1000"], { env });
  expect(code).toBe(0);
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(
    /: 4 connections x 16 in flight, contents of 1,000 bytes, 0\.\ds of load$/,
  );
  expect(lines[2]).toMatch(/^ +PER SECOND +p50 +p90 +p99 +p99\.9 +max$/);
  expect(lines.slice(3, 7).map((line) => line.split(" ")[0])).toEqual([
    "push",
    "pop",
    "ack",
    "cycle",
  ]);
  expect(lines[8]).toMatch(/^[\d,]+ cycles of push, pop and ack: [\d,]+ commands per second$/);
  expect(stderr).toMatch(/^load of 0\.3s in the queue okq-bench-\S+, after a warm-up of 0\.1s/);
});

test("Ctrl-C ends it with what was measured, and its queue is gone", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const args = ["bench", "--warm-up", "0", "--seconds", "100", "--json"];
  const bench = startOkqCommand(args, { env });
  await eventually(async () => (await queuesOf(client)).length > 0);
  bench.kill("SIGINT");
  expect(await bench.exited).toBe(130);
  const figures = JSON.parse(await bench.stdout.text());
  expect(figures.errors).toBe(0);
  expect(figures.seconds).toBeLessThan(100);
  await eventuallyEqual(() => queuesOf(client), []);
});

test("counts errors, and ends with 1", async () => {
  const { port, connect } = await startTestOkq({ maxEventBytes: 1024 });
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const { code, stdout } = await okq(["bench", ...short, "-s", "5000", "--json"], { env });
  expect(code).toBe(1);
  const figures = JSON.parse(stdout);
  expect(figures.cycles).toBe(0);
  expect(figures.push).toEqual({
    count: 0,
    p50Ms: null,
    p90Ms: null,
    p99Ms: null,
    p999Ms: null,
    maxMs: null,
  });
  const counts = Object.values(figures.errorMessages as Record<string, number>);
  expect(figures.errors).toBe(counts.reduce((sum, each) => sum + each, 0));
  expect(figures.errors).toBeGreaterThan(0);
  expect(await queuesOf(await connect())).toEqual([]);
});

test("a user who may only push and consume may measure too", async () => {
  const users = writeUsers("ann push,consume bench-*", "ops all *");
  const { port, connect } = await startTestOkq({ users: users.path });
  const env = { OKQ_ADDR: `okq://ann@127.0.0.1:${port}`, OKQ_PASSWORD: passwordOf("ann") };
  const { code, stdout } = await okq(["bench", ...short, "--prefix", "bench-", "--json"], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).errors).toBe(0);
  const client = await connect();
  await ask(client, "AUTH", "ops", passwordOf("ops"));
  await eventuallyEqual(() => queuesOf(client), []);
});

test("a dead server is counted as errors, and the queue that may be left is named", async () => {
  const server = await startOkqProcess(["--store", "memory"]);
  const client = await server.connect();
  const env = { OKQ_ADDR: `127.0.0.1:${server.port}` };
  const args = ["bench", "--warm-up", "0", "--seconds", "2", "--timeout", "1", "--json"];
  const bench = startOkqCommand(args, { env });
  await eventually(async () => (await queuesOf(client)).length > 0);
  await server.crash();
  expect(await bench.exited).toBe(69);
  expect(JSON.parse(await bench.stdout.text()).errors).toBeGreaterThan(0);
  expect(await bench.stderr.text()).toMatch(/^okq: the queue okq-bench-\S+ is not removed: /m);
});
