// What an answer listens to until it has ended is forgotten then: okq's own end, which any request
// may be interrupted by, is none of the signals that go with the request.
import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startPair } from "../support/failover-pair.ts";
import { startTestOkq } from "../support/okq-server.ts";

const ANY = { httpAddr: "127.0.0.1:0" };
const TIMES = 200;

function signals(): number {
  Bun.gc(true);
  return heapStats().objectTypeCounts["AbortSignal"] ?? 0;
}

/** Fails if signals of the requests are still there. */
async function expectForgotten(request: () => Promise<void>): Promise<void> {
  await request();
  const before = signals();
  for (let n = 0; n < TIMES; n++) await request();
  await eventually(() => signals() < before + TIMES / 4, { message: "signals are forgotten" });
}

async function read(port: number, path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1${path}`);
  expect(response.status).toBe(200);
  await response.text();
}

/** Opens a stream of messages, and leaves it. */
async function look(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/events?queue=q`);
  const reader = response.body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toStartWith("retry");
  await reader.cancel();
}

/** Pushes events, one in each line. */
async function push(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/queues/q/events`, {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: '{"contents": "x"}\n{"contents": "y"}\n',
  });
  expect(response.status).toBe(200);
  await response.text();
}

test("lines of events", async () => {
  const { httpPort } = await startTestOkq(ANY);
  await expectForgotten(() => push(httpPort));
});

test("a stream of messages", async () => {
  const { httpPort } = await startTestOkq(ANY);
  await expectForgotten(() => look(httpPort));
});

test("a request that another okq answers", async () => {
  const { standby } = await startPair(ANY);
  await expectForgotten(() => read(standby.httpPort, "/queues"));
});

test("lines of events and messages of another okq", async () => {
  const { standby } = await startPair(ANY);
  await expectForgotten(() => push(standby.httpPort));
  await expectForgotten(() => look(standby.httpPort));
});
