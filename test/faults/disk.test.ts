// The disk fails while okq serves: it is full or read-only, or the file is deleted. Pushes get a
// clear error, pops and acks work if possible, and okq recovers with the disk.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, onTestFinished, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDatabase } from "../../src/stores/local/sqlite/check-database.ts";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqProcess } from "../support/okq-process.ts";
import { ask, askAll } from "../support/readable.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

const megabyte = 1024 * 1024;

interface Served {
  okq: ListeningOkq;
  client: Wire;
  file: string;
}

async function serve(folder: string, flags: string[] = []): Promise<Served> {
  const file = join(folder, "okq.db");
  const okq = await startOkqProcess([`--store=sqlite:${file}`, ...flags]);
  return { okq, client: await okq.connect(), file };
}

/** Pushes until a push is refused. Returns the next id and the error. */
async function pushUntilRefused(client: Wire, from = 0): Promise<{ to: number; error: string }> {
  const contents = Buffer.alloc(10_000, "x");
  for (let id = from; id < 100_000; id++) {
    const reply = await ask(client, "QLPUSH", "q", id, contents);
    if (reply !== "+OK") return { to: id, error: String(reply) };
  }
  throw new Error("no push was refused");
}

/** Pops and acks the events from `from` to before `to`, in order. */
async function popAndAck(client: Wire, from: number, to: number): Promise<void> {
  for (let id = from; id < to; id++) {
    const event = (await ask(client, "QRPOP", "q")) as string[];
    expect([event[0], event[1]?.length]).toEqual([`${id}`, 10_000]);
    expect(await ask(client, "QACK", "q", id)).toBe(1);
  }
}

const untilPushed = (client: Wire, id: number) =>
  eventually(async () => (await ask(client, "QLPUSH", "q", id, Buffer.alloc(10_000))) === "+OK", {
    timeoutMs: 60_000,
    message: "pushes are accepted again",
  });

describe.skipIf(noSmallDisk !== null)(`okq on a small disk ${noSmallDisk ?? ""}`, () => {
  test("refuses pushes when it is full, and recovers through pops and acks", async () => {
    const disk = mountSmallDisk(64 * megabyte);
    const { okq, client } = await serve(disk.folder);
    const { to, error } = await pushUntilRefused(client);
    expect(error).toMatch(/^-ERR store refused: no room on the disk of .*: pushes are refused/);
    expect(to).toBeGreaterThan(1000);
    await okq.waitForLine(/pushes are refused reason=/);
    // The file returns the space of all events to the disk.
    await popAndAck(client, 0, to);
    await untilPushed(client, to);
    await okq.waitForLine(/pushes are accepted again/);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
    client.close();
  });

  test("loses no answered change when another process fills it to the last byte", async () => {
    const disk = mountSmallDisk(64 * megabyte);
    const { okq, client, file } = await serve(disk.folder);
    const contents = Buffer.alloc(10_000, "x");
    const push = (id: number) => ["QLPUSH", "q", id, contents];
    const all = Array.from({ length: 300 }, (_, id) => push(id));
    expect(new Set(await askAll(client, ...all))).toEqual(new Set(["+OK"]));
    disk.fill(0);
    const { to, error } = await pushUntilRefused(client, 300);
    expect(error).toContain("no room on the disk");
    await popAndAck(client, 0, 150);
    await okq.crash();
    disk.empty();
    expect(checkDatabase(file)).toMatchObject({ ready: to - 150, claimed: 0 });
    const again = await serve(disk.folder);
    await popAndAck(again.client, 150, to);
    again.client.close();
    await again.okq.crash();
  });

  test("does not start when it is read-only, with a clear error", async () => {
    const disk = mountSmallDisk(64 * megabyte);
    const { client, okq } = await serve(disk.folder);
    expect(await ask(client, "QLPUSH", "q", "0", Buffer.alloc(10_000))).toBe("+OK");
    okq.kill("SIGTERM");
    await okq.exited;
    disk.setReadOnly(true);
    await expect(serve(disk.folder)).rejects.toThrow(/cannot start: .*okq\.db cannot be written: /);
    disk.setReadOnly(false);
    const again = await serve(disk.folder);
    await popAndAck(again.client, 0, 1);
    again.client.close();
    client.close();
  });
});

/** Pushes until a push is refused; no push is answered OK. Returns the refusal. */
async function untilRefused(client: Wire): Promise<string> {
  for (let id = 0; ; id++) {
    const reply = String(await ask(client, "QLPUSH", "q", `late-${id}`, "x"));
    expect(reply).toMatch(/^-ERR store (refused|outcome unknown): /);
    if (reply.startsWith("-ERR store refused")) return reply;
  }
}

test("a deleted file makes okq refuse pushes, and a backup saves its events", async () => {
  const folder = mkdtempSync(join(tmpdir(), "okq-deleted-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { client, file, okq } = await serve(folder);
  for (const id of ["1", "2", "3"]) {
    expect(await ask(client, "QLPUSH", "q", id, `contents ${id}`)).toBe("+OK");
  }
  rmSync(file);
  const refusal = await untilRefused(client);
  expect(refusal).toMatch(/okq\.db was removed or replaced while in use: save the events/);
  expect(await ask(client, "QRPOP", "q")).toEqual(["1", "contents 1"]);
  // Clients see this change as done, but a restart loses it.
  expect(await ask(client, "QACK", "q", "1")).toBe(1);
  const saved = join(folder, "saved.db");
  writeFileSync(saved, "");
  expect(await ask(client, "OKQ", "BACKUP", saved)).toBe("+OK");
  const { ready } = checkDatabase(saved);
  expect(ready).toBeGreaterThanOrEqual(2);
  client.close();
  await okq.crash();
  const again = await startOkqProcess([`--store=sqlite:${saved}`]);
  const other = await again.connect();
  expect(await ask(other, "QRPOP", "q")).toEqual(["2", "contents 2"]);
  other.close();
});
