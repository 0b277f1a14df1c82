// Backups: a copy has the state of all queues at one moment, also under load. Also tests the
// commands for backups.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { ask } from "../support/readable.ts";
import { readmeFile, shellCommands } from "../support/readme.ts";
import { Caller } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";
import { RandomOperations } from "./random-operations.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

const tick = () => new Promise<void>((turn) => void setImmediate(turn));

describe("a copy made while the queues change", () => {
  test.each([1, 2, 3])("has the state of the queues when it ends, seed %d", async (seed) => {
    const file = join(newFolder(), "copy.db");
    const under = await openSqlite({ memoryBudgetBytes: 100_000 });
    const [store, random] = [new Caller(under), new Random(seed)];
    // Enough events for many steps of the copy. The random operations do not use this queue.
    const ids = Array.from({ length: 20_000 }, (_, i) => `${i}`);
    await store.pushAll("backlog", ids);
    const operations = new RandomOperations(random);
    const progress = { isDone: false };
    const copied = under.store.backup!(file).then(() => (progress.isDone = true));
    let batches = 0;
    // The state at the end of the copy: each batch is awaited, and no batch follows the last step.
    while (!progress.isDone) {
      const batch = operations.batch().filter(({ kind }) => kind !== "register");
      await Promise.all(batch.map((operation) => store.submit(operation)));
      await Promise.all([store.pop("backlog", 0), store.push("backlog", `new-${batches++}`)]);
      await tick();
    }
    await copied;
    expect(batches).toBeGreaterThan(1);
    await expectSame(store, file, [...operations.queues, "backlog"]);
    await under.close();
  });

  /** Compares store and copy. The last batch may be missing in the copy, so it is not compared. */
  async function expectSame(store: Caller, file: string, queues: string[]): Promise<void> {
    const copy = new Caller(await openSqlite({ file, nowMs: 0 }));
    const counts = async (of: Caller) => (await of.status(...queues)).map(([, total]) => total);
    const [here, there] = [await counts(store), await counts(copy)];
    for (const [at, count] of here.entries()) {
      expect(Math.abs(count - there[at]!)).toBeLessThanOrEqual(120);
    }
    const popped = await copy.drain("backlog");
    const rest = await store.drain("backlog");
    // The order is the same, shifted by the few events that were added and removed after the copy.
    const shift = popped.indexOf(rest[0]!);
    expect(shift).toBeLessThan(10);
    expect(popped.slice(shift)).toEqual(rest.slice(0, popped.length - shift));
    await copy.under.close();
  }
});

test("a check of a copy counts its events by state", async () => {
  const file = join(newFolder(), "copy.db");
  const under = await openSqlite();
  const store = new LifeCaller(under);
  await store.configure("q", { "keep-completed": "1" });
  for (const id of ["done", "bad", "claimed"]) await store.pushWith("q", id);
  await store.ackClaim("q", await store.mustClaim("q"));
  await store.fail("q", await store.mustClaim("q"), "final");
  await store.mustClaim("q");
  for (const id of ["1", "2"]) await store.pushWith("q", id, { start: { afterMs: 60_000 } });
  await store.pushWith("q", "3");
  await under.store.backup!(file);
  const counts = { ready: 1, delayed: 2, claimed: 1, failed: 1, completed: 1 };
  expect(checkDatabase(file)).toEqual({ queues: 1, ...counts });
});

test("a copy of unchanged queues has the same events and claims", async () => {
  const file = join(newFolder(), "copy.db");
  const under = await openSqlite();
  const store = new Caller(under);
  await store.pushAll("q", ["1", "2", "3", "4"]);
  await store.push("q", "0", "right");
  for (let i = 0; i < 3; i++) await store.pop("q");
  await store.redo("q", "1");
  await under.store.backup!(file);
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(checkDatabase(file)).toMatchObject({ queues: 1, ready: 3, claimed: 2 });
  const copy = new Caller(await openSqlite({ file }));
  expect(await copy.status("q")).toEqual([["q", 5, 2, 0]]);
  expect(await copy.drain("q")).toEqual(["1", "3", "4"]);
  expect([await copy.ack("q", "0"), await copy.ack("q", "2")]).toEqual([true, true]);
  await Promise.all([copy.under.close(), under.close()]);
});

test("a copy never overwrites a file, and a failed copy leaves no file", async () => {
  const folder = newFolder();
  const under = await openSqlite();
  await new Caller(under).push("q", "1");
  const there = join(folder, "there.db");
  writeFileSync(there, "precious");
  await expect(under.store.backup!(there)).rejects.toThrow("is there already");
  await expect(under.store.backup!(join(folder, "no/copy.db"))).rejects.toThrow("no/copy.db");
  const copies = [join(folder, "1.db"), join(folder, "2.db")] as const;
  const first = under.store.backup!(copies[0]);
  await expect(under.store.backup!(copies[1])).rejects.toThrow("another backup is under way");
  await first;
  const ended = failureOf(under.store.backup!(copies[1]));
  await under.close();
  expect(await ended).toBe("refused: okq ended before the backup was complete");
  expect(readdirSync(folder).toSorted()).toEqual(["1.db", "there.db"]);
});

test("the steps in the README restore a backup after a kill, and undo the restore", async () => {
  const folder = newFolder(tmpdir());
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const main = resolve(import.meta.dir, "../../src/main.ts");
  writeFileSync(join(bin, "okq"), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
  chmodSync(join(bin, "okq"), 0o755);
  const steps = shellCommands(await Bun.file(readmeFile).text(), "Restoring a backup");
  const store = `--store=sqlite:${join(folder, "okq-data/okq.db")}`;
  const okq = await startOkqProcess([store]);
  const client = await okq.connect();
  expect(await ask(client, "QLPUSH", "q", "1", "one")).toBe("+OK");
  const address = `--listen-addr=127.0.0.1:${okq.port}`;
  const made = startProcess(["backup", "monday.db", store, address], { cwd: folder });
  expect(await made.exited).toBe(0);
  expect(await ask(client, "QRPOP", "q", "NOACK")).toEqual(["1", "one"]);
  expect(await ask(client, "QLPUSH", "q", "2", "two")).toBe("+OK");
  client.close();
  await okq.crash();
  const env = { PATH: `${bin}:${process.env["PATH"]}`, HOME: folder };
  const run = Bun.spawnSync(["sh", "-e", "-c", steps], { cwd: folder, env });
  expect(run.stderr.toString()).toBe("");
  expect(run.stdout.toString()).toContain("ok, 1 queue, 1 event ready, 0 delayed, 0 claimed");
  const again = await startOkqProcess([store]);
  const other = await again.connect();
  expect(await ask(other, "QRPOP", "q")).toEqual(["1", "one"]);
  other.close();
  await again.crash();
  // Undo the restore, as the README says.
  const before = join(folder, "okq-data/before");
  for (const name of readdirSync(join(folder, "okq-data"))) {
    if (name !== "before") rmSync(join(folder, "okq-data", name));
  }
  for (const name of readdirSync(before)) {
    renameSync(join(before, name), join(folder, "okq-data", name));
  }
  const undone = await startOkqProcess([store]);
  const last = await undone.connect();
  expect(await ask(last, "QRPOP", "q")).toEqual(["2", "two"]);
  last.close();
  await undone.crash();
});

describe("the backup commands", () => {
  test("okq backup copies the database of a running and of a stopped server", async () => {
    const folder = newFolder();
    const store = `--store=sqlite:${join(folder, "okq.db")}`;
    const okq = await startOkqProcess([store]);
    const client = await okq.connect();
    await client.call("QLPUSH", "q", "1", "one");
    await client.call("QLPUSH", "r", "1", "one");
    await client.call("QRPOP", "q");
    const address = `--listen-addr=127.0.0.1:${okq.port}`;
    const run = async (...args: string[]) => {
      const { exited, stdout, stderr } = startProcess([...args, store, address], { cwd: folder });
      return [await exited, stdout() + stderr()];
    };
    const found = "ok, 2 queues, 1 event ready, 0 delayed, 1 claimed, 0 failed, 0 completed\n";
    expect(await run("backup", "running.db")).toEqual([
      0,
      `${join(folder, "running.db")}: ${found}`,
    ]);
    expect(await run("backup", "running.db")).toEqual([
      1,
      `okq: ${join(folder, "running.db")} exists already: give the name of a new file\n`,
    ]);
    expect(await run("check")).toEqual([
      1,
      expect.stringContaining("is in use by another process"),
    ]);
    okq.kill();
    await okq.exited;
    expect(await run("check")).toEqual([0, `${join(folder, "okq.db")}: ${found}`]);
    expect(await run("backup", "stopped.db")).toEqual([
      0,
      `${join(folder, "stopped.db")}: ${found}`,
    ]);
    expect(await run("backup")).toEqual([2, expect.stringContaining("okq backup FILE")]);
    client.close();
  });

  test("okq check reports a missing or damaged file and exits with 1", async () => {
    const folder = newFolder();
    const file = join(folder, "okq.db");
    const check = async () => {
      const { exited, stderr } = startProcess(["check", `--store=sqlite:${file}`]);
      return [await exited, stderr()];
    };
    expect(await check()).toEqual([1, `okq: ${file} is not there\n`]);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, Buffer.alloc(10_000, "x"));
    expect(await check()).toEqual([1, expect.stringMatching(/^okq: .* is damaged \(.*\n$/)]);
    const memory = startProcess(["check", "--store=memory"]);
    expect(await memory.exited).toBe(1);
    expect(memory.stderr()).toMatch(/^okq: only a SQLite database can be copied/);
    const redis = startProcess(["check", "--redis-addr", "127.0.0.1:1"]);
    expect(await redis.exited).toBe(1);
    expect(redis.stderr()).toBe(
      "okq: the queues are in Redis: okq health tells whether okq can write there, and the tools " +
        "of Redis check and copy its files\n",
    );
  });

  test("OKQ BACKUP needs an absolute path and a database", async () => {
    const client = await (await startTestOkq()).connect();
    expect(await ask(client, "OKQ", "BACKUP", "copy.db")).toBe(
      "-ERR the file's path must be absolute",
    );
    const file = join(newFolder(), "copy.db");
    const refusal = "-ERR the file must exist and be empty, as okq backup creates it";
    for (const no of [file, "/nul\0", `/${"x".repeat(300)}`, "/dev/null", "/dev/null/x"]) {
      expect(await ask(client, "OKQ", "BACKUP", no)).toBe(refusal);
    }
    writeFileSync(file, "precious");
    expect(await ask(client, "OKQ", "BACKUP", file)).toBe(refusal);
    writeFileSync(file, "");
    expect(await ask(client, "OKQ", "BACKUP", file)).toBe(
      "-ERR store refused: queues in memory have no database",
    );
  });
});
