// An okq on a bucket that cannot use the folder of its scratch file.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startS3 } from "../support/s3-server.ts";

test.each([
  [join(import.meta.path, "folder"), "ENOTDIR"],
  [import.meta.path, "it is not a folder"],
])("with %s it ends before it asks the object store for anything", async (folder, reason) => {
  const s3 = closeAfterTest(startS3());
  const started = startTestOkq({ store: "s3://bucket/p", s3Endpoint: s3.url, s3Scratch: folder });
  await expect(started).rejects.toThrow(`${folder} (--s3-scratch): ${reason}`);
  expect(Object.values(s3.counts()).every((count) => count === 0)).toBe(true);
});
