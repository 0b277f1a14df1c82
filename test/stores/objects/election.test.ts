// Who serves a prefix of an object store, and when another okq takes over.
import { expect, test } from "bun:test";
import { Election, type ElectionOptions } from "../../../src/stores/local/objects/election.ts";
import type { ServerInfo } from "../../../src/stores/local/objects/manifest.ts";
import type { Tenure } from "../../../src/stores/local/objects/tenure.ts";
import { MemoryBucket, MemoryObjects } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";

function serverInfo(id: string): ServerInfo {
  return {
    id,
    addr: `${id}:6379`,
    isTls: false,
    certificate: null,
    httpAddr: null,
    isHttps: false,
    secret: "secret",
    sinceMs: 1,
    version: "1",
  };
}

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

test("an okq that starts at the address of the one that serves takes over at once, and once", async () => {
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
