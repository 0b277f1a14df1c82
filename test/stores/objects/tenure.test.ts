// The time in which an okq serves, with each fault of the object store.
import { expect, test } from "bun:test";
import { BucketError } from "../../../src/s3/bucket.ts";
import type { AppendError } from "../../../src/stores/local/objects/append-error.ts";
import { encodeLogObject, newWriteId } from "../../../src/stores/local/objects/log-object.ts";
import type { Manifest } from "../../../src/stores/local/objects/manifest.ts";
import { logName, MANIFEST, partName } from "../../../src/stores/local/objects/object-names.ts";
import { readManifest } from "../../../src/stores/local/objects/stored-manifest.ts";
import { takeOver } from "../../../src/stores/local/objects/take-over.ts";
import type { Tenure } from "../../../src/stores/local/objects/tenure.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";
import { serverInfo } from "./account.ts";

const LEASE_MS = 1000;
const HOUR_MS = 61 * 60_000;

/** A bucket whose calls may fail, and its okq processes. */
class Bench {
  readonly clock = new TestClock();
  readonly objects = new MemoryObjects();
  /** Called before each call that changes something. */
  fault: Passage = async (_, effect) => effect();
  readonly bucket = new MemoryBucket(this.objects, this.clock, (call, effect) =>
    this.fault(call, effect),
  );

  async takeOver(): Promise<Tenure> {
    const tenure = await takeOver({
      bucket: this.bucket,
      clock: this.clock,
      leaseMs: LEASE_MS,
      timeoutMs: 2000,
      server: serverInfo("a"),
      from: await readManifest(this.bucket),
      isWanted: () => true,
    });
    return tenure!;
  }

  async manifest(): Promise<Manifest> {
    return (await readManifest(this.bucket))!.manifest;
  }

  get names(): string[] {
    return [...this.objects.byName.keys()].toSorted();
  }

  /** Lets everything run, and time pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    do {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    } while (this.clock.step(endMs));
  }

  /** Fails creations in the log so often; the effect may take place before. */
  failCreates(times: number, outcome: "none" | "unknown", isDone: boolean): void {
    let left = times;
    this.fault = async (call, effect) => {
      if (!call.startsWith("create log/") || left-- <= 0) return effect();
      if (isDone) effect();
      throw new BucketError(outcome, "the network fails");
    };
  }
}

async function bodies(tenure: Tenure): Promise<string[]> {
  const found: string[] = [];
  for await (const { body } of tenure.tail()) found.push(Buffer.from(body).toString());
  return found;
}

function append(tenure: Tenure, body: string): Promise<number | AppendError["outcome"]> {
  return tenure.append(Buffer.from(body)).catch((error: AppendError) => error.outcome);
}

test.each([
  ["none", false],
  ["unknown", false],
  ["unknown", true],
] as const)(
  "appends when the object store fails for a moment: %s, done: %p",
  async (how, isDone) => {
    const bench = new Bench();
    const tenure = await bench.takeOver();
    bench.failCreates(2, how, isDone);
    const appended = append(tenure, "x");
    await bench.pass(1000);
    expect(await appended).toBe(2);
    expect(await append(tenure, "y")).toBe(3);
    expect(await bodies(await bench.takeOver())).toEqual(["x", "y"]);
  },
);

test("an append that certainly failed is not done, and the next one has its place", async () => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  bench.failCreates(Infinity, "none", false);
  const appended = append(tenure, "x");
  await bench.pass(5000);
  expect(await appended).toBe("away");
  // While the object store is away, others need not wait for as long.
  const another = append(tenure, "x");
  await bench.pass(0);
  expect(await another).toBe("away");
  bench.failCreates(0, "none", false);
  expect(await append(tenure, "y")).toBe(2);
  expect(await bodies(await bench.takeOver())).toEqual(["y"]);
});

test.each([false, true])(
  "settles an append that may have been done; it was: %p",
  async (isDone) => {
    const bench = new Bench();
    const tenure = await bench.takeOver();
    bench.failCreates(Infinity, "unknown", isDone);
    const appended = append(tenure, "x");
    await bench.pass(5000);
    expect(await appended).toBe("unknown");
    expect(await append(tenure, "y")).toBe("away");
    expect(() => tenure.confirm()).toThrow("the network fails");
    bench.failCreates(0, "none", false);
    await bench.pass(1000);
    expect(await append(tenure, "z")).toBe(3);
    expect(await bodies(await bench.takeOver())).toEqual(["x", "z"]);
  },
);

test("an okq that was replaced appends nothing", async () => {
  const bench = new Bench();
  const old = await bench.takeOver();
  const next = await bench.takeOver();
  expect(await append(old, "x")).toBe("fenced");
  expect(await old.fenced).toBe("another okq took over (epoch 2)");
  await expect(old.append(Buffer.from("y"))).rejects.toThrow("another okq took over (epoch 2)");
  expect(() => old.confirm()).toThrow("another okq took over (epoch 2)");
  expect(await bodies(next)).toEqual([]);
});

test("an object that arrives before the fence of the next okq is part of the log", async () => {
  const bench = new Bench();
  const old = await bench.takeOver();
  bench.failCreates(1, "unknown", false);
  const appended = append(old, "x");
  await bench.pass(0);
  // It is sent again when the next okq has looked for the end of the log, before its fence.
  let isFirst = true;
  bench.fault = async (call, effect) => {
    if (call.startsWith("create log/") && isFirst) {
      isFirst = false;
      await bench.pass(100);
    }
    return effect();
  };
  const next = await bench.takeOver();
  expect(await appended).toBe(2);
  expect(await bodies(next)).toEqual(["x"]);
  expect(await append(old, "y")).toBe("fenced");
});

test("reads need a confirmation within half a lease", async () => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  expect(tenure.confirm()).toBeUndefined();
  bench.fault = async () => {
    throw new BucketError("none", "the network fails");
  };
  await bench.pass(LEASE_MS / 2);
  const confirmed = Promise.resolve(tenure.confirm()).catch((error: AppendError) => error.outcome);
  await bench.pass(5000);
  expect(await confirmed).toBe("away");
  bench.failCreates(0, "none", false);
  await bench.pass(1000);
  expect(tenure.confirm()).toBeUndefined();
});

test("tries rarely to delete what it may not delete, and tells why", async () => {
  const bench = new Bench();
  await bench.takeOver();
  const tenure = await bench.takeOver();
  await bodies(tenure);
  let tries = 0;
  bench.fault = async (call, effect) => {
    if (!call.startsWith("remove")) return effect();
    tries++;
    throw new BucketError("none", "403 AccessDenied", false);
  };
  const name = tenure.nameSegment(1, 2);
  await bench.bucket.write(name, Buffer.from("s"));
  tenure.drop(name);
  await bench.pass(HOUR_MS);
  expect(tries).toBeLessThan(100);
  expect(tenure.deletionFailure).toBe("403 AccessDenied");
  bench.fault = async (_, effect) => effect();
  await bench.pass(HOUR_MS);
  expect(tenure.deletionFailure).toBeNull();
  expect(bench.names).not.toContain(name);
});

test("deletes what a snapshot replaces, and old fences after an hour", async () => {
  const bench = new Bench();
  await bench.takeOver();
  const tenure = await bench.takeOver();
  await append(tenure, "x");
  await bodies(tenure);
  for (const [seq, first] of [
    [3, 1],
    [4, 4],
  ] as const) {
    if (first > 1) await append(tenure, "y");
    const name = tenure.nameSnapshot(seq);
    await bench.bucket.write(partName(name, 0), Buffer.from("s"));
    await bench.bucket.write("log/of somebody else", Buffer.from("s"));
    await tenure.publish({ snapshot: { name, parts: 1, bytes: 1, seq }, segments: [] });
    await bench.pass(1000);
    const fences = first === 1 ? [logName(1), logName(2)] : [];
    const rest = ["log/of somebody else", MANIFEST, partName(name, 0)];
    expect(bench.names).toEqual([...fences, ...rest]);
    await bench.pass(HOUR_MS);
  }
  expect((await bench.manifest()).fences).toEqual([]);
});

test("a dropped snapshot is deleted, one that is written is not", async () => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  await bodies(tenure);
  const names = [tenure.nameSnapshot(1), tenure.nameSnapshot(1)];
  for (const name of names) await bench.bucket.write(partName(name, 0), Buffer.from("s"));
  tenure.drop(names[0]!);
  await bench.pass(1000);
  const left = bench.names.filter((name) => name.startsWith("snapshot/"));
  expect(left).toEqual([partName(names[1]!, 0)]);
});

test("names an object of the log that is missing", async () => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  for (const body of ["x", "y", "z"]) await append(tenure, body);
  await bench.bucket.remove([logName(3)]);
  const next = await bench.takeOver();
  await expect(bodies(next)).rejects.toThrow(`s3://test/queues/${logName(3)} is missing`);
});

test("names an object of the log that an older epoch put behind a fence", async () => {
  const bench = new Bench();
  await bench.takeOver();
  const tenure = await bench.takeOver();
  await append(tenure, "x");
  const head = { kind: "changes", epoch: 1, seq: 4, write: newWriteId() } as const;
  await bench.bucket.create(logName(4), await encodeLogObject({ ...head, body: Buffer.from("z") }));
  const next = await bench.takeOver();
  await expect(bodies(next)).rejects.toThrow("is damaged: epoch 1 behind epoch 2");
});

test.each([
  ["is gone", async (bench: Bench) => bench.bucket.remove([MANIFEST])],
  [
    "is damaged: it is not JSON",
    async (bench: Bench) => bench.bucket.write(MANIFEST, Buffer.from("{")),
  ],
])("an okq stops serving when the manifest %s", async (message, change) => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  await change(bench);
  await bench.pass(LEASE_MS);
  expect(await tenure.fenced).toBe(`s3://test/queues/${MANIFEST} ${message}`);
  expect(await append(tenure, "x")).toBe("fenced");
});

test("a released okq is not named any more, and another one takes over", async () => {
  const bench = new Bench();
  const tenure = await bench.takeOver();
  await append(tenure, "x");
  await tenure.release();
  expect((await bench.manifest()).server).toBeNull();
  expect(await append(tenure, "y")).toBe("fenced");
  expect(bench.clock.timers).toBe(0);
  expect(await bodies(await bench.takeOver())).toEqual(["x"]);
});

test("an okq that slept for hours does not trust an object that it created", async () => {
  const bench = new Bench();
  const old = await bench.takeOver();
  const sleeps = Promise.withResolvers<void>();
  const { fault } = bench;
  bench.fault = async (call, effect) => {
    if (call === `create ${logName(2)}`) await sleeps.promise;
    return effect();
  };
  const appended = append(old, "x");
  await bench.pass(0);
  const slept = bench.clock;
  // The fence is at the place of its object, and deleted an hour later.
  bench.fault = fault;
  const next = await bench.takeOver();
  await bodies(next);
  await append(next, "y");
  bench.objects.byName.delete(logName(2));
  const late = slept.nowMs() + HOUR_MS;
  while (slept.nowMs() < late) slept.step(late);
  sleeps.resolve();
  await bench.pass(0);
  expect(await appended).toBe("unknown");
});
