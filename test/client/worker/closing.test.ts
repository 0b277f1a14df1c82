// How workers end: close, drain, dispose, and what becomes of the events that they have.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { connect, type Job, type Okq, ShutdownError, type Worker } from "okq/client";
import { makeCertificates } from "../../support/certificates.ts";
import { closeAfterTest } from "../../support/close-after-test.ts";
import { connectClient } from "../../support/client.ts";
import { eventually } from "../../support/eventually.ts";
import { newFolder } from "../../support/new-folder.ts";
import { startOkqOn, startTestOkq, storeNames } from "../../support/okq-server.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { TestClock } from "../../support/test-clock.ts";
import { recorded } from "./recorded.ts";

async function connected(): Promise<Okq> {
  return connectClient((await startTestOkq()).port);
}

async function count(okq: Okq, state: string, queue = "q"): Promise<number> {
  const [, rows] = (await okq.call("QLIST", queue, "STATE", state)) as [unknown, unknown[]];
  return rows.length;
}

/** A handler that works on each event until its end is asked for. */
function gate() {
  const jobs: Job<unknown>[] = [];
  const open = Promise.withResolvers<void>();
  const handler = (job: Job<unknown>) => {
    jobs.push(job);
    return open.promise;
  };
  return { handler, jobs, open: () => open.resolve() };
}

function untilAborted({ signal }: Job<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

describe.each([...storeNames])("%s", (store) => {
  test("drain handles all events, also those that fail meanwhile, and closes", async () => {
    const okq = connectClient((await startOkqOn(store)).port);
    await okq.call("QCONFIG", "q", "backoff", "none");
    await okq.queue("q").pushMany(Array.from({ length: 200 }, (_, at) => at));
    let handled = 0;
    const worker = okq.worker(
      "q",
      ({ contents, attempt }) => {
        handled += 1;
        if (contents % 10 === 0 && attempt === 1) throw new Error("once more");
      },
      { concurrency: 16, prefetch: 8 },
    );
    await worker.drain();
    expect(handled).toBe(220);
    expect(await okq.queue("q").pop()).toBeNull();
    expect(worker.running).toBe(0);
  });

  test("close gives events without a handler back, in their order and uncounted", async () => {
    const okq = connectClient((await startOkqOn(store)).port);
    await okq.queue("q").pushMany(["a", "b", "c", "d", "e", "f"]);
    const { handler, open } = gate();
    const worker = okq.worker("q", handler, { prefetch: 3 });
    await eventually(async () => (await count(okq, "claimed")) === 4);
    const closed = worker.close();
    await eventually(async () => (await count(okq, "claimed")) === 1);
    open();
    await closed;
    const left = await okq.queue("q").popMany(10);
    expect(left.map(({ contents, attempt }) => [contents, attempt])).toEqual(
      ["b", "c", "d", "e", "f"].map((each) => [each, 1]),
    );
  });
});

/** The addresses of an okq by the ways to it, and the authority of its certificate. */
async function ways() {
  const { ca, server } = makeCertificates();
  const socket = join(newFolder(), "okq.sock");
  const { port, tlsPort } = await startTestOkq({
    tlsListenAddr: "127.0.0.1:0",
    tlsCert: server.cert,
    tlsKey: server.key,
    unixSocket: socket,
  });
  const tls = { ca: readFileSync(ca) };
  return {
    tcp: () => connectClient(port),
    tls: () => closeAfterTest(connect(`okqs://localhost:${tlsPort}`, { tls })),
    unix: () => closeAfterTest(connect(`okq+unix://${socket}`)),
  };
}

test.each(["tcp", "tls", "unix"] as const)(
  "an event that is pushed while a worker closes is handled or stays ready (%s)",
  async (way) => {
    const okqs = await ways();
    const [okq, other] = [okqs[way](), okqs.tcp()];
    const handled: unknown[] = [];
    for (let round = 0; round < 50; round++) {
      const worker = okq.worker("q", ({ contents }) => void handled.push(contents));
      await recorded(worker).until("connected");
      const pushed = other.queue("q").push(round);
      await Promise.all([worker.close(), pushed]);
    }
    const left = await other.queue("q").popMany(100);
    expect(left.filter(({ attempt }) => attempt > 1)).toEqual([]);
    const all = [...handled, ...left.map(({ contents }) => contents)];
    expect(all.toSorted((a, b) => Number(a) - Number(b))).toEqual(all.map((_, at) => at));
    expect(all).toHaveLength(50);
  },
);

test("close ends a wait at once, and may be called twice", async () => {
  const okq = await connected();
  const worker = okq.worker("q", () => {}, { waitMs: 300_000 });
  await recorded(worker).until("connected");
  const closed = [worker.close(), worker.close()];
  await Promise.all(closed);
  await worker.closed;
  await worker.close();
});

test("close waits for the handlers", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const { handler, open } = gate();
  const worker = okq.worker("q", handler);
  const told = recorded(worker);
  await told.until("popped");
  const closed = worker.close();
  expect(worker.running).toBe(1);
  open();
  await closed;
  expect(told.ids("done")).toHaveLength(1);
});

test("after the grace handlers are aborted, and their events go back uncounted", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const jobs: Job<unknown>[] = [];
  const worker = okq.worker("q", (job) => {
    jobs.push(job);
    return untilAborted(job);
  });
  const told = recorded(worker);
  await told.until("popped");
  await worker.close({ graceMs: 1 });
  expect(jobs[0]!.signal.reason).toBeInstanceOf(ShutdownError);
  expect(await okq.queue("q").pop()).toMatchObject({ contents: 1, attempt: 1 });
  expect([...told.ids("retried"), ...told.ids("done")]).toEqual([]);
});

const stubborn = () => new Promise<never>(() => {});

test.each<[string, (okq: Okq) => Worker]>([
  ["handlers that stop", (okq) => okq.worker("q", untilAborted, { concurrency: 3 })],
  ["handlers that do not", (okq) => okq.worker("q", stubborn, { concurrency: 3, abortMs: 1 })],
  ["a batch", (okq) => okq.batchWorker("q", ([job]) => untilAborted(job!), { size: 3 })],
  ["a stubborn batch", (okq) => okq.batchWorker("q", stubborn, { size: 3, abortMs: 1 })],
])("events of %s go back in their order", async (_, start) => {
  const okq = await connected();
  await okq.queue("q").pushMany(["a", "b", "c"]);
  const worker = start(okq);
  await recorded(worker).until("popped", 3);
  await worker.close({ graceMs: 0 });
  const left = await okq.queue("q").popMany(3);
  expect(left.map(({ contents }) => contents)).toEqual(["a", "b", "c"]);
});

test("a worker closes at once while it waits for okq to come back", async () => {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  proxy.refuse(true);
  // The pause would be over when this clock moves.
  const clock = new TestClock();
  const okq = connectClient(proxy.port, { clock, retryMs: 0 });
  const worker = okq.worker("q", () => {});
  worker.on("disconnected", () => void worker.close());
  await worker.closed;
});

test("a second close shortens the grace of the first", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const worker = okq.worker("q", untilAborted);
  await recorded(worker).until("popped");
  const closed = worker.close({ graceMs: 3_600_000 });
  await worker.close({ graceMs: 0 });
  await closed;
  expect(await okq.queue("q").pop()).toMatchObject({ attempt: 1 });
});

test("an event of a handler that does not stop goes back too", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  const { handler, open } = gate();
  const worker = okq.worker("q", handler, { abortMs: 1 });
  const told = recorded(worker);
  await told.until("popped");
  await worker.close({ graceMs: 0 });
  expect(told.ids("problem")).toHaveLength(1);
  expect(await okq.queue("q").pop()).toMatchObject({ attempt: 1 });
  open();
});

test("a worker that finds no okq says so at once, waits for it, and closes meanwhile", async () => {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  proxy.refuse(true);
  const worker = connectClient(proxy.port).worker("q", () => {});
  const told = recorded(worker);
  await told.until("disconnected");
  proxy.refuse(false);
  await told.until("connected");
  proxy.refuse(true);
  proxy.cut();
  await told.until("disconnected", 2);
  await worker.close();
  expect(told.told.map(({ name }) => name)).toEqual(["disconnected", "connected", "disconnected"]);
});

test("close resolves although okq is silent", async () => {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  await connectClient(port).queue("q").push(1);
  const options = { commandTimeoutMs: 200 };
  const worker = connectClient(proxy.port, options).worker("q", untilAborted, { abortMs: 1 });
  await recorded(worker).until("popped");
  proxy.set("replies", "swallow");
  await worker.close({ graceMs: 0 });
});

test("a worker whose signal aborts closes, also before it has started", async () => {
  const okq = await connected();
  const controller = new AbortController();
  const worker = okq.worker("q", () => {}, { signal: controller.signal });
  await recorded(worker).until("connected");
  controller.abort();
  await worker.closed;
  await okq.worker("q", () => {}, { signal: controller.signal }).closed;
});

test("await using closes a worker", async () => {
  const okq = await connected();
  await okq.queue("q").push(1);
  let outer;
  {
    await using worker = okq.worker("q", () => {});
    outer = worker;
    await recorded(worker).until("done");
  }
  await outer.closed;
  expect(outer.running).toBe(0);
});

test("closing the client closes its workers, which give their events back", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port);
  const other = connectClient(port);
  await other.queue("q").pushMany([1, 2, 3]);
  const worker = other.worker("q", untilAborted, { prefetch: 2, graceMs: 1 });
  await eventually(async () => (await count(okq, "claimed")) === 3);
  await other.close();
  await worker.closed;
  expect(await okq.queue("q").popMany(10)).toHaveLength(3);
});

test("pause: pops end, events without a handler go back; resume goes on", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany([1, 2, 3]);
  const { handler, open, jobs } = gate();
  const worker = okq.worker("q", handler, { prefetch: 2 });
  await eventually(async () => (await count(okq, "claimed")) === 3);
  await worker.pause();
  expect(await count(okq, "claimed")).toBe(1);
  open();
  await eventually(async () => (await count(okq, "claimed")) === 0);
  expect(await count(okq, "ready")).toBe(2);
  worker.resume();
  await worker.drain();
  expect(jobs.map(({ contents }) => contents)).toEqual([1, 2, 3]);
});

test("pause and resume at once lose nothing", async () => {
  const okq = await connected();
  const worker = okq.worker("q", () => {});
  const told = recorded(worker);
  await told.until("connected");
  void worker.pause();
  worker.resume();
  await okq.queue("q").push(1);
  await told.until("done");
  await worker.close();
});
