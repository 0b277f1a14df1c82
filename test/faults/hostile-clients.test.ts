// While clients read slowly, send random input or flood okq, or very many clients connect, the
// other clients soon get correct answers.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis, storeNames } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { workedMs } from "../support/process-figures.ts";
import { frame, type Wire } from "../support/wire.ts";
import { contentsOf } from "./account.ts";
import { errorOf, isOk, Load } from "./load.ts";
import { randomOf, report } from "./rounds.ts";

setDefaultTimeout(60_000);

const CROWD = 1_000;
/** Shorter than the five seconds between two reports of consumers to Redis. */
const COUNTED_MS_MAX = 4_000;
/** Milliseconds that okq may work for others before it answers an honest client. */
const WORK_MS_MAX = 250;
const GROWTH_BYTES_MAX = 200 * 1024 * 1024;

async function start(store: (typeof storeNames)[number]): Promise<ListeningOkq> {
  if (store === "memory") return await startOkqProcess(["--store", "memory"]);
  if (store === "sqlite") return await startOkqProcess(["--store", newDatabase()]);
  return await startOkqOnRedis((await startTestRedis()).port);
}

async function residentBytes(wire: Wire): Promise<number> {
  const info = String(await wire.call("INFO", "memory"));
  return Number(/used_memory_rss:(\d+)/.exec(info)![1]);
}

/** The maximum processor time of okq while a client waited for one answer. */
async function longestWork(okq: ListeningOkq, client: Wire, isOver: () => boolean) {
  closeAfterTest(client);
  let longestMs = 0;
  while (!isOver()) {
    const beforeMs = workedMs(okq.pid);
    await client.call("QLPEEK", "nothing");
    longestMs = Math.max(longestMs, workedMs(okq.pid) - beforeMs);
  }
  return longestMs;
}

/** Runs honest clients beside hostile clients. Every reply to an honest client must be correct. */
async function runBeside(
  what: string,
  okq: ListeningOkq,
  attack: (progress: (count: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const load = closeAfterTest(new Load({ port: () => okq.port, lease: 30 }));
  const observer = closeAfterTest(await okq.connect());
  await load.progress(200);
  const bytesBefore = await residentBytes(observer);
  load.slowestMs = 0;
  const attacking = { isOver: false };
  const work = longestWork(okq, await okq.connect(), () => attacking.isOver);
  await attack((count) => load.progress(count)).finally(() => (attacking.isOver = true));
  const [workMs, { slowestMs }] = [await work, load];
  const grownBytes = (await residentBytes(observer)) - bytesBefore;
  await load.stop();
  await load.drain(okq.port);
  const totals = load.account.settle();
  report(what, { ...totals, slowestMs, workMs, grownMB: grownBytes / 2 ** 20 });
  expect(Object.fromEntries(load.errors)).toEqual({});
  expect(totals.acked).toBe(totals.pushed);
  expect(totals.repeated).toBe(0);
  expect(workMs).toBeLessThan(WORK_MS_MAX);
  expect(grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
}

describe.each(storeNames)("on %s, okq serves other clients well during", (store) => {
  test("requests for gigabytes of replies that the client does not read", async () => {
    const okq = await start(store);
    const slow = closeAfterTest(await okq.connect());
    await slow.call("QLPUSH", "large", "1", Buffer.alloc(256 * 1024, "x"));
    await runBeside(`${store}: slow reader`, okq, async (progress) => {
      slow.pause(true);
      slow.pipeline(...Array.from({ length: 8_000 }, () => ["QLPEEK", "large"]));
      await progress(1_500);
    });
    slow.reset();
  });

  test("random input from many clients", async () => {
    const okq = await start(store);
    const random = randomOf("garbage");
    const starts = [
      "",
      "*3\r\n$6\r\nQLPUSH\r\n",
      "*1\r\n$",
      "*3000000000\r\n",
      "$-1\r\n",
      'QRPOP "\r\n',
    ];
    await runBeside(`${store}: garbage`, okq, async (progress) => {
      for (let at = 0; at < 60; at++) {
        const wires = await Promise.all([okq.connect(), okq.connect(), okq.connect()]);
        for (const wire of wires) {
          const bytes = Uint8Array.from({ length: random(1, 5_000) }, () => random(0, 255));
          wire.send(starts[random(0, starts.length - 1)]!);
          wire.send(Buffer.from(bytes));
          wire.endSending();
        }
        for (const wire of wires) await wire.untilClosed();
        await progress(1);
      }
    });
  });

  test("a flood of commands", async () => {
    const okq = await start(store);
    const flood = closeAfterTest(await okq.connect());
    const commands = [["QSTATUS"], ["QRPOP", "nothing"], ["NOSUCHCOMMAND"], ["QLPEEK", "a"]];
    const bytes = Buffer.concat(
      Array.from({ length: 40_000 }, (_, at) => frame(commands[at % commands.length]!)),
    );
    await runBeside(`${store}: flood`, okq, async (progress) => {
      flood.send(bytes);
      await progress(1_500);
    });
    flood.reset();
  });
});

test.each(storeNames)(`on %s, ${CROWD} clients at once each push, pop and ack`, async (store) => {
  const okq = await start(store);
  const crowd = await Promise.all(Array.from({ length: CROWD }, () => okq.connect()));
  for (const client of crowd) closeAfterTest(client);
  const ids = crowd.map((_, at) => `event-${at}`);
  const observer = closeAfterTest(await okq.connect());
  const status = async () => ((await observer.call("QSTATUS", "q")) as number[][])[0]!.slice(1);
  const all = (step: (client: Wire, at: number) => Promise<unknown>) =>
    Promise.all(crowd.map(step)) as Promise<never[]>;

  const registered = await all((client) => client.call("QREGISTER", "q"));
  expect(registered.filter((reply) => !isOk(reply))).toEqual([]);
  expect(await status()).toEqual([0, 0, CROWD]);

  const startedAt = performance.now();
  const pushed = await all((client, at) =>
    client.call("QLPUSH", "q", ids[at]!, contentsOf(ids[at]!)),
  );
  expect(pushed.filter((reply) => !isOk(reply))).toEqual([]);
  expect(await status()).toEqual([CROWD, 0, CROWD]);

  const popped: Buffer[][] = await all((client) => client.call("QRPOP", "q"));
  expect(popped.map(([id]) => String(id)).toSorted()).toEqual(ids.toSorted());
  for (const [id, contents] of popped) expect(contents).toEqual(contentsOf(String(id)));
  expect(await status()).toEqual([CROWD, CROWD, CROWD]);

  const acked = await all((client, at) => client.call("QACK", "q", popped[at]![0]!));
  expect(acked.filter((reply) => reply !== 1)).toEqual([]);
  expect(await status()).toEqual([0, 0, CROWD]);
  report(`${store}: a crowd of ${CROWD}`, { tookMs: performance.now() - startedAt });

  let late = 0;
  for (let left = CROWD - 100; left >= 100; left -= 100) {
    const closedAt = performance.now();
    for (const client of crowd.slice(left, left + 100)) client.reset();
    await eventually(async () => (await status())[2] === left, {
      message: `${left} consumers are counted`,
    });
    if (performance.now() - closedAt > COUNTED_MS_MAX) late += 1;
  }
  // The median of nine times, because a busy machine may sometimes be slow.
  expect(late).toBeLessThan(5);
  expect(errorOf(await crowd[0]!.call("QSTATUS"))).toBeNull();
});
