// How many events a worker has at a time, and from which queue it takes the next one.
import { describe, expect, test } from "bun:test";
import type { Job, Okq } from "okq/client";
import { connectClient } from "../../support/client.ts";
import { eventually, eventuallyEqual } from "../../support/eventually.ts";
import { startOkqOn, startTestOkq, storeNames } from "../../support/okq-server.ts";
import { recorded } from "./recorded.ts";

async function connected(): Promise<Okq> {
  return connectClient((await startTestOkq()).port);
}

async function claimed(okq: Okq, queue = "q"): Promise<number> {
  const [, rows] = (await okq.call("QLIST", queue, "STATE", "claimed")) as [unknown, unknown[]];
  return rows.length;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** A handler whose runs end one by one, when the test says so. */
function steps() {
  const jobs: Job<number>[] = [];
  const running: (() => void)[] = [];
  const handler = (job: Job<number>) => {
    jobs.push(job);
    return new Promise<void>((resolve) => running.push(resolve));
  };
  return {
    handler,
    jobs,
    running,
    finish: (count = 1) => running.splice(0, count).map((go) => go()),
  };
}

describe.each([...storeNames])("%s", (store) => {
  test("concurrency bounds the handlers, prefetch the claims beyond them", async () => {
    const okq = connectClient((await startOkqOn(store)).port);
    await okq.queue("q").pushMany(numbers(40));
    const { handler, finish, running, jobs } = steps();
    const worker = okq.worker<number>("q", handler, { concurrency: 3, prefetch: 4 });
    await eventuallyEqual(() => claimed(okq), 7);
    expect(worker.running).toBe(3);
    while (jobs.length < 40 || running.length > 0) {
      finish();
      await eventually(() => running.length === Math.min(3, 40 - jobs.length + running.length));
      expect(worker.running).toBeLessThanOrEqual(3);
      expect(await claimed(okq)).toBeLessThanOrEqual(7);
    }
    await worker.close();
    expect(jobs.map(({ contents }) => contents)).toEqual(numbers(40));
  });
});

test("without prefetch it claims no more events than it handles", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany(numbers(10));
  const { handler, finish, running } = steps();
  const worker = okq.worker<number>("q", handler, { concurrency: 2 });
  await eventuallyEqual(() => running.length, 2);
  await eventuallyEqual(() => claimed(okq), 2);
  finish(2);
  await eventuallyEqual(() => running.length, 2);
  await eventuallyEqual(() => claimed(okq), 2);
  finish(2);
  void worker.close();
  await eventually(() => {
    finish(2);
    return worker.running === 0;
  });
});

test("a list of queues is strict: the first one that has an event", async () => {
  const okq = await connected();
  await okq.queue("low").pushMany(numbers(30));
  await okq.queue("high").pushMany(numbers(30));
  const seen: string[] = [];
  const worker = okq.worker(["high", okq.queue("low")], ({ queue }) => void seen.push(queue));
  await worker.drain();
  expect(seen).toEqual([...numbers(30).map(() => "high"), ...numbers(30).map(() => "low")]);
});

for (const [form, weighted] of [
  ["a record", { a: 3, b: 1 }],
  [
    "a list",
    [
      { queue: "a", weight: 3 },
      { queue: "b", weight: 1 },
    ],
  ],
] as const) {
  test(`weights as ${form}: queues get their shares`, async () => {
    const okq = await connected();
    for (const queue of ["a", "b"]) await okq.queue(queue).pushMany(numbers(400));
    const seen: string[] = [];
    const worker = okq.worker(weighted, ({ queue }) => void seen.push(queue));
    await eventually(() => seen.length >= 400);
    await worker.close();
    const share = seen.slice(0, 400).filter((queue) => queue === "a").length;
    // 300 expected; 60 are more than six standard deviations.
    expect(share).toBeGreaterThan(240);
    expect(share).toBeLessThan(360);
  });
}

test("queues with their own contents in one worker", async () => {
  const okq = await connected();
  const text = okq.queue("text", { contents: "text" });
  await text.push("plain");
  await okq.queue("json").push({ a: 1 });
  const seen: unknown[] = [];
  await okq.worker<unknown>([text, "json"], ({ contents }) => void seen.push(contents)).drain();
  expect(seen).toEqual(["plain", { a: 1 }]);
});

test("a paused queue hands nothing out; when it is resumed the worker goes on", async () => {
  const okq = await connected();
  const worker = okq.worker("q", () => {});
  const told = recorded(worker);
  await told.until("connected");
  await okq.call("QPAUSE", "q");
  await okq.queue("q").push(1);
  await okq.queue("other").push(1);
  await okq.worker("other", () => {}).drain();
  expect(told.ids("popped")).toEqual([]);
  await okq.call("QRESUME", "q");
  await told.until("done");
  await worker.close();
});

test("a paused worker gets nothing, another one does", async () => {
  const okq = await connected();
  await okq.call("QPAUSE", "q", "WORKER", "ann");
  const ann = recorded(okq.worker("q", () => {}, { name: "ann" }));
  const bob = okq.worker("q", () => {}, { name: "bob" });
  await okq.queue("q").pushMany(numbers(20));
  await recorded(bob).until("done", 20);
  expect(ann.ids("popped")).toEqual([]);
});

test("the name of a worker is that of the client, or its own", async () => {
  const { port } = await startTestOkq();
  const okq = connectClient(port, { name: "mailer" });
  await okq.queue("q").pushMany([1, 2], { ids: ["1", "2"] });
  const { handler, running, finish } = steps();
  okq.worker<number>("q", handler);
  await eventually(() => running.length === 1);
  okq.worker<number>("q", handler, { name: "second" });
  await eventually(() => running.length === 2);
  const nameOf = async (id: string) => {
    const flat = ((await okq.call("QGET", "q", id)) as unknown[]).map(String);
    return flat[flat.indexOf("worker") + 1];
  };
  expect([await nameOf("1"), await nameOf("2")]).toEqual(["mailer", "second"]);
  finish(2);
});

test("wrong options throw at once and name themselves", async () => {
  const okq = await connected();
  const handler = () => {};
  expect(() => okq.worker("q", handler, { concurrency: 0 })).toThrow(/concurrency/);
  expect(() => okq.worker("q", handler, { prefetch: -1 })).toThrow(/prefetch/);
  expect(() => okq.worker("q", handler, { leaseMs: 0.5 })).toThrow(/leaseMs/);
  expect(() => okq.worker("q", handler, { leaseMs: 604_800_001 })).toThrow(/leaseMs/);
  expect(() => okq.worker("q", handler, { waitMs: 86_400_001 })).toThrow(/waitMs/);
  expect(() => okq.batchWorker("q", handler, { size: 0 })).toThrow(/size/);
  expect(() => okq.worker([], handler)).toThrow(/needs a queue/);
  expect(() => okq.worker(["q", "q"], handler)).toThrow(/twice/);
  expect(() => okq.worker({ q: 0 }, handler)).toThrow(/weights/);
});
