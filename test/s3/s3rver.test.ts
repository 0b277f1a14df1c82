// S3Bucket on s3rver, a server that others wrote: headers, lists in XML, and errors. It does not
// check signatures of version 4, which the stand-in does. It knows no conditions of writes, so it
// is also an object store that okq refuses.
import { expect, test } from "bun:test";
import { BucketError } from "../../src/s3/bucket.ts";
import { probeBucket } from "../../src/s3/probe.ts";
import type { S3BucketOptions } from "../../src/s3/s3-bucket.ts";
import { eventually } from "../support/eventually.ts";
import { itsKeys, openOnS3rver } from "./open-on-s3rver.ts";
import { credentialsOf } from "./open-test-bucket.ts";

test("s3rver accepts all requests, with = . - _ ~ in names", async () => {
  const bucket = await openOnS3rver({ prefix: "a=1/b.c/~d_e-f" });
  const body = new Uint8Array(300_000).map((_, at) => at % 251);
  await bucket.write("log/1", body);
  // It answers a PUT before the file is written.
  const found = await eventually(async () => {
    const read = await bucket.read("log/1");
    return read && Buffer.compare(read.body, body) === 0 ? read : null;
  });
  expect(found.etag).toBe(new Bun.MD5().update(body).digest("hex"));
  expect(Math.abs(found.nowMs - Date.now())).toBeLessThan(60_000);
  expect(await bucket.readIfChanged("log/1", found.etag)).toBeNull();
  expect(await bucket.read("log/2")).toBeNull();
  await bucket.remove(["log/1", "log/2"]);
  expect(await bucket.read("log/1")).toBeNull();
});

test("reads lists of s3rver, from their beginning and from behind a name", async () => {
  const bucket = await openOnS3rver();
  const names = Array.from({ length: 20 }, (_, at) => `log/${String(at).padStart(5, "0")}`);
  await Promise.all(names.map((name) => bucket.write(name, Buffer.from("x"))));
  await bucket.write("manifest.json", Buffer.from("{}"));
  const { objects, isLast, nowMs } = await eventually(async () => {
    const page = await bucket.list("log/", "");
    return page.objects.every(({ bytes }) => bytes === 1) ? page : null;
  });
  expect(isLast).toBeTrue();
  expect(objects.map(({ name }) => name)).toEqual(names);
  for (const { modifiedMs } of objects) {
    expect(Math.abs(modifiedMs - nowMs)).toBeLessThan(60_000);
  }
  const behind = await bucket.list("log/", names[11]!);
  expect(behind.objects.map(({ name }) => name)).toEqual(names.slice(12));
});

test.each<[string, Partial<S3BucketOptions>, RegExp]>([
  [
    "another key",
    { credentials: credentialsOf({ ...itsKeys, accessKeyId: "other" }) },
    /403 InvalidAccessKeyId.*; the object store does not know the access key$/,
  ],
  ["another bucket", { bucket: "other" }, /404 NoSuchBucket.*; create the bucket first/],
  [
    "another time",
    { nowMs: () => Date.now() - 3_600_000 },
    /403 RequestTimeTooSkewed.*; the clock of this machine is wrong/,
  ],
])("understands how s3rver refuses %s", async (_, options, message) => {
  const bucket = await openOnS3rver(options);
  const error = await bucket.read("log/1").catch((reason: Error) => reason);
  expect(error).toBeInstanceOf(BucketError);
  expect(error).toMatchObject({ outcome: "none", mayPass: false });
  expect((error as Error).message).toMatch(message);
});

test("the probe finds that s3rver ignores conditions", async () => {
  const bucket = await openOnS3rver();
  await expect(probeBucket(bucket)).rejects.toThrow(
    "cannot use s3://bucket/okq/a=1: the object store ignores If-None-Match of a PUT, so that",
  );
  expect((await bucket.list("", "")).objects).toEqual([]);
});
