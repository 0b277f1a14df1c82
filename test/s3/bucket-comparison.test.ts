// S3Bucket gets the same from the stand-in for S3 and from R2, whatever it asks.
import { expect, test } from "bun:test";
import type { Bucket } from "../../src/s3/bucket.ts";
import { Random } from "../stores/random.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startS3, type S3ServerOptions } from "../support/s3-server.ts";
import { startWitness, witnessProblem } from "../support/s3-witness.ts";
import { firstDifference, randomCalls } from "./bucket-comparison.ts";
import { openTestBucket } from "./open-test-bucket.ts";

const problem = witnessProblem();
const witnessed = test.skipIf(problem !== null);
const suffix = problem === null ? "" : `: ${problem}`;
const seeds = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? [1, 2, 3];

function openStandIn(options: S3ServerOptions = {}): Bucket {
  return openTestBucket(closeAfterTest(startS3(options)).url);
}

async function openR2(): Promise<Bucket> {
  return openTestBucket(closeAfterTest(await startWitness()).url);
}

function callsOf(seed: number) {
  return randomCalls(200, new Random(seed), [
    "read",
    "readIfChanged",
    "create",
    "replace",
    "write",
    "remove",
    "list",
  ]);
}

for (const seed of seeds) {
  witnessed(`gets the same from R2 (seed ${seed})${suffix}`, async () => {
    expect(await firstDifference(openStandIn(), await openR2(), callsOf(seed))).toBe(null);
  });
}

witnessed(`the comparison finds an object store without conditions${suffix}`, async () => {
  for (const weakness of ["ignoresIfMatch", "ignoresIfNoneMatch"] as const) {
    const bucket = openStandIn({ [weakness]: true });
    expect(await firstDifference(bucket, await openR2(), callsOf(1))).not.toBe(null);
  }
});
