// okq processes that share a bucket of the stand-in for S3.
import { type ListeningOkq, startOkqProcess } from "./okq-process.ts";
import type { ProcessOptions } from "./process.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { type S3Process, startS3Process } from "./s3/s3-process.ts";
import { testKey } from "./s3-server.ts";

export interface BucketOfOkq {
  s3: S3Process;
  /** Starts an okq there, on that port or a free one. */
  start(args?: string[], port?: number, options?: ProcessOptions): Promise<ListeningOkq>;
}

export async function startBucket(leaseMs = 500): Promise<BucketOfOkq> {
  const s3 = closeAfterTest(await startS3Process());
  const place = ["--store", "s3://bucket/queues", "--s3-endpoint", s3.url];
  const key = ["--s3-access-key-id", testKey.accessKey, "--s3-secret-access-key", testKey.secret];
  const options = [...place, ...key, "--s3-lease", String(leaseMs)];
  return {
    s3,
    start: (args = [], port = 0, process = {}) =>
      startOkqProcess([...options, ...args], port, process),
  };
}
