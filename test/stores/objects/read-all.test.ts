// Reading a whole prefix while an okq serves it.
import { expect, test } from "bun:test";
import { partName } from "../../../src/stores/local/objects/object-names.ts";
import { readAll, type Reading } from "../../../src/stores/local/objects/read-all.ts";
import { takeOver } from "../../../src/stores/local/objects/take-over.ts";
import { MemoryBucket, MemoryObjects } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";
import { serverInfo } from "./account.ts";

const clock = new TestClock();

async function serving(bucket: MemoryBucket) {
  const tenure = await takeOver({
    bucket,
    clock,
    leaseMs: 1000,
    timeoutMs: 1000,
    server: serverInfo("a"),
    from: null,
    isWanted: () => true,
  });
  for await (const _ of tenure!.tail());
  return tenure!;
}

async function bodies({ tail }: Reading): Promise<string[]> {
  const found: string[] = [];
  for await (const { body } of tail()) found.push(Buffer.from(body).toString());
  return found;
}

test("reads what was appended so far", async () => {
  const bucket = new MemoryBucket(new MemoryObjects(), clock);
  const tenure = await serving(bucket);
  await tenure.append(Buffer.from("x"));
  await tenure.append(Buffer.from("y"));
  expect(await readAll(bucket, bodies)).toEqual(["x", "y"]);
});

test("reads again when the serving okq replaced the log meanwhile", async () => {
  const bucket = new MemoryBucket(new MemoryObjects(), clock);
  const tenure = await serving(bucket);
  await tenure.append(Buffer.from("x"));
  const seen: (string | null)[] = [];
  const found = await readAll(bucket, async (reading) => {
    seen.push(reading.snapshot?.name ?? null);
    if (seen.length > 1) return bodies(reading);
    const name = tenure.nameSnapshot(2);
    await bucket.write(partName(name, 0), Buffer.from("s"));
    await tenure.publish({ snapshot: { name, parts: 1, bytes: 1, seq: 2 }, segments: [] });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    await tenure.append(Buffer.from("z"));
    return bodies(reading);
  });
  expect(found).toEqual(["z"]);
  expect(seen).toEqual([null, expect.stringContaining("snapshot/00000001-")]);
});

test("a failure of the reader is its own", async () => {
  const bucket = new MemoryBucket(new MemoryObjects(), clock);
  await serving(bucket);
  const failing = readAll(bucket, () => Promise.reject(new Error("no room")));
  await expect(failing).rejects.toThrow("no room");
  const empty = readAll(new MemoryBucket(new MemoryObjects(), clock), bodies);
  await expect(empty).rejects.toThrow("there is no s3://test/queues/manifest.json");
});
