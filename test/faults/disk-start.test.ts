// okq starts and stops on a full disk, and without folders for SQLite's temporary files. It needs
// only the folder of its database, and reports missing space and inodes there.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, onTestFinished, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { noContainer, startInContainer } from "../support/container.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startProcess } from "../support/process.ts";
import { ask, askAll } from "../support/readable.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import { Wire } from "../support/wire.ts";

/** On a busy machine a start takes seconds. */
setDefaultTimeout(90_000);

const megabyte = 1024 * 1024;
const reserveBytes = 8 * megabyte;

const pushesOf = (from: number, to: number, contents: Buffer) =>
  Array.from({ length: to - from }, (_, at) => ["QLPUSH", "q", `${from + at}`, contents]);

async function pushAll(client: Wire, from: number, to: number, bytes: number): Promise<void> {
  const replies = await askAll(client, ...pushesOf(from, to, Buffer.alloc(bytes, "x")));
  expect(new Set(replies)).toEqual(new Set(["+OK"]));
}

describe.skipIf(noSmallDisk !== null)(`a full disk ${noSmallDisk ?? ""}`, () => {
  test("does not prevent the start of a killed okq", async () => {
    const disk = mountSmallDisk(64 * megabyte);
    const file = join(disk.folder, "okq.db");
    const okq = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await okq.connect();
    // Too little for a checkpoint, so the next start needs space for all events in the database.
    await pushAll(client, 0, 200, 10_000);
    disk.fill(0);
    await okq.crash();
    expect(statSync(`${file}-reserve`).size).toBe(reserveBytes);
    const again = await startOkqProcess([`--store=sqlite:${file}`]);
    const other = await again.connect();
    expect(await ask(other, "QLPUSH", "q", "more", "x")).toContain("no room on the disk");
    for (let id = 0; id < 200; id++) {
      expect(((await ask(other, "QRPOP", "q", "NOACK")) as string[])[0]).toBe(`${id}`);
    }
    client.close();
    other.close();
    await again.crash();
  });

  test("does not use up the reserve of a stopped okq, so that it can start", async () => {
    const disk = mountSmallDisk(64 * megabyte);
    const file = join(disk.folder, "okq.db");
    for (let start = 0; start < 3; start++) {
      const okq = await startOkqProcess([`--store=sqlite:${file}`]);
      const client = await okq.connect();
      await pushAll(client, start * 200, (start + 1) * 200, 10_000);
      okq.kill("SIGTERM");
      expect(await okq.exited).toBe(0);
      client.close();
      expect(statSync(`${file}-reserve`).size).toBe(reserveBytes);
    }
    disk.fill(0);
    const again = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await again.connect();
    expect(await ask(client, "QRPOP", "q")).toEqual(["0", "x".repeat(10_000)]);
    // Once there is space, okq creates the reserve again, even if it was removed.
    disk.empty();
    for (let look = 0; look < 2; look++) {
      await eventually(() => statSync(`${file}-reserve`).size === reserveBytes);
      rmSync(`${file}-reserve`);
    }
    client.close();
    await again.crash();
  });

  test("reports missing inodes differently from missing space", async () => {
    const disk = mountSmallDisk(64 * megabyte, 1);
    const file = join(disk.folder, "okq.db");
    const said = `the disk of ${file} takes no more files, even if it has room: it has no inodes`;
    await expect(startOkqProcess([`--store=sqlite:${file}`])).rejects.toThrow(said);
  });

  test("without free inodes does not prevent a start if the reserve exists", async () => {
    const disk = mountSmallDisk(64 * megabyte, 6);
    const file = join(disk.folder, "okq.db");
    const okq = await startOkqProcess([`--store=sqlite:${file}`]);
    const client = await okq.connect();
    await pushAll(client, 0, 10, 100);
    okq.kill("SIGTERM");
    await okq.exited;
    client.close();
    for (let at = 0; at < 4; at++) writeFileSync(join(disk.folder, `other-${at}`), "");
    expect(() => writeFileSync(join(disk.folder, "one-more"), "")).toThrow("ENOSPC");
    const again = await startOkqProcess([`--store=sqlite:${file}`]);
    const other = await again.connect();
    await pushAll(other, 10, 20, 100);
    writeFileSync(join(disk.folder, "other-0"), "");
    expect(await ask(other, "OKQ", "BACKUP", join(disk.folder, "other-0"))).toContain(
      "takes no more files",
    );
    other.close();
    await again.crash();
  });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "okq-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** SQLite tries $TMPDIR, then these folders, then the current one. */
const readOnly = (folder: string) =>
  "for at in /var/tmp /tmp; do mount --bind $at $at; done; " +
  `mount --bind ${folder} ${folder}; ` +
  "for at in /var/tmp /tmp; do mount -o remount,ro,bind $at; done; cd /var/tmp";

const temporaryPlaces: Record<string, (folder: string) => string> = {
  "is read-only": readOnly,
  "is full": (folder) =>
    `export TMPDIR=${folder}/full; mkdir -p $TMPDIR; mount -t tmpfs -o size=4k tmpfs $TMPDIR; ` +
    "cat /dev/zero > $TMPDIR/full 2> /dev/null || true",
};

describe.skipIf(noContainer !== null)(`a folder for temporary files ${noContainer ?? ""}`, () => {
  test.each(Object.keys(temporaryPlaces))("that %s is not needed", async (name) => {
    const data = newFolder();
    const store = `--store=sqlite:${data}/okq.db`;
    const setup = temporaryPlaces[name]!(data);
    const okq = startInContainer(["--listen-addr=127.0.0.1:0", store], setup);
    const port = Number((await okq.waitForLine(/listening .*port=(\d+)/, 60_000))[1]);
    const client = await Wire.connect(port);
    for (let from = 0; from < 50_000; from += 2000) await pushAll(client, from, from + 2000, 700);
    expect(await ask(client, "OKQ", "HEALTH")).toBe("+OK");
    const address = `--listen-addr=127.0.0.1:${port}`;
    const counts = "ok, 1 queue, 50000 events ready, 0 delayed, 0 claimed, 0 failed, 0 completed\n";
    const ofServer = startInContainer(["backup", `${data}/1.db`, store, address], setup);
    expect([await ofServer.exited, ofServer.stdout()]).toEqual([0, `${data}/1.db: ${counts}`]);
    client.close();
    okq.kill("SIGKILL");
    await okq.exited;
    const ofFile = startInContainer(["backup", `${data}/2.db`, store, address], setup);
    expect([await ofFile.exited, ofFile.stdout()]).toEqual([0, `${data}/2.db: ${counts}`]);
    expect(ofFile.stderr()).toBe("");
  });
});

test("okq logs events that cannot be read, and okq health reports them", async () => {
  const file = join(newFolder(), "okq.db");
  const first = await startOkqProcess([`--store=sqlite:${file}`]);
  const client = await first.connect();
  await pushAll(client, 0, 3, 200_000);
  first.kill("SIGTERM");
  await first.exited;
  client.close();
  // Damages the contents of an event, in pages that a start does not read.
  const bytes = readFileSync(file);
  const at = bytes.lastIndexOf(Buffer.alloc(8000, "x")) & ~8191;
  bytes.fill(0xff, at - 10 * 8192, at);
  writeFileSync(file, bytes);
  expect(() => checkDatabase(file)).toThrow("is damaged");
  const okq = await startOkqProcess([`--store=sqlite:${file}`]);
  const other = await okq.connect();
  const health = async () => {
    const { exited, stderr } = startProcess(["health", `--listen-addr=127.0.0.1:${okq.port}`]);
    return [await exited, stderr()];
  };
  expect(await health()).toEqual([0, ""]);
  const replies = [];
  for (let pop = 0; pop < 3; pop++) replies.push(await ask(other, "QRPOP", "q"));
  const refusals = replies.filter((reply) => String(reply).startsWith("-ERR store refused: "));
  expect(refusals.length).toBeGreaterThan(0);
  await okq.waitForLine(/error the database failed error=.*okq\.db is damaged/i);
  expect(await health()).toEqual([1, expect.stringContaining("is damaged")]);
  other.close();
  await okq.crash();
});
