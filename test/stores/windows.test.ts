// Dedupe windows where the contract does not look: their rows, their memory, a batch that fails,
// and how many a queue may have.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { WINDOWS_MAX } from "../../src/queue/windows.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { createSchema } from "../../src/stores/local/sqlite/schema.ts";
import { Model } from "../../src/stores/local/model.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startRedis } from "../support/redis-server.ts";
import { bytesOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { failureOf, openSqlite, type SqliteOptions } from "./open-sqlite.ts";
import { openTimedRedis } from "./redis-targets.ts";

setDefaultTimeout(120_000);

async function open(options: SqliteOptions = {}) {
  const under = await openSqlite(options);
  closeAfterTest(under);
  const store = new LifeCaller(under);
  await store.configure("q", { "dedupe-window": "10" });
  /** The ids of the rows. */
  const rows = () => {
    // The store has locked its own files.
    const copy = join(newFolder(), "copy.db");
    for (const end of ["", "-wal"]) copyFileSync(under.file + end, copy + end);
    const db = new Database(copy);
    const values = db.query("SELECT id FROM windows ORDER BY id").values();
    db.close();
    return values.flat();
  };
  const memory = () => Number(new Map(under.store.describe()).get("memory_bytes"));
  return { store, under, rows, memory };
}

async function windowsOf(store: LifeCaller): Promise<number> {
  return (await store.submit({ kind: "stats", queue: bytesOf("q"), isWhole: false })).windows;
}

const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

test("rows of windows that have ended are deleted", async () => {
  const { store, rows } = await open();
  for (let batch = 0; batch < 5; batch++) await store.pushBatch("q", names(500, `old ${batch}`));
  store.advance(5000);
  await store.pushBatch("q", names(3, "new"));
  expect(rows().length).toBe(2503);
  store.advance(6000);
  while ((await store.reclaim()) > 0);
  await eventuallyEqual(rows, names(3, "new"));
  expect(await windowsOf(store)).toBe(3);
});

test("rows of a flushed queue are deleted, also if okq ended before that", async () => {
  const { store, under, rows } = await open();
  await store.pushBatch("q", names(1000, "a"));
  await store.flush("q");
  await under.crash();
  await store.push("q", "b");
  await eventuallyEqual(rows, ["b"]);
});

test("a new queue has nothing in common with one that was flushed before okq ended", async () => {
  const file = join(newFolder(), "okq.db");
  const db = new Database(file);
  createSchema(db);
  const endsAtMs = 1_800_000_000_000;
  const insert = db.prepare("INSERT INTO windows VALUES (1, ?, 0, ?, '')");
  db.transaction(() => names(3000, "old").forEach((id) => insert.run(endsAtMs, id)))();
  insert.finalize();
  db.close();
  const { store, rows } = await open({ file });
  await store.pushBatch("q", names(3, "new"));
  await eventuallyEqual(rows, names(3, "new"));
});

test("an event that is replaced again and again has one row", async () => {
  const { store, under, rows } = await open();
  for (let pushes = 0; pushes < 5; pushes++) {
    await store.pushWith("q", "1", { onDuplicate: "replace" });
    await store.pushBatch("q", ["1", "2"], { onDuplicate: "replace" });
    store.advance(1);
  }
  expect(rows()).toEqual(["1", "2"]);
  await under.reopen();
  expect(await windowsOf(store)).toBe(2);
});

test.each([false, true])("a batch that fails takes no windows, late: %s", async (isLate) => {
  let journal: FailingJournal | undefined;
  const { store, under, rows, memory } = await open({ onJournal: (one) => (journal = one) });
  await store.pushAll("q", ["1", "2"]);
  await store.pop("q", 0);
  store.advance(3000);
  const before = memory();
  journal!.isLate = () => isLate;
  journal!.nextFailure = () => new JournalError("failed", "no");
  const failures = await Promise.all(
    [
      () => store.another().push("q", "3"),
      () => store.another().pushWith("q", "2", { onDuplicate: "replace" }),
      () => store.another().pushBatch("q", ["2", "4"], { onDuplicate: "replace" }),
      () => store.another().flush("q"),
      () => store.another().push("q", "1"),
      () => store.another().pushWith("q", "1", { onDuplicate: "replace" }),
    ].map((push) => failureOf(push())),
  );
  expect(new Set(failures)).toEqual(new Set(["refused: no"]));
  journal!.nextFailure = () => null;
  expect(await windowsOf(store)).toBe(2);
  expect(memory()).toBe(before);
  expect(rows()).toEqual(["1", "2"]);
  expect(await store.push("q", "1")).toBe("duplicate");
  expect(await store.push("q", "3")).toBe("ok");
  await store.drain("q");
  store.advance(7000);
  // The windows of 1 and 2 were not renewed.
  expect(await windowsOf(store)).toBe(1);
  expect(await store.push("q", "1")).toBe("ok");
  expect(await store.push("q", "2")).toBe("ok");
  await under.reopen();
  expect(await windowsOf(store)).toBe(3);
});

test("the memory budget counts windows, until they are forgotten", async () => {
  const { store, memory } = await open();
  const before = memory();
  for (let batch = 0; batch < 10; batch++) {
    await store.pushBatch("q", names(1000, `${batch}`));
    await store.claimBatch(["q"], 1000, 0);
  }
  expect(memory() - before).toBeWithin(800_000, 1_300_000);
  store.advance(11_000);
  while ((await store.reclaim()) > 0);
  expect(memory()).toBe(before);
});

test("a backup has the windows, also those taken meanwhile", async () => {
  const { store, under } = await open();
  for (let batch = 0; batch < 20; batch++) await store.pushBatch("q", names(500, `a ${batch}`));
  const file = join(newFolder(), "copy.db");
  const progress = { isDone: false };
  const copied = under.store.backup!(file).then(() => (progress.isDone = true));
  let pushed = 0;
  while (!progress.isDone) {
    await store.push("q", `${pushed++}`);
    await store.pushWith("q", "a 1-1", { onDuplicate: "replace" });
    store.advance(1);
    await new Promise<void>((turn) => void setImmediate(turn));
  }
  await copied;
  expect(pushed).toBeGreaterThan(5);
  const copy = new LifeCaller(await openSqlite({ file, nowMs: store.nowMs }));
  closeAfterTest(copy.under);
  expect((await windowsOf(copy)) - 10_000).toBeWithin(pushed - 1, pushed + 1);
  for (const id of ["a 0-0", "a 4-499", "0", `${pushed - 2}`]) {
    await copy.remove("q", [id]);
    expect(await copy.push("q", id)).toBe("duplicate");
  }
});

test("with too many windows the first ones end early", () => {
  const model = new Model();
  model.nowMs = 1000;
  const queue = model.open("q");
  const add = (id: string, endsAtMs: number) => model.addWindow(queue, "windows", id, endsAtMs, "");
  for (let at = 0; at < WINDOWS_MAX; at++) add(`${at}`, 5000 + at);
  expect(model.usage.windows).toBe(WINDOWS_MAX);
  add("short", 4000);
  add("1", 5_000_000);
  add("long", 6_000_000);
  const isWindowed = (id: string) => model.isWindowed(queue, id);
  expect(["0", "short", "1", "2", "long"].map(isWindowed)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(queue.windows!.size).toBe(WINDOWS_MAX);
  expect(model.usage.windows).toBe(WINDOWS_MAX);
});

/** Adds windows that end then, with numbers as ids. */
const fill = `
  local all = {}
  for id = ARGV[2], ARGV[3] do
    all[#all + 1] = ARGV[1]
    all[#all + 1] = string.format('%d', id)
    if #all == 4000 or id == tonumber(ARGV[3]) then
      redis.call('ZADD', KEYS[1], unpack(all))
      all = {}
    end
  end`;

test("Redis: with too many windows the first ones end early", async () => {
  const server = await startRedis();
  closeAfterTest(server);
  const store = new LifeCaller(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 }));
  closeAfterTest(store.under);
  await store.configure("q", { "dedupe-window": "100" });
  await store.push("q", "first");
  store.advance(1);
  await store.push("q", "second");
  store.advance(1);
  const [key] = await server.redis.keys("*windows:q");
  for (let from = 2; from < WINDOWS_MAX; from += 100_000) {
    const to = Math.min(from + 100_000, WINDOWS_MAX) - 1;
    await server.redis.eval(fill, 1, key!, store.nowMs + 100_000, from, to);
  }
  await store.configure("q", { "dedupe-window": "1" });
  await store.push("q", "short");
  await store.configure("q", { "dedupe-window": "100" });
  expect(await windowsOf(store)).toBe(WINDOWS_MAX);
  await store.drain("q");
  expect(await store.push("q", "short")).toBe("duplicate");
  expect(await store.push("q", "second")).toBe("duplicate");
  expect(await store.push("q", "first")).toBe("ok");
  expect(await store.push("q", "another")).toBe("ok");
  await store.drain("q");
  expect(await store.push("q", "short")).toBe("ok");
  expect(await windowsOf(store)).toBe(WINDOWS_MAX);
});
