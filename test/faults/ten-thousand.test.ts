// Ten thousand connections at once, the default limit: each is served, one more is refused, and
// they leave nothing behind.
import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { openFiles, residentBytes, workedMs } from "../support/process-figures.ts";
import { frame, type Wire } from "../support/wire.ts";
import { RawSocket } from "./raw-socket.ts";
import { report } from "./rounds.ts";

const CLIENTS = 10_000;
/** The listener queues 512 connections. */
const WAVE = 250;
const KB_EACH_MAX = 24;
const FILES_MORE_MAX = 3;
/** Milliseconds that okq may work for ten thousand clients before it answers one more. */
const WORK_MS_MAX = 1_500;

const limit = Number(
  /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1],
);
const hasRoom = !(limit < CLIENTS + 500);
const reason = hasRoom ? "" : ` (skipped: only ${limit} files may be open)`;

async function crowdOf(port: number, count: number): Promise<RawSocket[]> {
  const crowd: RawSocket[] = [];
  while (crowd.length < count) {
    const wave = Math.min(WAVE, count - crowd.length);
    crowd.push(...(await Promise.all(Array.from({ length: wave }, () => RawSocket.connect(port)))));
  }
  return crowd;
}

async function expectReply(socket: RawSocket, reply: string): Promise<void> {
  const got = await socket.read(reply.length);
  if (got.toString() !== reply) throw new Error(`got ${JSON.stringify(String(got))}`);
}

/** The maximum processor time of okq until it answers a client, while `all` is pending. */
async function longestWorkBeside(pid: number, client: Wire, all: Promise<unknown>) {
  const done = all.then(() => true);
  let longestMs = 0;
  do {
    const beforeMs = workedMs(pid);
    expect(await client.call("QLPUSH", "beside", "1", "x")).toEqual({ simple: "OK" });
    longestMs = Math.max(longestMs, workedMs(pid) - beforeMs);
    expect(await client.call("QRPOP", "beside", "NOACK")).not.toBeNull();
  } while (!(await Promise.race([done, Promise.resolve(false)])));
  return longestMs;
}

test.skipIf(!hasRoom)(
  `${CLIENTS} clients are served at once, and another is refused${reason}`,
  async () => {
    const okq = await startOkqProcess(["--store", newDatabase()]);
    const observer = closeAfterTest(await okq.connect());
    await observer.call("PING");
    const [filesBefore, bytesBefore] = [openFiles(okq.pid), residentBytes(okq.pid)];
    const startedAt = performance.now();
    const crowd = await crowdOf(okq.port, CLIENTS - 1);
    const ping = async (client: RawSocket) => {
      client.send(Buffer.from("PING\r\n"));
      await expectReply(client, "+PONG\r\n");
    };
    await Promise.all(crowd.map(ping));
    const connectedMs = performance.now() - startedAt;
    const idleKB = (residentBytes(okq.pid) - bytesBefore) / 1024 / CLIENTS;

    const tooMany = await RawSocket.connect(okq.port);
    expect(String(await tooMany.readToEnd())).toBe("-ERR max number of clients reached\r\n");
    const info = String(await observer.call("INFO", "clients"));
    expect(info).toContain(`connected_clients:${CLIENTS}\r\n`);

    const cycle = async (client: RawSocket, at: number) => {
      const queue = `queue ${at % 1000}`;
      const id = String(at);
      client.send(frame(["QLPUSH", queue, id, "contents"]));
      await expectReply(client, "+OK\r\n");
      client.send(frame(["QRPOP", queue, "NOACK"]));
      const [, length] =
        /^\*2\r\n\$\d+\r\n\d+\r\n\$(\d+)/.exec(String(await client.read(20))) ?? [];
      expect(length).toBe("8");
    };
    const from = performance.now();
    const workMs = await longestWorkBeside(okq.pid, observer, Promise.all(crowd.map(cycle)));
    const cyclesMs = performance.now() - from;
    const busyKB = (residentBytes(okq.pid) - bytesBefore) / 1024 / CLIENTS;
    expect(await observer.call("QSTATUS")).toEqual([]);

    const closedAt = performance.now();
    for (const [at, client] of crowd.entries()) {
      if (at % 2 === 0) client.close();
      else client.reset();
    }
    await eventually(() => openFiles(okq.pid) <= filesBefore + FILES_MORE_MAX);
    await eventually(async () => {
      return String(await observer.call("INFO", "clients")).includes("connected_clients:1\r\n");
    });
    const closedMs = performance.now() - closedAt;
    report(`${CLIENTS} clients`, { connectedMs, idleKB, cyclesMs, busyKB, workMs, closedMs });
    expect(idleKB).toBeLessThan(KB_EACH_MAX);
    expect(workMs).toBeLessThan(WORK_MS_MAX);
    const complaints = okq
      .stderr()
      .split("\n")
      .filter((line) => / warn | error /.test(line));
    expect(complaints).toEqual([expect.stringContaining("refused a client")]);
  },
  60_000,
);
