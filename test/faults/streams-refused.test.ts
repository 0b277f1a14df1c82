// Redis is out of memory, or the disk is full, while clients use streams with several groups: XADD
// is refused as a whole, and what takes and ends claims goes on.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { mountSmallDisk, noSmallDisk } from "../support/small-disk.ts";
import { attempt } from "../support/transact.ts";
import { type Argument, Wire } from "../support/wire.ts";
import { randomOf, report, rounds } from "./rounds.ts";
import { StreamLoad } from "./stream-load.ts";

setDefaultTimeout(60_000);

const LARGE = Buffer.alloc(10_000, "x");
const GROUPS = ["shop", "audit", "mail"];
const ENTRIES = 12;
const isRefused = (reply: Readable) =>
  typeof reply === "string" && reply.startsWith("-ERR store refused: ");

interface Place {
  port: number;
  /** From now on there is no room. */
  fill(): Promise<void>;
  empty(): Promise<void>;
  refusal: RegExp;
}

async function redisWithoutMemory(): Promise<Place> {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const limit = async (bytes: string) => void (await redis.redis.config("SET", "maxmemory", bytes));
  return {
    port: okq.port,
    fill: () => limit("1mb"),
    empty: () => limit("0"),
    refusal: /ERR store refused: OOM .*maxmemory/,
  };
}

async function fullDisk(): Promise<Place> {
  const disk = mountSmallDisk(64 * 1024 * 1024);
  const okq = await startOkqProcess([`--store=sqlite:${join(disk.folder, "okq.db")}`]);
  const client = closeAfterTest(await okq.connect());
  const isAdded = async () => !isRefused(await ask(client, "XADD", "probe", "*", "x", LARGE));
  return {
    port: okq.port,
    async fill() {
      disk.fill(0);
      await eventually(async () => !(await isAdded()));
    },
    async empty() {
      disk.empty();
      await eventually(isAdded);
    },
    refusal: /ERR store refused: no room on the disk of .*: pushes are refused until there is$/,
  };
}

async function prepare(client: Wire): Promise<string[]> {
  for (const group of GROUPS) await ask(client, "XGROUP", "CREATE", "s", group, "$", "MKSTREAM");
  await ask(client, "QCONFIG", "s", "backoff", "none");
  const ids: string[] = [];
  for (let n = 0; n < ENTRIES; n++)
    ids.push((await ask(client, "XADD", "s", "*", "n", n)) as string);
  return ids;
}

/** All that is known of the stream and its groups, but times. */
async function look(client: Wire): Promise<Readable[]> {
  const seen: Readable[] = [];
  const queues = ["s", ...GROUPS.slice(1).map((group) => `s@${group}`)];
  for (const queue of queues) {
    seen.push(await ask(client, "XRANGE", queue, "-", "+"), await ask(client, "QSTATUS", queue));
  }
  seen.push(await ask(client, "XINFO", "STREAM", "s"), await ask(client, "XINFO", "GROUPS", "s"));
  return seen;
}

/** What needs room. */
const growing: Argument[][] = [
  ["XADD", "s", "*", "n", LARGE],
  ["XADD", "s", "9999999999999-1", "n", LARGE],
  ["XADD", "s", "MAXLEN", 1, "*", "n", "x"],
  ["XADD", "s", "NOMKSTREAM", "*", "n", "x"],
  ["XADD", "new", "*", "n", "x"],
  ["XGROUP", "CREATECONSUMER", "s", "shop", "nobody"],
  ["XGROUP", "CREATECONSUMER", "s", "mail", "nobody"],
  ["XGROUP", "CREATE", "s", "another", 0],
  ["XGROUP", "CREATE", "new", "another", 0, "MKSTREAM"],
  ["QPUSH", "s", LARGE],
];

async function expectRefusals(client: Wire, refusal: RegExp): Promise<void> {
  const before = await look(client);
  for (const words of growing) {
    const reply = await ask(client, ...words);
    expect([words[0], words[1], reply]).toEqual([
      words[0],
      words[1],
      expect.stringMatching(refusal),
    ]);
  }
  const inTransaction = await attempt(client, ["XDEL", "s", "1-1"], ["XADD", "s", "*", "n", "x"]);
  expect(inTransaction.at(-1)).toMatch(refusal);
  expect(await look(client)).toEqual(before);
  for (const key of ["new", "new@another", "s@another"]) {
    expect([key, await ask(client, "TYPE", key)]).toEqual([key, "+none"]);
    expect([key, await ask(client, "EXISTS", key)]).toEqual([key, 0]);
  }
}

/** The ids that a read answered. */
const idsIn = (reply: Readable) =>
  (reply as [string, [string, Readable][]][]).flatMap(([, all]) => all.map(([id]) => id));

/** A stream without further groups takes another path through Redis. */
async function expectAlone(client: Wire): Promise<void> {
  const first = ["GROUP", "default", "ann", "COUNT", 1, "STREAMS", "alone", ">"];
  const read = ["XREADGROUP", ...first];
  const [taken, refused, behind] = await askAll(client, read, ["XADD", "alone", "*", "n", 3], read);
  expect(isRefused(refused!)).toBe(true);
  expect(behind).toMatch(/^-ERR store refused: not done, because an earlier/);
  const ids = [...idsIn(taken!), ...idsIn(await ask(client, ...read))];
  expect(await ask(client, ...read)).toBeNull();
  expect(await ask(client, "XACK", "alone", "default", ...ids)).toBe(2);
  const record = ["last-generated-id", ids[1]!, "entries-added", 2];
  const info = await ask(client, "XINFO", "STREAM", "alone");
  expect(info).toEqual(expect.arrayContaining(record));
}

/** Everything else goes on, each with entries of its own. */
async function expectTheRest(client: Wire, ids: string[]): Promise<void> {
  const read = async (group: string, consumer: string, ...options: Argument[]) => {
    const words = ["GROUP", group, consumer, ...options, "STREAMS", "s", ">"];
    return idsIn(await ask(client, "XREADGROUP", ...words));
  };
  // Consumers that nobody knows.
  for (const group of GROUPS) expect(await read(group, "ann")).toEqual(ids);
  expect(await ask(client, "XACK", "s", "shop", ...ids.slice(0, 2))).toBe(2);
  const refused = /ERR store refused: not done, because an earlier/;
  const behind = [
    ["XACK", "s", "shop", ids[2]!],
    ["XREADGROUP", "GROUP", "mail", "ann", "STREAMS", "s", "0"],
  ];
  const [added, ...notDone] = await askAll(client, ["XADD", "s", "*", "n", "x"], ...behind);
  expect(isRefused(added!)).toBe(true);
  for (const reply of notDone) expect(reply).toMatch(refused);
  const [, , silent, failed, fatal, stolen, others] = ids as string[];
  for (const [mode, id] of [
    ["SILENT", silent],
    ["FAIL", failed],
    ["FATAL", fatal],
  ] as const) {
    expect(await ask(client, "XNACK", "s", "shop", mode, "IDS", 1, id!)).toBe(1);
  }
  expect(await read("shop", "bob", "BLOCK", 1000)).toEqual([silent!, failed!]);
  expect(await ask(client, "XCLAIM", "s", "audit", "eve", 0, stolen!, "JUSTID")).toEqual([stolen!]);
  expect(await ask(client, "XCLAIM", "s", "mail", "eve", 0, stolen!)).toHaveLength(1);
  expect(await ask(client, "XAUTOCLAIM", "s", "mail", "eve", 0, others!, "COUNT", 1)).toHaveLength(
    3,
  );
  expect(await ask(client, "XPENDING", "s", "mail", "-", "+", 100, "eve")).toHaveLength(2);
  expect(await ask(client, "XACKDEL", "s", "audit", "DELREF", "IDS", 1, ids[7]!)).toEqual([1]);
  expect(await ask(client, "XDEL", "s", ids[8]!)).toBe(1);
  expect(await ask(client, "XGROUP", "DELCONSUMER", "s", "audit", "ann")).toBe(ENTRIES - 3);
  expect(await ask(client, "XTRIM", "s@audit", "MAXLEN", 5)).toBeGreaterThan(0);
  expect(await ask(client, "XGROUP", "DESTROY", "s", "audit")).toBe(1);
}

async function tryAll({ port, fill, empty, refusal }: Place): Promise<void> {
  const client = closeAfterTest(await Wire.connect(port));
  const ids = await prepare(client);
  for (const n of [1, 2]) await ask(client, "XADD", "alone", "*", "n", n);
  await fill();
  await expectRefusals(client, refusal);
  await expectAlone(client);
  await expectTheRest(client, ids);
  await expectRefusals(client, refusal);
  await empty();
  const added = [await ask(client, "XADD", "s", "*", "n", "x"), "9999999999999-1"] as string[];
  expect(await ask(client, "XADD", "s", added[1]!, "n", "x")).toBe(added[1]!);
  const info = await ask(client, "XINFO", "STREAM", "s");
  const record = ["last-generated-id", added[1]!, "entries-added", ENTRIES + 2];
  expect(info).toEqual(expect.arrayContaining(record));
  for (const group of ["shop", "mail"]) {
    const words = ["GROUP", group, "ann", "STREAMS", "s", ">"];
    expect(idsIn(await ask(client, "XREADGROUP", ...words))).toEqual(added);
  }
}

/** Clients go on while there is no room, and afterwards. */
async function tryUnderLoad({ port, fill, empty }: Place, name: string): Promise<void> {
  const load = closeAfterTest(await StreamLoad.start(() => port, randomOf(name)));
  for (let round = 0; round < rounds; round++) {
    await load.progress(50);
    await fill();
    const refused = () => load.errors.get("ERR store refused") ?? 0;
    const before = refused();
    await load.progress(100);
    await eventually(() => refused() > before + 20, { message: "more is refused" });
    await empty();
  }
  await load.progress(50);
  const totals = await load.settle();
  report(name, { ...totals, ...Object.fromEntries(load.errors) });
  const known = /^(ERR store refused|EXECABORT .*)$/;
  expect([...load.errors.keys()].filter((error) => !known.test(error))).toEqual([]);
  expect(totals).toMatchObject({ pushUnknown: 0 });
}

describe("while Redis has no memory", () => {
  test("XADD is refused as a whole, and claims go on", async () => {
    await tryAll(await redisWithoutMemory());
  });

  test("clients lose no entry", async () => {
    await tryUnderLoad(await redisWithoutMemory(), "streams, no memory");
  });
});

describe.skipIf(noSmallDisk !== null)(`while the disk is full ${noSmallDisk ?? ""}`, () => {
  test("XADD is refused as a whole, and claims go on", async () => {
    await tryAll(await fullDisk());
  });

  test("clients lose no entry", async () => {
    await tryUnderLoad(await fullDisk(), "streams, full disk");
  });
});
