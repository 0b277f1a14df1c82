// Reading the log in an object store, several objects at a time.
import { expect, test } from "bun:test";
import { BucketError } from "../../../src/s3/bucket.ts";
import { encodeLogObject } from "../../../src/stores/local/objects/log-object.ts";
import { readLog } from "../../../src/stores/local/objects/log-reader.ts";
import { logName } from "../../../src/stores/local/objects/object-names.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";

test("an object that cannot be read ahead fails in its turn, and ends nothing", async () => {
  const first = Promise.withResolvers<void>();
  const passage: Passage = async (call, effect) => {
    if (call === `read ${logName(2)}`) throw new BucketError("none", "503 SlowDown");
    await first.promise;
    return effect();
  };
  const objects = new MemoryObjects();
  const head = { kind: "changes", epoch: 1, seq: 1, write: "ab".repeat(16) } as const;
  objects.put(logName(1), await encodeLogObject({ ...head, body: Buffer.from("x") }), 0);
  const bucket = new MemoryBucket(objects, new TestClock(), passage);
  const log = readLog((name) => bucket.read(name), bucket.url, 1, 3);
  const one = log.next();
  // An error that nobody handles until then would end the process.
  await new Promise((resolve) => setImmediate(resolve));
  first.resolve();
  expect((await one).value).toMatchObject({ seq: 1 });
  await expect(log.next()).rejects.toThrow("503 SlowDown");
});
