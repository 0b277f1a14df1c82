// What an okq logs that cannot serve: the present reason, not only the first one.
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { signedFetch } from "../support/s3/signed-fetch.ts";
import { startS3Okqs, PREFIX } from "../support/s3-okq.ts";

setDefaultTimeout(60_000);

const WARNING = /cannot look after the bucket/g;

test("a second problem is logged behind the first one, each of them once", async () => {
  const okqs = await startS3Okqs({ count: 1, leaseMs: 400 });
  const { s3 } = okqs;
  const okq = okqs.all[0]!;
  await okq.stop();
  const [log] = s3.keysIn("bucket", `${PREFIX}/log/`);
  const url = `${s3.url}/bucket/${log}`;
  await signedFetch(url, { method: "PUT", body: "damaged", key: okq.key });
  const away = s3.fault({ kind: "error-before", operation: "get", key: "manifest.json" });
  await okq.start();
  await eventually(() => okq.log.match(WARNING)?.length === 1);
  expect(okq.log).toContain("500 InternalError");
  away();
  await eventually(() => okq.log.includes(`${log} is damaged`));
  // It goes on trying.
  const { epoch } = okqs.manifest()!;
  await eventually(() => okqs.manifest()!.epoch >= epoch + 2);
  expect(okq.log.match(WARNING)).toHaveLength(2);
  await okq.crash();
});
