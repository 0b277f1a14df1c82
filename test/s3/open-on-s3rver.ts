// Opens an S3Bucket on s3rver, a server that others wrote. It knows no conditions of writes.
import S3rver from "s3rver";
import type { S3Bucket, S3BucketOptions } from "../../src/s3/s3-bucket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { credentialsOf, keys, openTestBucket } from "./open-test-bucket.ts";

/** The key that s3rver knows. */
export const itsKeys = { ...keys, accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

export async function openOnS3rver(options: Partial<S3BucketOptions> = {}): Promise<S3Bucket> {
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    directory: newFolder(),
    silent: true,
    configureBuckets: [{ name: "bucket", configs: [] }],
  });
  const { port } = await server.run();
  closeAfterTest(server);
  return openTestBucket(`http://127.0.0.1:${port}`, {
    credentials: credentialsOf(itsKeys),
    ...options,
  });
}
