// Who serves a prefix of an object store, and when another okq takes over.
import { expect, test } from "bun:test";
import { BucketError } from "../../../src/s3/bucket.ts";
import { Election, type ElectionOptions } from "../../../src/stores/local/objects/election.ts";
import { emptyManifest, encodeManifest } from "../../../src/stores/local/objects/manifest.ts";
import { logName, MANIFEST } from "../../../src/stores/local/objects/object-names.ts";
import { readManifest } from "../../../src/stores/local/objects/stored-manifest.ts";
import type { Tenure } from "../../../src/stores/local/objects/tenure.ts";
import { MemoryBucket, MemoryObjects } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";
import { serverInfo } from "./account.ts";

class Okq {
  readonly told: string[] = [];
  readonly tenures: Tenure[] = [];
  readonly election: Election;

  constructor(id: string, clock: TestClock, options: Partial<ElectionOptions>) {
    this.election = new Election({
      bucket: new MemoryBucket(new MemoryObjects(), clock),
      self: () => serverInfo(id),
      leaseMs: 1000,
      clock,
      reaches: async () => true,
      onServe: async (tenure) => void this.tenures.push(tenure),
      onServedBy: (server) => void this.told.push(`served by ${server?.id}`),
      onProblem: (error) => void this.told.push(error.message),
      ...options,
    });
    this.election.start();
  }
}

/** Lets everything run that waits for no timer. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function advance(clock: TestClock, ms: number): Promise<void> {
  const endMs = clock.nowMs() + ms;
  await idle();
  while (clock.step(endMs)) await idle();
}

async function bodies(tenure: Tenure): Promise<string[]> {
  const found: string[] = [];
  for await (const { seq, body } of tenure.tail()) found.push(`${seq} ${Buffer.from(body)}`);
  return found;
}

test("the first okq serves, and the next one reads what it appended", async () => {
  const clock = new TestClock();
  const bucket = new MemoryBucket(new MemoryObjects(), clock);
  const a = new Okq("a", clock, { bucket });
  await idle();
  const b = new Okq("b", clock, { bucket });
  await idle();
  expect(b.told).toEqual(["served by a"]);
  const [first] = a.tenures;
  expect(await bodies(first!)).toEqual([]);
  expect(await first!.append(Buffer.from("x"))).toBe(2);
  expect(await first!.append(Buffer.from("y"))).toBe(3);
  await a.election.stop();
  b.election.lookNow();
  await idle();
  expect(await bodies(b.tenures[0]!)).toEqual(["2 x", "3 y"]);
  expect(b.tenures[0]!.epoch).toBe(2);
  await b.election.stop();
});

test("an okq at the address of the serving one takes over when it starts, once", async () => {
  const clock = new TestClock();
  const bucket = new MemoryBucket(new MemoryObjects(), clock);
  const a = new Okq("a", clock, { bucket });
  await idle();
  const self = () => ({ ...serverInfo("b"), addr: "a:6379" });
  const b = new Okq("b", clock, { bucket, self });
  await idle();
  expect(b.tenures.map(({ epoch }) => epoch)).toEqual([2]);
  // The first one is alive, against all appearances: it must not do the same.
  await advance(clock, 60_000);
  expect([a.tenures.length, b.tenures.length]).toEqual([1, 1]);
  expect(a.told.at(-1)).toBe("served by b");
  await Promise.all([a.election.stop(), b.election.stop()]);
});

test("a standby takes over after a lease from an okq that does not answer", async () => {
  const clock = new TestClock();
  const objects = new MemoryObjects();
  let isAlive = true;
  const bucket = new MemoryBucket(objects, clock, (_, effect) =>
    isAlive ? Promise.resolve(effect()) : Promise.withResolvers<never>().promise,
  );
  const a = new Okq("a", clock, { bucket });
  await idle();
  await a.tenures[0]!.append(Buffer.from("x"));
  const other = new MemoryBucket(objects, clock);
  const b = new Okq("b", clock, { bucket: other, reaches: async () => false });
  await advance(clock, 20_000);
  expect(b.tenures).toEqual([]);
  isAlive = false;
  await advance(clock, 20_000);
  expect(await bodies(b.tenures[0]!)).toEqual(["2 x"]);
  await b.election.stop();
});

/** A bucket and a second one on the same objects, whose calls can be stopped. */
function buckets(clock: TestClock) {
  const objects = new MemoryObjects();
  const link = { isCut: false };
  const bucket = new MemoryBucket(objects, clock, async (_, effect) => {
    if (link.isCut) throw new BucketError("none", "cannot be reached");
    return effect();
  });
  return { bucket, other: new MemoryBucket(objects, clock), link };
}

test("of two that start at once on an empty prefix, one serves", async () => {
  const clock = new TestClock();
  const { bucket, other } = buckets(clock);
  const [a, b] = [new Okq("a", clock, { bucket }), new Okq("b", clock, { bucket: other })];
  await advance(clock, 5000);
  expect([a.tenures.length, b.tenures.length]).toEqual([1, 0]);
  expect(b.told).toEqual(["served by a"]);
});

test("an okq that is cut off from the store is replaced, and serves again later", async () => {
  const clock = new TestClock();
  const { bucket, other, link } = buckets(clock);
  const a = new Okq("a", clock, { bucket, reaches: async () => false });
  await idle();
  const b = new Okq("b", clock, { bucket: other, reaches: async () => !link.isCut });
  await advance(clock, 1000);
  link.isCut = true;
  const appended = a.tenures[0]!.append(Buffer.from("x")).catch((error: Error) => error.message);
  await advance(clock, 15_000);
  expect(b.tenures).toHaveLength(1);
  expect(await appended).toBe("cannot be reached");
  link.isCut = false;
  await advance(clock, 1000);
  expect(await a.tenures[0]!.fenced).toBe("the okq at b:6379 took over (epoch 2)");
  expect(a.told.at(-1)).toBe("served by b");
  await b.election.stop();
  await advance(clock, 10_000);
  expect(a.tenures).toHaveLength(2);
});

test("an okq answers challenges while it loads", async () => {
  const clock = new TestClock();
  const { bucket, other } = buckets(clock);
  const loaded = Promise.withResolvers<void>();
  const a = new Okq("a", clock, { bucket, onServe: () => loaded.promise });
  await idle();
  const b = new Okq("b", clock, { bucket: other, reaches: async () => false });
  await advance(clock, 60_000);
  expect(b.tenures).toEqual([]);
  const { manifest } = (await readManifest(bucket))!;
  expect([manifest.epoch, manifest.challenge]).toEqual([1, null]);
  // Two changes for each challenge, which become rare.
  expect(manifest.version).toBeLessThan(30);
  loaded.resolve();
  await a.election.stop();
});

test("an okq that has just taken over is not challenged at the first look", async () => {
  const clock = new TestClock();
  const { bucket, other } = buckets(clock);
  const a = new Okq("a", clock, { bucket });
  await idle();
  const b = new Okq("b", clock, { bucket: other });
  let isLoading = true;
  const c = new Okq("c", clock, { bucket, reaches: async ({ id }) => id === "a" || !isLoading });
  await idle();
  await a.election.stop();
  b.election.lookNow();
  await idle();
  c.election.lookNow();
  await idle();
  const { version } = (await readManifest(bucket))!.manifest;
  expect(b.tenures).toHaveLength(1);
  isLoading = false;
  await advance(clock, 5000);
  expect(c.told).toEqual(["served by a", "served by b"]);
  expect((await readManifest(bucket))!.manifest.version).toBe(version);
});

test("nobody takes over within the lease of the serving okq, if that is longer", async () => {
  const clock = new TestClock();
  const { bucket, other, link } = buckets(clock);
  const a = new Okq("a", clock, { bucket, leaseMs: 30_000 });
  await idle();
  const b = new Okq("b", clock, { bucket: other, reaches: async () => false });
  link.isCut = true;
  await advance(clock, 29_000);
  expect(b.tenures).toEqual([]);
  await advance(clock, 5000);
  expect(b.tenures).toHaveLength(1);
  void a;
});

test("an okq that cannot load lets another one serve, and tells why once", async () => {
  const clock = new TestClock();
  const { bucket, other } = buckets(clock);
  const onServe = () => Promise.reject(new Error("no room"));
  const a = new Okq("a", clock, { bucket, onServe });
  await idle();
  const b = new Okq("b", clock, { bucket: other });
  await advance(clock, 5000);
  expect(b.tenures).toHaveLength(1);
  expect(a.told.filter((line) => line === "no room")).toHaveLength(1);
});

test("an okq that is named though it does not serve takes over again", async () => {
  const clock = new TestClock();
  const { bucket } = buckets(clock);
  // The request of this okq to take over arrived when it had given up.
  const server = serverInfo("a");
  const late = { ...emptyManifest, version: 1, write: "w", epoch: 1, store: bucket.url, server };
  await bucket.create(MANIFEST, encodeManifest(late));
  const a = new Okq("a", clock, { bucket });
  await idle();
  expect(a.tenures.map(({ epoch }) => epoch)).toEqual([2]);
  await a.election.stop();
});

test("does not begin anew where the manifest was lost; other objects are ignored", async () => {
  const clock = new TestClock();
  const { bucket } = buckets(clock);
  await bucket.write("log/readme.txt", Buffer.from("x"));
  const a = new Okq("a", clock, { bucket });
  await idle();
  expect(a.tenures).toHaveLength(1);
  await a.election.stop();
  await bucket.remove([MANIFEST]);
  const b = new Okq("b", clock, { bucket });
  await advance(clock, 60_000);
  expect(b.tenures).toEqual([]);
  const problem = `s3://test/queues/${MANIFEST} is missing; other objects of okq are there`;
  expect(b.told).toEqual([problem]);
  await b.election.stop();
  expect(bucket.objects.byName.has(logName(1))).toBe(true);
});

test("does not touch the manifest of a newer okq", async () => {
  const clock = new TestClock();
  const { bucket } = buckets(clock);
  await bucket.write(MANIFEST, Buffer.from('{"format":2}'));
  const a = new Okq("a", clock, { bucket });
  await advance(clock, 60_000);
  expect(a.told).toEqual([
    `s3://test/queues/${MANIFEST} was written by a newer okq: its format is 2`,
  ]);
  expect(bucket.objects.byName.size).toBe(1);
  await a.election.stop();
});

test("an idle okq puts nothing", async () => {
  const clock = new TestClock();
  const calls: string[] = [];
  const bucket = new MemoryBucket(new MemoryObjects(), clock, async (call, effect) => {
    calls.push(call);
    return effect();
  });
  const a = new Okq("a", clock, { bucket });
  await idle();
  calls.length = 0;
  await advance(clock, 3600_000);
  expect([...new Set(calls)]).toEqual([`readIfChanged ${MANIFEST}`]);
  await a.election.stop();
});
