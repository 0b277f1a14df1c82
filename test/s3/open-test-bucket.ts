// Opens an S3Bucket on a server of the tests.
import { closeAfterTest } from "../support/close-after-test.ts";
import { testKey } from "../support/s3-server.ts";
import { CredentialSource } from "../../src/s3/credentials/credential-source.ts";
import type { CredentialPlace, Credentials } from "../../src/s3/credentials/credentials.ts";
import { S3Bucket, type S3BucketOptions } from "../../src/s3/s3-bucket.ts";

export const keys: Credentials = {
  accessKeyId: testKey.accessKey,
  secretAccessKey: testKey.secret,
  sessionToken: null,
  endMs: null,
};

/** Each renewal gives the next one of these, and in the end always the last. */
export function credentialsOf(...all: Credentials[]): CredentialSource {
  let next = 0;
  const place: CredentialPlace = {
    find: async () => all[Math.min(next++, all.length - 1)]!,
  };
  return new CredentialSource({ places: [place], onProblem: () => {} });
}

export function openTestBucket(endpoint: string, options: Partial<S3BucketOptions> = {}): S3Bucket {
  return closeAfterTest(
    new S3Bucket({
      bucket: "bucket",
      prefix: "okq/a=1",
      endpoint,
      isPathStyle: true,
      region: "us-east-1",
      credentials: credentialsOf(keys),
      ca: null,
      encryption: "",
      timeoutMs: 5000,
      ...options,
    }),
  );
}
