// A Bucket gives the same answers on our stand-in for S3, on R2 and s3rver, which others wrote, and
// in memory, whatever it is asked.
import { expect, test } from "bun:test";
import { systemClock } from "../../src/queue/clock.ts";
import type { Bucket } from "../../src/s3/bucket.ts";
import { Random } from "../stores/random.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { MemoryBucket, MemoryObjects } from "../support/memory-bucket.ts";
import { startS3, type S3ServerOptions } from "../support/s3-server.ts";
import { startWitness, witnessProblem } from "../support/s3-witness.ts";
import { type Call, firstDifference, type Method, randomCalls } from "./bucket-comparison.ts";
import { openOnS3rver } from "./open-on-s3rver.ts";
import { openTestBucket } from "./open-test-bucket.ts";

const problem = witnessProblem();
const witnessed = test.skipIf(problem !== null);
const suffix = problem === null ? "" : `: ${problem}`;
const seeds = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? [1, 2, 3];

const withoutConditions: Method[] = ["read", "readIfChanged", "write", "remove", "list"];
const all: Method[] = [...withoutConditions, "create", "replace"];

function callsOf(seed: number, methods: Method[] = all): Call[] {
  return randomCalls(200, new Random(seed), methods);
}

function openStandIn(options: S3ServerOptions = {}): Bucket {
  return openTestBucket(closeAfterTest(startS3(options)).url);
}

async function openR2(): Promise<Bucket> {
  return openTestBucket(closeAfterTest(await startWitness()).url);
}

for (const seed of seeds) {
  witnessed(`R2 gives the same answers (seed ${seed})${suffix}`, async () => {
    expect(await firstDifference(openStandIn(), await openR2(), callsOf(seed))).toBe(null);
  });

  test(`s3rver gives the same answers without conditions (seed ${seed})`, async () => {
    // It answers a PUT before the file is written, so each one is awaited.
    const calls = callsOf(seed, withoutConditions).flatMap<Call>((call) =>
      call.method === "write" ? [call, { ...call, method: "read" }] : [call],
    );
    const s3rver = await openOnS3rver();
    expect(await firstDifference(openStandIn(), s3rver, calls, { isLate: true })).toBe(null);
  });

  test(`the bucket in memory gives the same answers (seed ${seed})`, async () => {
    const memory = new MemoryBucket(new MemoryObjects(), systemClock);
    expect(await firstDifference(openStandIn(), memory, callsOf(seed))).toBe(null);
  });
}

test("the comparison finds an object store without conditions", async () => {
  for (const weakness of ["ignoresIfMatch", "ignoresIfNoneMatch"] as const) {
    const weak = openStandIn({ [weakness]: true });
    expect(await firstDifference(openStandIn(), weak, callsOf(1))).not.toBe(null);
  }
});
