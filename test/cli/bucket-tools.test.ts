// `okq check` and `okq backup` of a store in a bucket: damage is found and named, an okq that
// serves goes on, and nothing in the bucket changes.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../../src/stores/local/objects/manifest.ts";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { rowsIn } from "../stores/full-store.ts";
import { LifeCaller } from "../stores/contract/life-caller.ts";
import { openSqlite } from "../stores/open-sqlite.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask } from "../support/readable.ts";
import type { S3Server } from "../support/s3-server.ts";
import { flagsOf, fullFile, okqAt, serveStore, startBucket } from "./stores-of-tools.ts";

setDefaultTimeout(120_000);

const [store, key] = ["s3://bucket/live", (name: string) => `live/${name}`];

/** A store with a snapshot, a segment and a log, that nobody serves. Resolves with its events. */
async function madeStore(s3: S3Server): Promise<number> {
  const never = { segmentObjects: 1e6, replayedBytes: 1e9 };
  let count = 0;
  const pushUntil = async (limits: typeof never, isEnough: (manifest: Manifest) => boolean) => {
    const { store: caller, release } = await serveStore(s3, "live", limits);
    await eventually(async () => {
      await caller.pushWith("q", `${count}`, { contents: `${count++} `.repeat(300) });
      const body = s3.bodyOf(key("manifest.json"))!;
      return isEnough(JSON.parse(Buffer.from(body).toString()) as Manifest);
    });
    await release();
  };
  await pushUntil({ ...never, replayedBytes: 20_000 }, ({ snapshot }) => snapshot !== null);
  await pushUntil({ ...never, segmentObjects: 9 }, ({ segments }) => segments.length > 0);
  const before = count;
  await pushUntil(never, () => count > before + 9);
  for (const kind of ["snapshot", "segment", "log"]) {
    expect(namesOf(s3, kind).length).toBeGreaterThan(0);
  }
  return count;
}

function namesOf(s3: S3Server, kind: string): string[] {
  return s3.keysIn("bucket", key(`${kind}/`)).map((name) => name.slice(key("").length));
}

/** The objects, without what a repeated request changes. */
function objectsIn(s3: S3Server): [key: string, hash: number | bigint][] {
  return s3.keysIn().map((name) => [name, Bun.hash(s3.bodyOf(name)!)]);
}

function change(s3: S3Server, name: string, body: (before: Uint8Array) => Uint8Array | null) {
  const dump = s3.dump();
  const objects = dump.get("bucket")!;
  const before = objects.get(key(name))!;
  const after = body(before.body);
  if (after === null) objects.delete(key(name));
  else objects.set(key(name), { ...before, body: after });
  s3.restore(dump);
}

const flipped = (body: Uint8Array) => {
  const changed = body.slice();
  changed[changed.length >> 1]! ^= 1;
  return changed;
};
const cut = (body: Uint8Array) => body.slice(0, body.length - 7);
const gone = () => null;
const first = (names: string[]) => names[0]!;
const middle = (names: string[]) => names[names.length >> 1]!;

describe("a check", () => {
  test("tells what is there, and changes nothing", async () => {
    const s3 = startBucket();
    const count = await madeStore(s3);
    const before = objectsIn(s3);
    const { code, stdout, stderr } = await okqAt(s3, ["check", "--store", store]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith(`${store}: ok, 1 queue, ${count} events ready, 0 delayed, `);
    // Three fences are in the log too.
    const facts = `\nepoch 3, nobody serves, changes up to ${count + 3} in the log, `;
    expect(stdout).toContain(facts);
    expect(objectsIn(s3)).toEqual(before);
  });

  test("says who serves, and what belongs to nothing", async () => {
    const s3 = startBucket();
    const served = await serveStore(s3, "live");
    await served.store.pushWith("q", "1");
    change(s3, first(namesOf(s3, "log")), (body) => body);
    const dump = s3.dump();
    const objects = dump.get("bucket")!;
    const some = { ...objects.get(key("manifest.json"))!, body: Buffer.from("12345") };
    // The okq that serves sweeps objects of its own epoch, and not of a later one.
    const part = `snapshot/00000002-00000000000000000009-${"0".repeat(32)}/00001`;
    for (const name of [part, "probe/x", "mine.txt"]) objects.set(key(name), some);
    s3.restore(dump);
    const { code, stdout } = await okqAt(s3, ["check", "--store", store]);
    expect(code).toBe(0);
    const [, facts, unused, foreign] = stdout.split("\n");
    expect(facts).toStartWith("epoch 1, the okq at 198.51.100.1:4777 serves, changes up to 2 in");
    expect(unused).toStartWith("not needed: 2 objects with 10 bytes; the okq");
    expect(foreign).toBe("not of okq: 1 object with 5 bytes");
  });

  test.each([
    ["a part of the snapshot is missing", "snapshot", first, gone, "is missing"],
    ["a part of the snapshot has a wrong byte", "snapshot", first, flipped, "is damaged: its che"],
    ["a part of the snapshot is cut", "snapshot", first, cut, "is damaged: its checksum"],
    ["a segment is missing", "segment", first, gone, "is missing"],
    ["a segment has a wrong byte", "segment", first, flipped, "is damaged: its checksum"],
    ["the log has a gap", "log", middle, gone, "is missing"],
    ["an object of the log has a wrong byte", "log", middle, flipped, "is damaged: its checksum"],
    ["an object of the log is cut", "log", middle, cut, "is damaged: its checksum"],
    ["an object of the log is empty", "log", middle, () => Buffer.alloc(0), "is damaged: it is no"],
  ] as const)("names the object when %s", async (_, kind, which, body, reason) => {
    const s3 = startBucket();
    await madeStore(s3);
    const name = which(namesOf(s3, kind));
    change(s3, name, body);
    const before = objectsIn(s3);
    const folder = newFolder();
    const commands = [
      ["check", "--store", store],
      ["backup", join(folder, "a.db"), "--store", store],
      ["copy", "--from", store, `--to=sqlite:${join(folder, "b.db")}`],
    ];
    for (const command of commands) {
      const { code, stdout, stderr } = await okqAt(s3, command);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^okq: [^\n]+\n$/);
      expect(stderr).toContain(`${store}/${name} ${reason}`);
      expect(stderr).toContain("okq copy --from sqlite:FILE --to a new prefix");
      if (command[0] !== "copy") expect(objectsIn(s3)).toEqual(before);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(["{", "null", '{"format":99}'])("names a manifest of %s", async (text) => {
    const s3 = startBucket();
    await madeStore(s3);
    change(s3, "manifest.json", () => Buffer.from(text));
    const { code, stderr } = await okqAt(s3, ["check", "--store", store]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^okq: s3:\/\/bucket\/live\/manifest.json (is damaged|was written by)/);
  });

  test("names the bucket when nothing can be read", async () => {
    const s3 = startBucket();
    const missing = await okqAt(s3, ["check", "--store", "s3://other/live"]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toMatch(/^okq: [^\n]*s3:\/\/other\/live[^\n]*NoSuchBucket[^\n]*\n$/);
    s3.refuse(true);
    const env = { OKQ_S3_TIMEOUT: "300" };
    const refused = await okqAt(s3, ["check", "--store", store], { env });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^okq: [^\n]*s3:\/\/bucket\/live[^\n]*\n$/);
  });
});

test.each(["slow-down", "error-after", "cut-before", "cut-after", "cut-body"] as const)(
  "check, backup and copy go on when requests fail with %s",
  async (kind) => {
    const s3 = startBucket();
    await madeStore(s3);
    const folder = newFolder();
    s3.fault({ kind, chance: 0.2 });
    const commands = [
      ["check", "--store", store],
      ["backup", join(folder, "a.db"), "--store", store],
      ["copy", "--from", store, `--to=s3://bucket/copied`],
      ["copy", "--from", "s3://bucket/copied", `--to=sqlite:${join(folder, "b.db")}`],
    ];
    for (const command of commands) {
      expect(await okqAt(s3, command)).toMatchObject({ code: 0 });
    }
    expect(rowsIn(join(folder, "b.db"))).toEqual(rowsIn(join(folder, "a.db")));
  },
);

test("a backup of a bucket has every kind of state", async () => {
  const s3 = startBucket();
  const from = await fullFile(3);
  const copied = await okqAt(s3, ["copy", `--from=sqlite:${from}`, "--to", store]);
  expect(copied).toMatchObject({ code: 0 });
  const file = join(newFolder(), "a.db");
  expect(await okqAt(s3, ["backup", file, "--store", store])).toMatchObject({ code: 0 });
  expect(rowsIn(file)).toEqual(rowsIn(from));
});

test("the command OKQ BACKUP copies the queues of an okq that serves", async () => {
  const s3 = startBucket();
  const okq = await startOkqProcess([`--store=${store}`, ...flagsOf(s3)]);
  const client = await okq.connect();
  await eventually(async () => (await ask(client, "QLPUSH", "q", "1", "one")) === "+OK");
  const file = join(newFolder(), "a.db");
  expect(await ask(client, "OKQ", "BACKUP", file)).toStartWith("-ERR the file must exist");
  writeFileSync(file, "");
  expect(await ask(client, "OKQ", "BACKUP", file)).toBe("+OK");
  expect(checkDatabase(file)).toMatchObject({ queues: 1, ready: 1 });
  client.close();
});

test("a backup of a bucket overwrites no file", async () => {
  const s3 = startBucket();
  await madeStore(s3);
  const file = join(newFolder(), "a.db");
  writeFileSync(file, "precious");
  const { code, stderr } = await okqAt(s3, ["backup", file, "--store", store]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `okq: ${file} exists already: give the name of a new file\n`,
  });
});

test("backups and checks are whole while an okq serves and collects", async () => {
  const s3 = startBucket();
  const served = await serveStore(s3, "live", { segmentObjects: 5, replayedBytes: 1_000_000 });
  const progress = { isOver: false };
  let pushed = 0;
  const load = async () => {
    for (; !progress.isOver; pushed++) {
      await served.store.pushWith("q", `${pushed}`, { contents: "x".repeat(1000) });
    }
  };
  const loading = load();
  // Slower than the okq that serves.
  s3.fault({ kind: "delay-reply", operation: "get", key: "/(log|segment|snapshot)/", ms: [1, 5] });
  const folder = newFolder();
  for (let round = 0; round < 6; round++) {
    const file = join(folder, `${round}.db`);
    const before = pushed;
    expect(await okqAt(s3, ["backup", file, "--store", store])).toMatchObject({ code: 0 });
    const after = pushed;
    const copy = new LifeCaller(await openSqlite({ file, nowMs: Date.now() }));
    const [[, count]] = (await copy.status("q")) as unknown as [[string, number]];
    expect(count).toBeGreaterThanOrEqual(before);
    expect(count).toBeLessThanOrEqual(after + 1);
    const ids = Array.from({ length: count }, (_, at) => `${at}`);
    expect(await copy.drain("q")).toEqual(ids);
    await copy.under.close();
    expect(await okqAt(s3, ["check", "--store", store])).toMatchObject({ code: 0 });
  }
  progress.isOver = true;
  await loading;
  expect(namesOf(s3, "snapshot").length).toBeGreaterThan(0);
  expect(existsSync(join(folder, "5.db"))).toBe(true);
});

test("a backup over a slow line ends while an okq replaces everything", async () => {
  const s3 = startBucket();
  const served = await serveStore(s3, "live", { segmentObjects: 20, replayedBytes: 50_000 });
  const progress = { isOver: false, pushed: 0 };
  const loading = (async () => {
    for (; !progress.isOver; progress.pushed++) {
      await served.store.pushWith("q", `${progress.pushed}`, { contents: "x".repeat(1000) });
      await served.store.remove("q", [`${progress.pushed - 20}`]);
    }
  })();
  await eventually(() => namesOf(s3, "snapshot").length > 0);
  s3.fault({ kind: "delay-reply", operation: "put", key: "/log/", ms: 2 });
  s3.fault({ kind: "delay-reply", operation: "get", key: "/(log|segment|snapshot)/", ms: 700 });
  const file = join(newFolder(), "a.db");
  const before = progress.pushed;
  const { code, stderr } = await okqAt(s3, ["backup", file, "--store", store]);
  expect({ stderr, code }).toEqual({ stderr, code: 0 });
  expect(progress.pushed).toBeGreaterThan(before + 200);
  progress.isOver = true;
  await loading;
  expect(namesOf(s3, "pin")).toEqual([]);
  const { ready } = checkDatabase(file);
  expect(ready).toBeGreaterThanOrEqual(20);
  expect(ready).toBeLessThanOrEqual(22);
});

test("a key that may only read is enough for a backup and a check", async () => {
  const s3 = startBucket();
  const served = await serveStore(s3, "live");
  await served.store.pushWith("q", "1");
  const allow = s3.fault({ kind: "denied", operation: ["put", "delete", "deleteMany"] });
  const file = join(newFolder(), "a.db");
  for (const command of [["backup", file], ["check"]]) {
    expect(await okqAt(s3, [...command, "--store", store])).toMatchObject({ code: 0 });
  }
  allow();
  expect(checkDatabase(file)).toMatchObject({ ready: 1 });
});
