// Workers of batches: when a batch starts, and the outcomes of its events.
import { expect, test } from "bun:test";
import {
  type BatchHandler,
  fail,
  type Job,
  LeaseLostError,
  type Okq,
  type Outcome,
  retry,
  snooze,
} from "okq/client";
import { connectClient } from "../../support/client.ts";
import { eventually, eventuallyEqual } from "../../support/eventually.ts";
import { startTestOkq } from "../../support/okq-server.ts";
import { TestClock } from "../../support/test-clock.ts";
import { recorded } from "./recorded.ts";

async function connected(): Promise<Okq> {
  return connectClient((await startTestOkq()).port);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

test("a full batch starts at once, the rest when its time to fill is over", async () => {
  const clock = new TestClock();
  const { port } = await startTestOkq({}, clock);
  const okq = connectClient(port, { clock });
  const batches: unknown[][] = [];
  const worker = okq.batchWorker(
    "q",
    (jobs) => void batches.push(jobs.map(({ contents }) => contents)),
    { size: 4, fillMs: 5_000 },
  );
  await okq.queue("q").pushMany(numbers(10));
  const claimed = async () => ((await okq.call("QLIST", "q")) as unknown[][])[1]!.length;
  await eventuallyEqual(() => batches, [numbers(4), [4, 5, 6, 7]]);
  await eventuallyEqual(claimed, 2);
  clock.advance(4_900);
  await okq.queue("q").push(10);
  await eventuallyEqual(claimed, 3);
  expect(batches).toHaveLength(2);
  clock.advance(100);
  await eventually(() => batches.length > 2);
  expect(batches[2]!.slice(0, 2)).toEqual([8, 9]);
  void worker.close();
  await worker.closed;
});

/** Runs a batch of events a, b and c. Resolves to what was told about each, and to what is left. */
async function outcomes(handler: BatchHandler<string>): Promise<Record<string, string>> {
  const okq = await connected();
  await okq.queue("q").pushMany(["a", "b", "c"], { ids: ["a", "b", "c"] });
  const worker = okq.batchWorker("q", handler, { size: 3 });
  const { told } = recorded(worker);
  const ends = () => told.filter(({ name }) => /done|retried|failed|snoozed/.test(name));
  await eventually(() => ends().length === 3);
  await worker.close();
  return Object.fromEntries(ends().map(({ id, name }) => [id, name]));
}

const all = (name: string) => ({ a: name, b: name, c: name });

test("nothing: all are done", async () => {
  expect(await outcomes(() => {})).toEqual(all("done"));
});

test("one outcome is that of all", async () => {
  expect(await outcomes(async () => fail("none of them"))).toEqual(all("failed"));
});

test("a list has the outcome of each, or promises for them", async () => {
  const failing = async () => await Promise.reject(new Error("c"));
  expect(await outcomes(() => [undefined, retry(1_000), failing()])).toEqual({
    a: "done",
    b: "retried",
    c: "retried",
  });
});

test("a map has outcomes by id or by event; the others are done", async () => {
  const seen = await outcomes(
    (jobs) =>
      new Map<Job<string> | string, Outcome>([
        ["b", fail("b")],
        [jobs[2]!, snooze(Date.now() + 60_000)],
      ]),
  );
  expect(seen).toEqual({ a: "done", b: "failed", c: "snoozed" });
});

test("an error is that of all", async () => {
  const handler = () => {
    throw new Error("database away");
  };
  expect(await outcomes(handler)).toEqual(all("retried"));
});

test("a list of another length says nothing about any event: all have failed", async () => {
  expect(await outcomes(() => [undefined])).toEqual(all("retried"));
});

test("a map with an unknown id says nothing about any event: all have failed", async () => {
  expect(await outcomes(() => new Map([["d", fail("no such id")]]))).toEqual(all("retried"));
});

test("the signal of an event aborts for itself, that of the batch when none is left", async () => {
  const clock = new TestClock();
  const { port } = await startTestOkq({}, clock);
  const okq = connectClient(port, { clock });
  await okq.queue("q").pushMany(["a", "b"], { ids: ["a", "b"] });
  let jobs: Job<string>[] = [];
  let batch: AbortSignal | null = null;
  const finish = Promise.withResolvers<void>();
  const worker = okq.batchWorker<string>(
    "q",
    (given, signal) => {
      [jobs, batch] = [given, signal];
      return finish.promise;
    },
    { size: 2 },
  );
  const told = recorded(worker);
  await told.until("popped", 2);
  await okq.call("QACK", "q", "a", "TOKEN", "*");
  clock.advance(15_000);
  await told.until("lost");
  expect(jobs.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  expect(batch!.aborted).toBe(false);
  await okq.call("QACK", "q", "b", "TOKEN", "*");
  clock.advance(15_000);
  await told.until("lost", 2);
  expect(batch!.reason).toBeInstanceOf(LeaseLostError);
  finish.resolve();
  await worker.close();
});

test("drain does not wait for a batch to fill", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany(numbers(25));
  const sizes: number[] = [];
  const worker = okq.batchWorker("q", (jobs) => void sizes.push(jobs.length), {
    size: 10,
    fillMs: 3_600_000,
  });
  await worker.drain();
  expect(sizes).toEqual([10, 10, 5]);
});

test("batches run side by side", async () => {
  const okq = await connected();
  await okq.queue("q").pushMany(numbers(40));
  const finish = Promise.withResolvers<void>();
  const options = { size: 10, concurrency: 3 };
  const worker = okq.batchWorker("q", () => finish.promise, options);
  await recorded(worker).until("popped", 30);
  expect(worker.running).toBe(3);
  finish.resolve();
  await worker.drain();
});
