// A person copies all objects of a prefix that is in use to another one. An okq that is started
// there has nothing to do with the okq that is named in the copied manifest.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { S3Okq, startS3Okqs, PREFIX, type S3Okqs } from "../support/s3-okq.ts";
import { freePort } from "../support/free-port.ts";
import { startS3, type S3Server } from "../support/s3-server.ts";
import { signedFetch } from "../support/s3/signed-fetch.ts";

setDefaultTimeout(60_000);

async function copyAll({ s3, all }: S3Okqs, prefix: string): Promise<void> {
  for (const key of s3.keysIn("bucket", `${PREFIX}/`)) {
    const url = `${s3.url}/bucket/${prefix}${key.slice(PREFIX.length)}`;
    const body = s3.bodyOf(key)!;
    const { status } = await signedFetch(url, { method: "PUT", body, key: all[0]!.key });
    expect(status).toBe(200);
  }
}

test("an okq on copied objects serves them, and passes nothing on", async () => {
  const okqs = await startS3Okqs({ count: 1 });
  const first = okqs.all[0]!;
  const client = closeAfterTest(await first.connect());
  await client.call("QPUSH", "q", "original");
  await copyAll(okqs, "copy");
  const args = ["--store=s3://bucket/copy"];
  const copied = new S3Okq("okq-copy", await freePort(), okqs.s3, { args });
  await copied.start();
  const other = closeAfterTest(await copied.connect());
  const popped = await eventually(async () => {
    const reply = await other.call("QRPOP", "q", "NOACK");
    return Array.isArray(reply) ? reply : null;
  });
  expect(popped).toEqual([expect.any(Buffer), Buffer.from("original")]);
  expect(await other.call("QRPOP", "q", "NOACK")).toBeNull();
  expect(await client.call("QRPOP", "q", "NOACK")).toEqual([
    expect.any(Buffer),
    Buffer.from("original"),
  ]);
});

/** Another object store with the same objects under the same names. */
function copyElsewhere({ s3 }: S3Okqs): S3Server {
  const other = closeAfterTest(startS3());
  other.restore(s3.dump());
  return other;
}

test("one on objects that were copied while none served serves them", async () => {
  const okqs = await startS3Okqs({ count: 1 });
  const first = okqs.all[0]!;
  const client = closeAfterTest(await first.connect());
  await client.call("QPUSH", "q", "original");
  await first.stop();
  const elsewhere = copyElsewhere(okqs);
  await first.start();
  const copied = new S3Okq("okq-copy", await freePort(), elsewhere, {});
  await copied.start();
  for (const okq of [first, copied]) {
    const other = closeAfterTest(await okq.connect());
    await eventually(async () => (await other.call("LLEN", "q")) === 1);
    expect(await other.call("QRPOP", "q", "NOACK")).toBeArray();
    expect(await other.call("LLEN", "q")).toBe(0);
  }
});

// The README says so: nothing tells the copy from the original by its names.
test("one on objects that were copied meanwhile stands by for the original", async () => {
  const okqs = await startS3Okqs({ count: 1 });
  const first = okqs.all[0]!;
  const client = closeAfterTest(await first.connect());
  await client.call("QPUSH", "q", "original");
  const copied = new S3Okq("okq-copy", await freePort(), copyElsewhere(okqs), {});
  await copied.start();
  await eventually(() => copied.log.includes("stands by"));
  const other = closeAfterTest(await copied.connect());
  expect(await other.call("QRPOP", "q", "NOACK")).toBeArray();
  expect(await client.call("LLEN", "q")).toBe(0);
  await first.crash();
  await eventually(async () => (await other.call("LLEN", "q").catch(() => null)) === 1);
});
