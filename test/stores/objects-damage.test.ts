// Buckets that cannot be loaded, or that another version of okq wrote, and scratch databases
// without room.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Recorder } from "../../src/stores/local/objects/recorder.ts";
import { Scratch } from "../../src/stores/local/objects/scratch.ts";
import { RecordedValues } from "../../src/stores/local/objects/recorded-values.ts";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { createSchema, migrations } from "../../src/stores/local/sqlite/schema.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { MemoryObjects, type Passage } from "../support/memory-bucket.ts";
import { newFolder } from "../support/new-folder.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { begin, openObjects, type ObjectsOptions, type ObjectsUnderTest } from "./open-objects.ts";
import { failureOf } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const small = { segmentObjects: 3, segmentBytes: 4096, replayedBytes: 1e9, keptBytes: 1e9 };
const snapshots = { segmentObjects: 1e9, segmentBytes: 1e9, replayedBytes: 1000, keptBytes: 1e9 };
const never = { segmentObjects: 1e9, segmentBytes: 1e9, replayedBytes: 1e9, keptBytes: 1e9 };

async function opened(options: ObjectsOptions): Promise<[LifeCaller, ObjectsUnderTest]> {
  const under = closeAfterTest(await openObjects(options));
  return [new LifeCaller(under), under];
}

/** The objects of a store with seven events. */
async function objectsWith(limits: ObjectsOptions["limits"]): Promise<MemoryObjects> {
  const objects = new MemoryObjects();
  const under = await openObjects({ objects, limits: limits! });
  const store = new LifeCaller(under);
  for (let at = 0; at < 7; at++) await store.push("q", `${at}`, "left", "x".repeat(300));
  await eventually(() => limits === never || nameIn(objects, /^(segment|snapshot)/) !== undefined);
  await under.close();
  return objects;
}

function nameIn(objects: MemoryObjects, pattern: RegExp): string | undefined {
  return [...objects.byName.keys()].find((name) => pattern.test(name));
}

/** Why these objects cannot be loaded. */
async function refusalOf(objects: MemoryObjects): Promise<string> {
  const opening = openObjects({ objects });
  const refusal = await opening.then(
    () => "none",
    (error: Error) => error.message,
  );
  if (refusal === "none") await (await opening).close();
  return refusal;
}

describe("refuses to load, and names the object", () => {
  test.each([
    ["a segment", small, /^segment\//],
    ["a part of a snapshot", snapshots, /^snapshot\//],
    ["a log object", never, /^log\/0*3$/],
  ] as const)("without %s, and with a damaged one", async (_, limits, pattern) => {
    const objects = await objectsWith(limits);
    const name = nameIn(objects, pattern)!;
    const stored = objects.byName.get(name)!;
    for (const at of [0, 4, Math.floor(stored.body.length / 2), stored.body.length - 1]) {
      const body = Buffer.from(stored.body);
      body[at]! ^= 0x41;
      objects.byName.set(name, { ...stored, body });
      expect(await refusalOf(objects)).toContain(`s3://test/queues/${name} `);
    }
    objects.byName.set(name, { ...stored, body: stored.body.subarray(0, 30) });
    expect(await refusalOf(objects)).toContain(`s3://test/queues/${name} is damaged`);
    objects.byName.delete(name);
    expect(await refusalOf(objects)).toContain(`s3://test/queues/${name} is missing`);
    objects.byName.set(name, stored);
    expect(await refusalOf(objects)).toBe("none");
  });

  const recording = (version: number, ...entries: (string | number)[]) => {
    const values = new RecordedValues();
    values.number(1);
    values.number(version);
    for (const entry of entries) {
      if (typeof entry === "number") values.number(entry);
      else values.text(entry);
    }
    return values.take();
  };
  const version = migrations.length;
  const sameRow = "INSERT INTO clock VALUES (1, 2, 3, 4)";

  test.each([
    ["another statement", recording(version, 0, "DROP TABLE events"), "is not for rows"],
    ["two statements", recording(version, 0, "DELETE FROM events; DROP TABLE events"), "for rows"],
    ["an unknown table", recording(version, 0, "DELETE FROM nowhere"), "no such table"],
    ["an unknown statement", recording(version, 1, 0), "a statement that it does not have"],
    ["an end too early", recording(version, 0).subarray(0, 2).fill(200, 1), "ends too early"],
    ["a value of no kind", recording(version, 0, "DELETE FROM events", 1, 1, 9), "unknown kind 9"],
    ["a row that is there", recording(version, 0, sameRow, 1, 0), "UNIQUE"],
    ["an older schema behind a newer one", recording(version - 1), `schema ${version - 1} and not`],
    ["a newer schema", recording(version + 1), "was written by a newer okq"],
  ])("a log object with %s", async (_, body, reason) => {
    const isFirst = reason.includes("newer okq");
    const [store, under] = await opened({ limits: never });
    if (!isFirst) await store.push("q", "1");
    await under.tenure.append(body);
    const refusal = await refusalOf(under.objects);
    expect(refusal).toContain(reason);
    expect(refusal).toContain(`log/${`${under.tenure.next - 1}`.padStart(20, "0")} `);
  });
});

test("a log of an older schema becomes a snapshot before the next commit", async () => {
  const [, under] = await opened({ limits: never });
  const db = closeAfterTest(new Database(":memory:"));
  createSchema(db, migrations.slice(0, 8));
  const recorder = new Recorder();
  const insert = recorder.prepare(db, "INSERT INTO queues VALUES (?, ?, NULL)");
  recorder.begin(8);
  insert.run(1, "old");
  insert.finalize();
  await under.tenure.append(recorder.end()!);
  await under.crash();
  const store = new LifeCaller(under);
  expect(under.tenure.snapshot).toBeNull();
  expect(nameIn(under.objects, /^snapshot\//)).toBeDefined();
  await store.push("old", "1");
  await under.crash();
  expect(under.tenure.snapshot).not.toBeNull();
  expect(await store.counts("old")).toEqual({ ready: 1 });
});

describe("the scratch database", () => {
  test("has no name while it is in use", async () => {
    const scratchFolder = newFolder();
    const names = new Set<string>();
    // Also while it is downloaded.
    const passage: Passage = async (_, effect) => {
      for (const name of readdirSync(scratchFolder)) names.add(name);
      return effect();
    };
    const objects = await objectsWith(snapshots);
    const [store] = await opened({ scratchFolder, objects, passage });
    await store.push("q", "another");
    expect([...names]).toEqual([]);
  });

  test("is not read any more once it is closed", async () => {
    const scratch = new Scratch(newFolder());
    const reading = scratch.read(0, 1);
    scratch.close();
    await expect(reading).rejects.toThrow("it is closed");
    await expect(scratch.read(0, 1)).rejects.toThrow("it is closed");
  });

  test("is in no backup that was not complete when okq stopped serving", async () => {
    const [store, under] = await opened({});
    await store.push("q", "1");
    // On a disk, where a copy takes long enough.
    const file = join(newFolder(tmpdir()), "copy.db");
    const backup = under.journal.backup(file).catch((error: Error) => error.message);
    // It stops before the first part is read.
    const stopping = under.store.close();
    expect(await backup).toBe("okq stopped serving before the backup was complete");
    expect(existsSync(file)).toBe(false);
    await stopping;
  });

  test.skipIf(process.getuid?.() === 0)(
    "cannot be where okq may not write (skipped for root)",
    async () => {
      const scratchFolder = newFolder();
      chmodSync(scratchFolder, 0o500);
      await expect(openObjects({ scratchFolder })).rejects.toThrow("--s3-scratch");
    },
  );

  test("needs a folder", async () => {
    const scratchFolder = join(import.meta.path, "scratch");
    const failure = await openObjects({ scratchFolder }).catch((error: Error) => error);
    expect((failure as Error).message).toContain(`${scratchFolder} (--s3-scratch)`);
  });

  test.skipIf(noSmallDisk !== null)(
    `holds nobody up when its disk is full and another okq takes over ${noSmallDisk ?? ""}`,
    async () => {
      const disk = mountSmallDisk(64 * 1024 * 1024);
      const [store, under] = await opened({ scratchFolder: disk.folder });
      for (let id = 0; id < 200; id++) await store.push("q", `${id}`);
      disk.fill(0);
      let isOver = false;
      const popping = (async () => {
        while ((await failureOf(store.pop("q"))) === "none");
      })().finally(() => (isOver = true));
      // The object is there, and the scratch database has no room for what it says.
      const refusal = () => Object.fromEntries(under.journal.describe())["pushes_refused"];
      await eventually(() => isOver || refusal() !== "no");
      expect(isOver).toBe(false);
      await begin(under.bucket, under.clock);
      await eventually(() => {
        under.advance(1000);
        return isOver;
      });
      await popping;
      disk.empty();
    },
  );

  test.skipIf(noSmallDisk !== null)(
    `refuses an event that its disk has no room for, before the bucket has it ${noSmallDisk ?? ""}`,
    async () => {
      const disk = mountSmallDisk(64 * 1024 * 1024);
      const [store, under] = await opened({ scratchFolder: disk.folder });
      await store.push("q", "1");
      const push = (mib: number) =>
        failureOf(store.another().push("q", `${mib} MiB`, "left", "x".repeat(mib * 1024 * 1024)));
      const [before, tooLarge] = [store.another().push("q", "2"), push(100)];
      expect(await tooLarge).toMatch(
        /^refused: no room on the disk of .* \(--s3-scratch\) for a write/,
      );
      await before;
      expect(await push(10)).toBe("none");
      await under.crash();
      expect(await store.counts("q")).toEqual({ ready: 3 });
    },
  );

  test.skipIf(noSmallDisk !== null)(
    `is not copied into a backup while a full disk lets it change ${noSmallDisk ?? ""}`,
    async () => {
      const disk = mountSmallDisk(64 * 1024 * 1024);
      const [store, under] = await opened({ scratchFolder: disk.folder });
      for (let id = 0; id < 100; id++) await store.push("q", `${id}`);
      const file = join(newFolder(), "copy.db");
      const backup = under.journal.backup(file).catch((error: Error) => error.message);
      disk.fill(0);
      // It writes into the database what it has committed, so that acks have room.
      expect(under.journal.pushRefusal()).not.toBeNull();
      expect(await backup).toEndWith("the scratch database has no room for a backup");
      expect(existsSync(file)).toBe(false);
      disk.empty();
      await under.journal.backup(file);
      expect(checkDatabase(file)).toMatchObject({ ready: 100 });
    },
  );

  test.skipIf(noSmallDisk !== null)(
    `refuses pushes when its disk is full, and goes on with pops ${noSmallDisk ?? ""}`,
    async () => {
      const disk = mountSmallDisk(64 * 1024 * 1024);
      // Snapshots need room, too.
      const onFailure = () => {};
      const options = { scratchFolder: disk.folder, memoryBudgetBytes: 0, onFailure };
      const [store, under] = await opened(options);
      const contents = "x".repeat(40_000);
      const push = (id: number) => failureOf(store.another().push("q", `${id}`, "left", contents));
      let count = 0;
      for (; (await push(count)) === "none"; count++) expect(count).toBeLessThan(10_000);
      expect(await push(count)).toMatch(/^refused: no room on the disk of .* \(--s3-scratch\)/);
      disk.fill(0);
      for (let id = 0; id < count; id++) {
        expect(await store.popEvent("q")).toEqual([`${id}`, contents]);
        expect(await store.ack("q", `${id}`)).toBe(true);
      }
      disk.empty();
      await eventually(async () => (await push(count)) === "none");
      expect(await store.counts("q")).toEqual({ ready: 1 });
      // The scratch has every commit, also one that found no room at first.
      const file = join(newFolder(), "copy.db");
      await under.journal.backup(file);
      expect(checkDatabase(file)).toMatchObject({ queues: 1, ready: 1, claimed: 0 });
    },
  );
});
