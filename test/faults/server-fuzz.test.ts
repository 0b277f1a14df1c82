// okq gets a seeded mix of valid and broken input from many connections. It stays up and within its
// bounds, and well-behaved clients never see a wrong byte.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../stores/random.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis, storeNames } from "../support/okq-server.ts";
import { openFiles, residentBytes } from "../support/process-figures.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { report, rounds, seed } from "./rounds.ts";
import { ServerFuzzer } from "./server-fuzzer.ts";
import { Witness } from "./witness.ts";

/** The minimum for each store; longer if too few commands were tried per second. */
const SECONDS = Number(process.env["OKQ_FUZZ_SECONDS"] ?? rounds);
const CONNECTIONS_PER_SECOND = 10;
const REPLIES_PER_SECOND = 100;
const FUZZERS = 8;
const SWEEP_EVERY_MS = 500;
const GROWTH_BYTES_MAX = 300 * 1024 * 1024;
/** Tolerates the files that a store opens and closes. */
const FILES_MORE_MAX = 3;
/** Small, so that the bounds on clients are reached. */
const BOUNDS = ["--max-event-bytes", "1mb", "--max-waiting-bytes", "2mb"];

setDefaultTimeout(60_000 + SECONDS * 2_000);

async function start(store: (typeof storeNames)[number]): Promise<ListeningOkq> {
  if (store === "memory") return await startOkqProcess(["--store", "memory", ...BOUNDS]);
  if (store === "sqlite") return await startOkqProcess(["--store", newDatabase(), ...BOUNDS]);
  return await startOkqOnRedis((await startTestRedis()).port, 0, BOUNDS);
}

/** Log lines that no input of clients may cause. */
function complaints(log: string): string[] {
  return log.split("\n").filter((line) => / error |internal error|connection failed/.test(line));
}

const WITNESS_QUEUES = ["one of my own", "\r\n{}:\0\xff and mine", "*4\r\n$1\r\n", "four"];

function witnesses(): Witness[] {
  return WITNESS_QUEUES.map((name, at) => {
    return new Witness(new Random(seed + at), at % 2 === 0 ? 2 : 3, Buffer.from(name, "latin1"));
  });
}

/** Empties queues that no client empties, because their events use memory. */
async function sweep(okq: ListeningOkq, isOver: () => boolean): Promise<void> {
  const wire = closeAfterTest(await okq.connect());
  while (!isOver()) {
    const queues = ((await wire.call("QSTATUS")) as [Buffer][]).map(([name]) => name);
    const others = queues.filter((name) => !WITNESS_QUEUES.includes(name.toString("latin1")));
    for (const queue of others) await wire.call("QFLUSH", queue);
    await lasting(SWEEP_EVERY_MS);
  }
  wire.close();
}

describe.each(storeNames)("on %s, during random input of other clients", (store) => {
  test(`clients with valid input get exact replies (OKQ_FAULT_SEED=${seed})`, async () => {
    const okq = await start(store);
    const observer = closeAfterTest(await okq.connect());
    await observer.call("PING");
    const [filesBefore, bytesBefore] = [openFiles(okq.pid), residentBytes(okq.pid)];
    const endsAt = performance.now() + SECONDS * 1000;
    let failed: unknown = null;
    const fuzzers = Array.from({ length: FUZZERS }, (_, at) => {
      return new ServerFuzzer(new Random(seed * FUZZERS + at));
    });
    const beside = witnesses();
    const sum = (of: (fuzzer: ServerFuzzer) => number) =>
      fuzzers.reduce((all, fuzzer) => all + of(fuzzer), 0);
    const replies = () => beside.reduce((all, witness) => all + witness.replies, 0);
    const isEnough = () =>
      performance.now() > endsAt &&
      sum(({ connections }) => connections) > SECONDS * CONNECTIONS_PER_SECOND &&
      replies() > SECONDS * REPLIES_PER_SECOND;
    const isOver = () => failed !== null || isEnough();
    const runs = [...fuzzers, ...beside].map((each) =>
      each.run(okq.port, isOver).catch((error) => (failed ??= error)),
    );
    await Promise.all([...runs, sweep(okq, isOver)]);
    if (failed) throw failed;
    report(`${store}: fuzz for ${SECONDS} s`, {
      connections: sum(({ connections }) => connections),
      megabytes: sum(({ bytes }) => bytes) / 2 ** 20,
      wholeCommands: sum((fuzzer) => fuzzer.commands),
      witnessReplies: replies(),
      grownMB: (residentBytes(okq.pid, "peak") - bytesBefore) / 2 ** 20,
    });
    expect(complaints(okq.stderr())).toEqual([]);
    expect(residentBytes(okq.pid, "peak") - bytesBefore).toBeLessThan(GROWTH_BYTES_MAX);
    await eventually(() => openFiles(okq.pid) <= filesBefore + FILES_MORE_MAX);
    const info = String(await observer.call("INFO"));
    expect(info).toContain(`process_id:${okq.pid}\r\n`);
    for (const gauge of ["waiting", "unread", "unsent"]) {
      expect(info).toContain(`bytes_${gauge}:0\r\n`);
    }
  });
});

describe("the fuzzer notices", () => {
  test("a single wrong byte in a reply", async () => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const proxy = closeAfterTest(TcpProxy.start(okq.port));
    let left = 20_000;
    proxy.onReply = (bytes) => {
      if (left > 0 && left <= bytes.length) bytes[left - 1]! ^= 1;
      left -= bytes.length;
    };
    const [witness] = witnesses();
    const run = witness!.run(proxy.port, () => left < -1_000_000);
    expect(String(await run.catch((error) => error))).toMatch(/a witness got /);
  });

  test("a missing reply", async () => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const proxy = closeAfterTest(TcpProxy.start(okq.port));
    let chunks = 0;
    proxy.onReply = () => {
      if (++chunks === 5) proxy.cut();
    };
    const [witness] = witnesses();
    const run = witness!.run(proxy.port, () => chunks > 50);
    expect(String(await run.catch((error) => error))).toMatch(/then it was closed, and not /);
  });

  test("an answer that is not a reply", async () => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const proxy = closeAfterTest(TcpProxy.start(okq.port));
    proxy.onReply = (bytes) => bytes.fill("?", 0, 1);
    const run = new ServerFuzzer(new Random(seed)).run(proxy.port, () => false);
    expect(String(await run.catch((error) => error))).toMatch(/not a reply|replies to/);
  });

  test.each([
    "2026-11-21T17:00:00.000Z error unexpected failure: boom",
    '2026-11-21T17:00:00.000Z warn  internal error in QSTATUS failed error="boom"',
  ])("%p in the log", (line) => {
    expect(complaints(`one\n${line}\nthree`)).toEqual([line]);
  });
});
