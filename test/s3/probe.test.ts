// The probe at start: it accepts an object store with conditions, names the one that is ignored,
// and leaves nothing behind.
import { expect, test } from "bun:test";
import type { Bucket } from "../../src/s3/bucket.ts";
import { probeBucket } from "../../src/s3/probe.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type S3ServerOptions, startS3 } from "../support/s3-server.ts";
import { startWitness, witnessProblem } from "../support/s3-witness.ts";
import type { FaultKind } from "../support/s3/s3-faults.ts";
import { openTestBucket } from "./open-test-bucket.ts";

function start(options: S3ServerOptions = {}) {
  const s3 = closeAfterTest(startS3(options));
  return { s3, bucket: openTestBucket(s3.url) };
}

test("accepts an object store with conditions", async () => {
  const { s3, bucket } = start();
  await probeBucket(bucket);
  expect(s3.keysIn()).toEqual([]);
});

const problem = witnessProblem();

test.skipIf(problem !== null)(`accepts R2${problem === null ? "" : `: ${problem}`}`, async () => {
  const bucket = openTestBucket(closeAfterTest(await startWitness()).url);
  await probeBucket(bucket);
  expect((await bucket.list("", "")).objects).toEqual([]);
});

test("refuses an object store that does not know conditions", async () => {
  const { bucket } = start({ refusesConditions: true });
  await expect(probeBucket(bucket)).rejects.toThrow(
    /^cannot write probe\/.*: 501 NotImplemented: .*; the object store lacks something that okq/,
  );
});

test.each<[S3ServerOptions, string]>([
  [{ ignoresIfNoneMatch: true }, "ignores If-None-Match of a PUT, so that two okq processes"],
  [{ ignoresIfMatch: true }, "ignores If-Match of a PUT, so that two okq processes"],
])("refuses an object store with %j", async (weakness, message) => {
  const { s3, bucket } = start(weakness);
  await expect(probeBucket(bucket)).rejects.toThrow(
    `cannot use s3://bucket/okq/a=1: the object store ${message}`,
  );
  expect(s3.keysIn()).toEqual([]);
});

/** A bucket whose first write of that kind reaches the object store twice. */
function repeating(bucket: Bucket, method: "create" | "replace"): Bucket {
  let isFirst = true;
  const twice = async (name: string, body: Uint8Array, etag: string) => {
    const call = () => bucket[method](name, body, etag);
    const answer = await call();
    if (!isFirst || answer === null) return answer;
    isFirst = false;
    return call();
  };
  return new Proxy(bucket, {
    get: (target, property) => {
      if (property === method) return twice;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test.each(["create", "replace"] as const)("accepts that its own %s came twice", async (method) => {
  const { s3, bucket } = start();
  await probeBucket(repeating(bucket, method));
  expect(s3.counts().put).toBe(5);
  expect(s3.keysIn()).toEqual([]);
});

test("removes probes of other okq processes once they are an hour old", async () => {
  const { s3, bucket } = start();
  await bucket.write("probe/old", Buffer.from("1"));
  s3.moveClock(3_700_000);
  const nowMs = () => s3.nowMs();
  const later = openTestBucket(s3.url, { nowMs });
  await later.write("probe/new", Buffer.from("1"));
  await probeBucket(later);
  expect(s3.keysIn()).toEqual(["okq/a=1/probe/new"]);
});

test("says what the object store says at last, and removes the probe if it can", async () => {
  const { s3, bucket } = start();
  s3.fault({ kind: "error-before", operation: "put", skip: 1 });
  const troubles: string[] = [];
  const onTrouble = ({ message }: Error) => void troubles.push(message);
  await expect(probeBucket(bucket, { patienceMs: 250, onTrouble })).rejects.toThrow(
    /^cannot write probe\/.*: 500 InternalError/,
  );
  expect(troubles).toEqual([expect.stringContaining("500 InternalError")]);
  expect(s3.counts().put).toBe(3);
  expect(s3.keysIn()).toEqual([]);
});

test("does not try again if the object store will say the same again", async () => {
  const { s3 } = start();
  const bucket = openTestBucket(s3.url, { region: "eu-west-1" });
  await expect(probeBucket(bucket)).rejects.toThrow(/: --s3-region us-east-1$/);
  expect(s3.counts().put).toBe(1);
});

test.each<FaultKind>(["error-before", "error-after", "cut-before", "cut-after", "slow-down"])(
  "is patient with %s",
  async (kind) => {
    const { s3, bucket } = start();
    for (const skip of [0, 4, 8]) s3.fault({ kind, skip, times: 1 });
    await probeBucket(bucket);
    expect(s3.keysIn()).toEqual([]);
  },
);
