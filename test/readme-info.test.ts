// The README's table of INFO has exactly the fields that INFO shows, on every store.
import { expect, test } from "bun:test";
import { closeAfterTest } from "./support/close-after-test.ts";
import { eventually } from "./support/eventually.ts";
import { startOkqOn, startTestOkq, startTestRedis, type TestOkq } from "./support/okq-server.ts";
import { ask } from "./support/readable.ts";
import { infoFields, readmeFile } from "./support/readme.ts";
import { startS3, testKey } from "./support/s3-server.ts";
import { startSentinelGroup } from "./support/redis-sentinel.ts";

/** As "section field", in the order of the reply. */
async function shownFields(okq: TestOkq): Promise<string[]> {
  const info = (await ask(await okq.connect(), "INFO", "all")) as string;
  return info.split("\r\n\r\n").flatMap((part) => {
    const [title, ...lines] = part.trimEnd().split("\r\n");
    const section = title!.replace("# ", "").toLowerCase();
    return lines.map((line) => `${section} ${line.slice(0, line.indexOf(":"))}`);
  });
}

async function okqUnderSentinel(): Promise<TestOkq> {
  const { sentinels } = await startSentinelGroup();
  const redisSentinelAddr = sentinels.map((port) => `127.0.0.1:${port}`).join(",");
  return await startTestOkq({ store: "", redisSentinelAddr });
}

async function okqWithoutItsRedis(): Promise<TestOkq> {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  await redis.kill();
  await eventually(() => okq.log.some((line) => line.includes("Redis connection lost")));
  return okq;
}

async function okqOnBucket(): Promise<TestOkq> {
  const { url } = closeAfterTest(startS3());
  const { accessKey, secret } = testKey;
  const keys = { s3AccessKeyId: accessKey, s3SecretAccessKey: secret };
  const okq = await startTestOkq({ store: "s3://bucket/okq", s3Endpoint: url, ...keys });
  await eventually(() => okq.log.some((line) => line.includes("serves the queues")));
  return okq;
}

test("the table of INFO has every field and no other", async () => {
  const described = infoFields(await Bun.file(readmeFile).text());
  expect(described.length).toBe(new Set(described).size);
  const [memory, sqlite] = [await startOkqOn("memory"), await startOkqOn("sqlite")];
  await (await memory.connect()).call("QPUSH", "q", "x");
  const onRedis = [await okqUnderSentinel(), await okqWithoutItsRedis()];
  const okqs = [memory, sqlite, ...onRedis, await okqOnBucket()];
  const shown = new Set((await Promise.all(okqs.map(shownFields))).flat());
  expect(described.toSorted()).toEqual([...shown].toSorted());
});
