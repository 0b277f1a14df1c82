// The disk is full, and okq is killed there, while clients do steps of several changes:
// transactions, copies, members of counters, groups, cron entries. A refused step does nothing, one
// that was answered stays done, and okq goes on when there is room again.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import { attempt } from "../support/transact.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

const NO_ROOM = /ERR store refused: no room on the disk of .*: pushes are refused until there is$/;
const LARGE = Buffer.alloc(10_000, "x");
const MEMBERS = 20;

const serve = (folder: string) => startOkqProcess([`--store=sqlite:${join(folder, "okq.db")}`]);

async function prepare(client: Wire): Promise<void> {
  await ask(client, "QBIND", "letters", "copy");
  await ask(client, "QCOUNTER", "INIT", "parts", "all", MEMBERS, "THEN", "all parts are done");
  await ask(client, "QCOUNTER", "INIT", "parts", "open", MEMBERS, "THEN", LARGE);
  await ask(client, "QCRON", "SET", "clock", "tick", "0 0 1 1 *", LARGE);
  for (let n = 0; n < MEMBERS; n++) {
    await ask(client, "QPUSH", "work", LARGE, "ID", n, "PART", "parts", "all");
    await ask(client, "QPUSH", "tenants", LARGE, "ID", n, "GROUP", `tenant-${n % 3}`);
  }
}

/** The ids of the events of a cron entry that was run: those within a second are one. */
const ran = new Set<string>();

/** The steps that need room, by their names: each is all done, or refused as a whole. */
const growing: Record<string, (client: Wire, n: number) => Promise<Readable>> = {
  transaction: async (client, n) => {
    const pushes = ["from", "to"].map((queue) => ["QPUSH", queue, LARGE, "ID", n]);
    return (await attempt(client, ...pushes)).at(-1)!;
  },
  copies: (client, n) => ask(client, "QPUSH", "letters", LARGE, "ID", n),
  counter: (client, n) => ask(client, "QCOUNTER", "INIT", "parts", `c-${n}`, 1, "THEN", LARGE),
  member: (client, n) => ask(client, "QCOUNTER", "DONE", "parts", "open", `member-${n}`),
  cron: (client, n) => ask(client, "QCRON", "SET", "clock", `c-${n}`, "0 0 1 1 *", LARGE),
  async run(client) {
    const reply = await ask(client, "QCRON", "RUN", "clock", "tick");
    if (!isRefused(reply)) ran.add(String(reply));
    return reply;
  },
  group: (client, n) => ask(client, "QPUSH", "tenants", LARGE, "ID", `n-${n}`, "GROUP", "new"),
};

const isRefused = (reply: Readable) => typeof reply === "string" && reply.startsWith("-");

/** How many steps of each kind were done. */
type Done = Record<string, number>;

/** Does all steps until each was refused so often, because the disk is full. */
async function untilAllRefused(client: Wire, done: Done, times: number): Promise<void> {
  const refused: Done = {};
  for (let n = 0; Object.keys(growing).some((name) => (refused[name] ?? 0) < times); n++) {
    expect(n).toBeLessThan(2000);
    for (const [name, step] of Object.entries(growing)) {
      const reply = await step(client, done[name] ?? 0);
      if (isRefused(reply)) {
        expect(reply).toMatch(NO_ROOM);
        refused[name] = (refused[name] ?? 0) + 1;
      } else done[name] = (done[name] ?? 0) + 1;
    }
  }
}

/** Consumers go on: the work counts its members, tenants fail an event and acknowledge another. */
async function consume(client: Wire, n: number): Promise<void> {
  const [[, work]] = (await ask(client, "QPOP", "FROM", "work")) as [[string, string]];
  expect(work).toBe(`${n}`);
  const acks = await attempt(client, ["QACK", "work", work], ["QCOUNTER", "GET", "parts", "all"]);
  expect(acks.at(-1)).toEqual([1, MEMBERS - n - 1]);
  const [[, tenant]] = (await ask(client, "QPOP", "FROM", "tenants")) as [[string, string]];
  const failed = await ask(client, "QFAIL", "tenants", tenant, "*", "ERROR", "e", "DELAY", "0");
  expect(failed).toBe("ready");
  const again = await attempt(client, ["QPOP", "FROM", "tenants"], ["QGET", "tenants", tenant]);
  const [[[, next]]] = again.at(-1) as [[[string, string]]];
  expect(await ask(client, "QACK", "tenants", next)).toBe(1);
}

/** What is there, by queue and counter. */
async function look(client: Wire): Promise<Record<string, Readable>> {
  const waiting = async (queue: string) => {
    const [[, ready, claimed]] = (await ask(client, "QSTATUS", queue)) as [
      [string, number, number],
    ];
    return ready + claimed;
  };
  const listed = async (kind: string, queue: string) => {
    const reply = (await ask(client, kind, "LIST", queue)) as Readable[];
    return (kind === "QCRON" ? reply : (reply[1] as Readable[])).length;
  };
  return {
    from: await waiting("from"),
    to: await waiting("to"),
    letters: await waiting("letters"),
    copies: await waiting("letters@copy"),
    tenants: await waiting("tenants"),
    work: await waiting("work"),
    runs: await waiting("clock"),
    crons: await listed("QCRON", "clock"),
    counters: await listed("QCOUNTER", "parts"),
    all: await ask(client, "QCOUNTER", "GET", "parts", "all"),
    open: await ask(client, "QCOUNTER", "GET", "parts", "open"),
  };
}

function expected(done: Done, consumed: number): Record<string, Readable> {
  const count = (name: string) => done[name] ?? 0;
  return {
    from: count("transaction"),
    to: count("transaction"),
    letters: count("copies"),
    copies: count("copies"),
    tenants: MEMBERS + count("group") - consumed,
    work: MEMBERS - consumed,
    runs: ran.size,
    crons: 1 + count("cron"),
    // A page has at most so many.
    counters: Math.min(100, 2 + count("counter")),
    all: MEMBERS - consumed,
    open: MEMBERS - count("member"),
  };
}

describe.skipIf(noSmallDisk !== null)(`steps on a full disk ${noSmallDisk ?? ""}`, () => {
  test("are refused as a whole or stay done, also through kill -9", async () => {
    const disk = mountSmallDisk(64 * 1024 * 1024);
    let okq = await serve(disk.folder);
    let client = await okq.connect();
    const done: Done = {};
    await prepare(client);
    for (const [name, step] of Object.entries(growing)) {
      expect([name, isRefused(await step(client, 0))]).toEqual([name, false]);
      done[name] = 1;
    }
    disk.fill(0);
    await untilAllRefused(client, done, 2);
    for (let n = 0; n < 5; n++) await consume(client, n);
    await untilAllRefused(client, done, 2);
    expect(await look(client)).toEqual(expected(done, 5));
    client.close();
    await okq.crash();
    okq = await serve(disk.folder);
    client = await okq.connect();
    expect(await look(client)).toEqual(expected(done, 5));
    for (let n = 5; n < 10; n++) await consume(client, n);
    disk.empty();
    await eventually(async () => !isRefused(await ask(client, "QPUSH", "other", "x")));
    for (const [name, step] of Object.entries(growing)) {
      expect([name, isRefused(await step(client, done[name]!))]).toEqual([name, false]);
      done[name]! += 1;
    }
    for (let n = 10; n < MEMBERS - 1; n++) await consume(client, n);
    expect(await look(client)).toEqual(expected(done, MEMBERS - 1));
    // The last member pushes the event of the counter.
    await ask(client, "QPOP", "FROM", "work");
    const last = await askAll(client, ["QACK", "work", MEMBERS - 1], ["QRPOP", "parts"]);
    expect(last).toEqual([1, ["all", "all parts are done"]]);
    client.close();
    await okq.crash();
  });
});
