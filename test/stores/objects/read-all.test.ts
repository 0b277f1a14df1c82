// Reading a whole prefix while an okq serves it.
import { expect, test } from "bun:test";
import { BucketError } from "../../../src/s3/bucket.ts";
import { MissingError } from "../../../src/stores/local/objects/damage-error.ts";
import { partName } from "../../../src/stores/local/objects/object-names.ts";
import { readAll, type Reading } from "../../../src/stores/local/objects/read-all.ts";
import { takeOver } from "../../../src/stores/local/objects/take-over.ts";
import type { Tenure } from "../../../src/stores/local/objects/tenure.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../../support/memory-bucket.ts";
import { TestClock } from "../../support/test-clock.ts";
import { Random } from "../random.ts";
import { serverInfo } from "./account.ts";

const MINUTE_MS = 60_000;

/** An okq that serves, whose operations are texts. */
class Served {
  readonly clock: TestClock;
  readonly objects: MemoryObjects;
  readonly tenure: Tenure;
  readonly written: string[] = [];
  readonly #bucket: MemoryBucket;

  static async start(passage?: Passage): Promise<Served> {
    const clock = new TestClock();
    const bucket = new MemoryBucket(new MemoryObjects(), clock, passage);
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
    return new Served(bucket, clock, tenure!);
  }

  private constructor(bucket: MemoryBucket, clock: TestClock, tenure: Tenure) {
    this.clock = clock;
    this.objects = bucket.objects;
    this.tenure = tenure;
    this.#bucket = bucket;
  }

  async append(text: string): Promise<void> {
    await this.tenure.append(Buffer.from(text));
    this.written.push(text);
  }

  async publishSnapshot(): Promise<void> {
    const seq = this.tenure.next - 1;
    const name = this.tenure.nameSnapshot(seq);
    const body = Buffer.from(JSON.stringify(this.written));
    await this.#bucket.write(partName(name, 1), body);
    const snapshot = { name, parts: 1, bytes: body.length, seq };
    await this.tenure.publish({ snapshot, segments: [] });
  }

  /** Deletes what the snapshot replaces. */
  async replaceAll(): Promise<void> {
    await this.publishSnapshot();
    await this.settle();
  }

  /** Lets the collector work. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** `before` is called before each call of the reader. */
  async read(before: (call: string) => Promise<void> | void): Promise<string[]> {
    const passage: Passage = async (call, effect) => {
      await before(call);
      return effect();
    };
    const bucket = new MemoryBucket(this.objects, this.clock, passage);
    return await readAll(bucket, (reading) => textsOf(bucket, reading), this.clock);
  }

  namesOf(prefix: string): string[] {
    return [...this.objects.byName.keys()].filter((name) => name.startsWith(prefix));
  }
}

async function textsOf(bucket: MemoryBucket, { snapshot, tail }: Reading): Promise<string[]> {
  const texts: string[] = [];
  if (snapshot !== null) {
    const name = partName(snapshot.name, 1);
    const found = await bucket.read(name);
    if (found === null) throw new MissingError(name, name);
    texts.push(...(JSON.parse(Buffer.from(found.body).toString()) as string[]));
  }
  for await (const { body } of tail()) texts.push(Buffer.from(body).toString());
  return texts;
}

const isObject = (call: string) => /^read (log|snapshot)\//.test(call);
const refusePin = (call: string) => {
  if (call.startsWith("write pin/")) throw new BucketError("none", "AccessDenied", false);
};

test("reads what was appended so far", async () => {
  const served = await Served.start();
  await served.append("x");
  await served.append("y");
  expect(await served.read(() => {})).toEqual(["x", "y"]);
});

test("ends although everything is replaced by a snapshot before each object is read", async () => {
  const served = await Served.start();
  await served.append("x");
  await served.replaceAll();
  for (const text of ["y", "z"]) await served.append(text);
  let objects = 0;
  const found = await served.read(async (call) => {
    if (!isObject(call) || objects++ > 1000) return;
    await served.append(`${objects}`);
    await served.replaceAll();
  });
  expect(found.slice(0, 3)).toEqual(["x", "y", "z"]);
  expect(found).toEqual(served.written.slice(0, found.length));
  // Each was read once.
  expect(objects).toBeLessThan(10);
  expect(served.namesOf("pin/")).toEqual([]);
});

test.each([
  ["before the end of the log is known", "list log/"],
  ["before the pin is there", "write pin/"],
  ["before the manifest is read", "read manifest.json"],
])("a snapshot that comes %s is read, with all that was answered", async (_, prefix) => {
  const served = await Served.start();
  for (const text of ["x", "y"]) await served.append(text);
  const seen: string[] = [];
  const found = await served.read(async (call) => {
    if (call.startsWith("write pin/")) seen.push("pin");
    const isDue = prefix === "read manifest.json" ? seen[0] === "pin" : seen[0] !== "done";
    if (!call.startsWith(prefix) || !isDue) return;
    seen.unshift("done");
    await served.append("z");
    await served.replaceAll();
  });
  expect(seen).toContain("done");
  expect(found).toEqual(["x", "y", "z"]);
});

test("ends although two events come while each object is looked at", async () => {
  const served = await Served.start();
  await served.append("x");
  let objects = 0;
  let appended = Promise.resolve();
  const found = await served.read(async (call) => {
    if (!isObject(call) || objects++ > 1000) return;
    for (const text of ["y", "z"]) appended = appended.then(() => served.append(text));
    await appended;
  });
  expect(objects).toBeLessThan(100);
  expect(found).toEqual(served.written.slice(0, found.length));
});

test("reads once, at whatever moments snapshots come and objects are deleted", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    // Some calls take much longer than others.
    const turns = async () => {
      for (let left = random.below(random.of([2, 2, 60])); left > 0; left--) {
        await new Promise(setImmediate);
      }
    };
    const served = await Served.start(async (_, effect) => {
      await turns();
      const result = effect();
      await turns();
      return result;
    });
    const progress = { isOver: false };
    const serving = (async () => {
      for (let next = 0; !progress.isOver; next++) {
        await served.append(`${next}`);
        if (random.below(3) === 0) await served.publishSnapshot();
      }
    })();
    for (let round = 0; round < 3; round++) {
      const answered = served.written.length;
      let manifests = 0;
      const found = await served.read(async (call) => {
        if (call === "read manifest.json") manifests++;
        await turns();
      });
      expect({ seed, manifests }).toEqual({ seed, manifests: 2 });
      expect(found.length).toBeGreaterThanOrEqual(answered);
      expect(found).toEqual(found.map((__, at) => `${at}`));
    }
    progress.isOver = true;
    await serving;
  }
});

test("deletes what was pinned once nobody reads it any more", async () => {
  const served = await Served.start();
  await served.append("x");
  let objects = 0;
  await served.read(async (call) => {
    if (!isObject(call) || served.namesOf("pin/").length === 0) return;
    if (objects++ === 0) await served.replaceAll();
    for (let minutes = 0; minutes < 10; minutes++) {
      served.clock.advance(MINUTE_MS);
      await served.settle();
    }
    expect(served.namesOf("log/").length).toBeGreaterThan(1);
  });
  expect(objects).toBeGreaterThan(0);
  served.clock.advance(MINUTE_MS);
  await served.settle();
  // The fence stays.
  expect(served.namesOf("log/")).toHaveLength(1);
  expect(served.namesOf("snapshot/")).toHaveLength(1);
});

test("what a reader pinned that died is deleted, and its pin", async () => {
  const served = await Served.start();
  await served.append("x");
  const isPinned = () => served.namesOf("pin/").length > 0;
  void served.read((call) => {
    if (isObject(call) && isPinned()) return new Promise(() => {});
  });
  await served.settle();
  const [pin] = served.namesOf("pin/");
  expect(pin).toMatch(/^pin\/0{20}-0{16}1003-[0-9a-f]{32}$/);
  // Its process renews its pin no more.
  served.objects.put(pin!, Buffer.from(""), served.clock.nowMs() - 6 * MINUTE_MS);
  await served.replaceAll();
  expect(served.namesOf("pin/")).toEqual([]);
  expect(served.namesOf("log/")).toHaveLength(1);
});

test("without the right to pin it reads again, and ends with the reason", async () => {
  const served = await Served.start();
  await served.append("x");
  let left = 1;
  const slow = async (call: string) => {
    refusePin(call);
    if (isObject(call) && left-- > 0) {
      await served.append("y");
      await served.replaceAll();
    }
  };
  expect(await served.read(slow)).toEqual(["x", "y"]);
  left = 1000;
  // Under load Bun 1.4.5 can miss a setImmediate() while it waits for an expect().rejects.
  const failure = await served.read(slow).catch((error: Error) => error.message);
  expect(failure).toBe(
    "the okq that serves s3://test/queues deleted what was being read, 5 times: give its key the " +
      "right to write and delete below pin/ there (AccessDenied)",
  );
  expect(left).toBeGreaterThan(980);
});

test("a failure of the reader is its own", async () => {
  const bucket = new MemoryBucket(new MemoryObjects(), new TestClock());
  const served = await Served.start();
  const failing = served.read((call) => {
    if (call.startsWith("list ")) throw new Error("no room");
  });
  await expect(failing).rejects.toThrow("no room");
  const empty = readAll(bucket, async () => {});
  await expect(empty).rejects.toThrow("there is no s3://test/queues/manifest.json");
});
