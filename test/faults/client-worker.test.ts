// Workers of the client while connections, okq and its store fail: every event is handled and
// acknowledged, and handled again only if a claim was lost.
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Job, Worker, WorkerOptions } from "okq/client";
import { connectClient } from "../support/client.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { startSentinelGroup } from "../support/redis-sentinel.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { QUEUE, WorkerLedger } from "./client-worker-ledger.ts";
import { startMovingClock } from "./moving-clock.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(timeoutFor(30_000));

const EVENTS = 400;
/** Short, so that lost pops come back soon; long against the pauses of a busy machine. */
const SHORT_LEASE_MS = 5_000;

const work: WorkerOptions = { concurrency: 8, prefetch: 4 };

/** Handles an event for some milliseconds. */
function handlerOf(random: (from: number, to: number) => number) {
  return (_job: Job<unknown>) => lasting(random(0, 20));
}

/** Resolves when so many more events are done. */
async function more(ledger: WorkerLedger, count: number): Promise<void> {
  const wanted = Math.min(ledger.pushed.length, ledger.done.size + count);
  await eventually(() => ledger.done.size >= wanted, { message: `${wanted} events are done` });
}

async function closeAll(workers: Worker[], ledger: WorkerLedger): Promise<void> {
  await Promise.all(workers.map((worker) => worker.close()));
  await eventually(() => ledger.done.size + ledger.lost.size >= ledger.pushed.length);
}

test("requests and replies that are lost: each event is handled once", async () => {
  const random = randomOf("worker behind a bad network");
  const clock = startMovingClock();
  const { port } = await startTestOkq({}, clock);
  const proxy = TcpProxy.start(port);
  const okq = connectClient(port);
  const ledger = new WorkerLedger(okq, EVENTS);
  await ledger.push();
  const options = { ...work, leaseMs: 600_000 };
  const worker = connectClient(proxy.port).worker(QUEUE, handlerOf(random), options);
  ledger.watch(worker);
  const faults = { cut: 0, swallowed: 0, refused: 0 };
  for (let round = 0; round < 3 * rounds; round++) {
    await more(ledger, random(5, 25));
    const kind = random(0, 2);
    if (kind === 0) faults.cut += 1;
    else if (kind === 1) {
      faults.swallowed += 1;
      const direction = random(0, 1) === 0 ? "requests" : "replies";
      proxy.set(direction, "swallow");
      await eventually(() => proxy.swallowed > 0);
      proxy.set(direction, "pass");
    } else {
      faults.refused += 1;
      proxy.refuse(true);
      proxy.cut();
      await lasting(random(0, 300));
      proxy.refuse(false);
    }
    proxy.cut();
  }
  // Without further faults the worker does all but what a pop has claimed whose reply was lost.
  await eventually(async () => (await okq.queue(QUEUE).peek()) === null);
  await eventually(() => ledger.done.size === ledger.handled.size);
  clock.advance(600_000);
  await ledger.completed();
  await closeAll([worker], ledger);
  report("worker behind a bad network", faults);
  await ledger.settle(() => false);
  expect([...ledger.lost]).toEqual([]);
});

test("okq on a database is killed and started again", async () => {
  const random = randomOf("worker, okq killed");
  const store = ["--store", newDatabase()];
  let okq = await startOkqProcess(store);
  const { port } = okq;
  const ledger = new WorkerLedger(connectClient(port), EVENTS);
  await ledger.push();
  const options = { ...work, leaseMs: SHORT_LEASE_MS };
  const workers = [1, 2].map(() => connectClient(port).worker(QUEUE, handlerOf(random), options));
  for (const worker of workers) ledger.watch(worker);
  for (let round = 0; round < rounds; round++) {
    await more(ledger, random(20, 100));
    await okq.crash();
    await lasting(random(0, 200));
    okq = await startOkqProcess(store, port);
  }
  await ledger.completed();
  await closeAll(workers, ledger);
  report("worker, okq killed", { repeated: ledger.repeated.length, lost: ledger.lost.size });
  await ledger.settle((id) => ledger.lost.has(id));
});

test("a durable Redis is killed and started again", async () => {
  const random = randomOf("worker, Redis killed");
  const redis = await startTestRedis({ isDurable: true });
  const { port } = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const ledger = new WorkerLedger(connectClient(port), EVENTS);
  await ledger.push();
  const options = { ...work, leaseMs: SHORT_LEASE_MS };
  const worker = connectClient(port).worker(QUEUE, handlerOf(random), options);
  ledger.watch(worker);
  for (let round = 0; round < rounds; round++) {
    await more(ledger, random(20, 100));
    await redis.kill();
    await lasting(random(0, 200));
    await redis.start();
  }
  await ledger.completed();
  await closeAll([worker], ledger);
  report("worker, Redis killed", { repeated: ledger.repeated.length, lost: ledger.lost.size });
  await ledger.settle((id) => ledger.lost.has(id));
});

test(
  "a master under Sentinel is killed and replaced",
  async () => {
    const random = randomOf("worker, failover");
    const group = await startSentinelGroup({ replicas: 2 });
    const redisSentinelAddr = group.sentinels.map((each) => `127.0.0.1:${each}`).join(",");
    const { port } = await startTestOkq({ store: "", redisSentinelAddr, redisWait: 1 });
    const ledger = new WorkerLedger(connectClient(port), EVENTS);
    await ledger.push();
    // A failover takes longer than other faults.
    const options = { ...work, leaseMs: 2 * SHORT_LEASE_MS };
    const worker = connectClient(port).worker(QUEUE, handlerOf(random), options);
    ledger.watch(worker);
    await more(ledger, random(20, 200));
    const master = await group.master();
    await master.kill();
    await group.promoted(master.port);
    await ledger.completed();
    await closeAll([worker], ledger);
    report("worker, failover", { repeated: ledger.repeated.length, lost: ledger.lost.size });
    await ledger.settle((id) => ledger.lost.has(id));
  },
  timeoutFor(60_000),
);
