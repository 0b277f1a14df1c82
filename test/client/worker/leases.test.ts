// Leases of events at work: heartbeats, lost leases, cancelled events, time limits. The tests move
// the clock of okq and of the worker.
import { expect, test } from "bun:test";
import {
  CancelledError,
  type Job,
  LeaseLostError,
  type Okq,
  ShutdownError,
  TimeLimitError,
  type Worker,
  type WorkerOptions,
} from "okq/client";
import { connectClient } from "../../support/client.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestOkq } from "../../support/okq-server.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { TestClock } from "../../support/test-clock.ts";
import { type Recorded, recorded } from "./recorded.ts";

interface Work {
  okq: Okq;
  clock: TestClock;
  proxy: TcpProxy;
  worker: Worker;
  told: Recorded;
  /** The events that handlers got, in order. */
  jobs: Job<unknown>[];
}

/** A worker whose handler gets event 1 of queue q. Its connections go through a proxy. */
async function work(
  handler: (job: Job<unknown>) => unknown,
  options: WorkerOptions<unknown> = {},
): Promise<Work> {
  const clock = new TestClock();
  const { port } = await startTestOkq({}, clock);
  const proxy = TcpProxy.start(port);
  const okq = connectClient(port, { clock });
  await okq.queue("q").push("x", { id: "1" });
  const jobs: Job<unknown>[] = [];
  const handle = (job: Job<unknown>) => {
    jobs.push(job);
    return handler(job);
  };
  const worker = connectClient(proxy.port, { clock }).worker("q", handle, options);
  const told = recorded(worker);
  await told.until("popped");
  return { okq, clock, proxy, worker, told, jobs };
}

/** Rejects when the signal of the job aborts. */
function untilAborted({ signal }: Job<unknown>): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

async function fact(okq: Okq, name: string): Promise<string | null> {
  const reply = (await okq.call("QGET", "q", "1")) as unknown[] | null;
  if (reply === null) return null;
  const flat = reply.map(String);
  return flat[flat.indexOf(name) + 1] ?? null;
}

/** Moves the clock to half of the lease, and waits until a heartbeat has come. */
async function beat({ okq, clock }: Work, leaseMs = 30_000): Promise<void> {
  const before = await fact(okq, "lease-ends-at");
  clock.advance(leaseMs / 2);
  await eventually(async () => (await fact(okq, "lease-ends-at")) !== before);
}

test("heartbeats keep the lease for as long as the handler works", async () => {
  const finish = Promise.withResolvers<void>();
  const given = await work(() => finish.promise);
  for (let beats = 0; beats < 5; beats++) await beat(given);
  expect(await fact(given.okq, "state")).toBe("claimed");
  finish.resolve();
  await given.told.until("done");
  expect(given.jobs.map(({ attempt }) => attempt)).toEqual([1]);
  await given.worker.close();
});

test("a lost claim: the signal aborts, nothing is acknowledged, it comes again", async () => {
  let handled = 0;
  const { okq, clock, told, worker, jobs } = await work(
    (job) => (++handled === 1 ? untilAborted(job) : undefined),
    { concurrency: 2 },
  );
  await okq.call("QACK", "q", "1", "TOKEN", "*", "REDO");
  await told.until("done");
  clock.advance(15_000);
  await told.until("lost");
  expect(jobs[0]!.signal.reason).toBeInstanceOf(LeaseLostError);
  expect(jobs[1]!.signal.aborted).toBe(false);
  await worker.close();
  expect(told.ids("retried")).toEqual([]);
});

test("an acknowledgement of a claim that is gone is told as lost", async () => {
  const finish = Promise.withResolvers<void>();
  const { okq, told, worker, jobs } = await work(() => finish.promise);
  await okq.call("QACK", "q", "1", "TOKEN", "*");
  finish.resolve();
  await told.until("lost");
  expect(told.ids("done")).toEqual([]);
  expect(jobs[0]!.signal.aborted).toBe(true);
  await worker.close();
});

test("a cancelled event: the signal aborts, it is removed when its handler throws", async () => {
  const { okq, clock, told, worker, jobs } = await work(untilAborted);
  expect(String(await okq.call("QCANCEL", "q", "1"))).toBe("asked");
  clock.advance(15_000);
  await told.until("cancelled");
  expect(jobs[0]!.signal.reason).toBeInstanceOf(CancelledError);
  await eventually(async () => (await okq.call("QGET", "q", "1")) === null);
  await worker.close();
  expect([...told.ids("retried"), ...told.ids("failed")]).toEqual([]);
});

test("a cancelled event is done if its handler finishes nevertheless", async () => {
  const finish = Promise.withResolvers<void>();
  const { okq, clock, told, worker } = await work(() => finish.promise);
  await okq.call("QCANCEL", "q", "1");
  clock.advance(15_000);
  await told.until("cancelled");
  finish.resolve();
  await told.until("done");
  await worker.close();
});

test("the time limit aborts the handler, and the attempt has failed", async () => {
  const { clock, told, worker, jobs } = await work(untilAborted, { timeLimitMs: 5_000 });
  clock.advance(5_000);
  const { reason } = await told.until("retried");
  expect(jobs[0]!.signal.reason).toBeInstanceOf(TimeLimitError);
  expect(reason).toBe("TimeLimitError: the time limit of 5000 ms has passed");
  await worker.close();
});

test("a handler that ignores its time limit: its event fails, its place stays taken", async () => {
  const finish = Promise.withResolvers<void>();
  const options = { timeLimitMs: 5_000, abortMs: 2_000 };
  const { clock, told, worker, okq } = await work(() => finish.promise, options);
  await okq.queue("q").push("y", { id: "2" });
  clock.advance(5_000);
  clock.advance(2_000);
  await told.until("retried");
  expect(told.ids("problem")).toEqual(["1"]);
  expect(worker.running).toBe(1);
  finish.resolve();
  await told.until("popped", 2);
  expect(told.ids("popped")).toEqual(["1", "2"]);
  await worker.close();
  expect(told.ids("done")).toEqual(["2"]);
});

test("close without grace needs no time to pass", async () => {
  const { worker, jobs, okq } = await work(untilAborted);
  await worker.close({ graceMs: 0 });
  expect(jobs[0]!.signal.reason).toBeInstanceOf(ShutdownError);
  expect(await okq.queue("q").pop()).toMatchObject({ attempt: 1 });
});

test("progress, log and touch reach okq", async () => {
  const finish = Promise.withResolvers<void>();
  const given = await work(() => finish.promise);
  const { jobs, okq, clock } = given;
  const [job] = jobs;
  await job!.progress({ percent: 50 });
  expect(await fact(okq, "progress")).toBe('{"percent":50}');
  await job!.progress("half");
  expect(await fact(okq, "progress")).toBe("half");
  await job!.log("a line");
  expect(await fact(okq, "log")).toContain("a line");
  await job!.touch(600_000);
  const endsAt = async () => Number(await fact(okq, "lease-ends-at")) * 1000;
  expect(await endsAt()).toBe(clock.nowMs() + 600_000);
  await beat(given, 600_000);
  expect(await endsAt()).toBe(clock.nowMs() + 600_000);
  finish.resolve();
  await given.worker.close();
});

test("progress of a lost claim rejects, also if nobody looks at it", async () => {
  const finish = Promise.withResolvers<void>();
  const { jobs, okq, told, worker } = await work(() => finish.promise);
  await okq.call("QACK", "q", "1", "TOKEN", "*");
  void jobs[0]!.progress(1);
  await told.until("lost");
  await expect(jobs[0]!.progress(2)).rejects.toBeInstanceOf(LeaseLostError);
  finish.resolve();
  await worker.close();
});

test("while okq is away, the signal aborts when the lease must have ended", async () => {
  let handled = 0;
  const { clock, proxy, told, worker, jobs } = await work(
    (job) => (++handled === 1 ? untilAborted(job) : undefined),
    { concurrency: 2 },
  );
  proxy.refuse(true);
  proxy.cut();
  await told.until("disconnected");
  clock.advance(29_999);
  expect(jobs[0]!.signal.aborted).toBe(false);
  clock.advance(2);
  expect(jobs[0]!.signal.reason).toBeInstanceOf(LeaseLostError);
  proxy.refuse(false);
  await eventually(() => {
    clock.advance(100);
    return told.ids("connected").length === 2;
  });
  await worker.close();
});

test("an acknowledgement is repeated until okq is back, while the lease lasts", async () => {
  const finish = Promise.withResolvers<void>();
  const { okq, clock, proxy, told, worker } = await work(() => finish.promise, { concurrency: 2 });
  proxy.refuse(true);
  proxy.cut();
  await told.until("disconnected");
  finish.resolve();
  clock.advance(10_000);
  proxy.refuse(false);
  await eventually(() => {
    clock.advance(100);
    return told.ids("done").length === 1;
  });
  expect(await okq.call("QGET", "q", "1")).toBeNull();
  await worker.close();
});

test("an acknowledgement whose reply was lost is done", async () => {
  const finish = Promise.withResolvers<void>();
  const { okq, clock, proxy, told, worker } = await work(() => finish.promise);
  proxy.set("replies", "swallow");
  finish.resolve();
  await eventually(async () => (await okq.call("QGET", "q", "1")) === null);
  proxy.set("replies", "pass");
  proxy.cut();
  await eventually(() => {
    clock.advance(100);
    return told.ids("done").length === 1;
  });
  expect(told.ids("lost")).toEqual([]);
  await worker.close();
});
