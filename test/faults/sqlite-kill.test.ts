// kill -9 of okq on its own database, at random moments under load: answered events stay in order,
// and acknowledged events are never delivered again.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type ListeningOkq, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { ask } from "../support/readable.ts";
import { CLOSED, type Wire } from "../support/wire.ts";
import { isOk, Load } from "./load.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(60_000);

/** The number of kills in each test: 6 in a quick run, 180 with OKQ_FAULT_ROUNDS=60. */
const kills = rounds * 3;
const killMsMax = 6000;

const modes = [
  ["with every answer on disk", []],
  ["with a sync every second", ["--fsync=everysec"]],
  ["with next to nothing in memory", ["--memory-budget=4kb"]],
] as const;

test.each(modes)(
  "loses no event and repeats no acked event when killed under mixed load %s",
  async (mode, flags) => {
    const random = randomOf(`okq on its database killed, ${mode}`);
    const args = ["--store", newDatabase(), ...flags];
    let okq = await startOkqProcess(args);
    const { port } = okq;
    const load = new Load({ port: () => port });
    for (let kill = 0; kill < kills; kill++) {
      await load.progress(random(1, 400));
      await okq.crash();
      okq = await startOkqProcess(args, port);
    }
    await load.progress(100);
    await load.stop();
    await load.drain(port);
    report(`okq on its database killed, ${mode}`, load.account.settle());
    expect(load.account.totals().pushed).toBeGreaterThan(20 * kills);
  },
  timeoutFor(5 * killMsMax),
);

test(
  "keeps the order when killed while one client pushes and another pops",
  async () => {
    const random = randomOf("order over kills");
    const args = ["--store", newDatabase()];
    let okq = await startOkqProcess(args);
    const pushed: number[] = [];
    const popped: number[] = [];
    let next = 0;
    for (let kill = 0; kill < kills; kill++) {
      const producer = await okq.connect();
      const consumer = await okq.connect();
      const end = random(pushed.length + 5, pushed.length + 100);
      const crash = crashAfter(okq, () => pushed.length >= end);
      const running = [
        untilClosed(async () => {
          const id = next++;
          // If the answer of a push was lost, the event may exist or not.
          if (isOk(await producer.call("QLPUSH", "line", id, `event ${id}`))) pushed.push(id);
        }),
        untilClosed(() => popOne(consumer, popped)),
        crash,
      ];
      await Promise.all(running);
      okq = await startOkqProcess(args, okq.port);
    }
    const client = await okq.connect();
    while (await popOne(client, popped));
    client.close();
    expect(popped).toEqual(popped.toSorted((a, b) => a - b));
    expect(new Set(popped).size).toBe(popped.length);
    // A lost answer to a pop with EX 0 loses its event: at most one event per kill.
    const got = new Set(popped);
    expect(pushed.filter((id) => !got.has(id)).length).toBeLessThanOrEqual(kills);
    report("order over kills", { pushed: pushed.length, popped: popped.length });
  },
  timeoutFor(5 * killMsMax),
);

async function popOne(client: Wire, popped: number[]): Promise<boolean> {
  const event = (await ask(client, "QRPOP", "line", "NOACK")) as [string, string] | null;
  if (event) popped.push(Number(event[0]));
  return event !== null;
}

async function crashAfter(okq: ListeningOkq, isTime: () => boolean): Promise<void> {
  await eventually(isTime, { timeoutMs: 60_000, message: "enough was pushed" });
  await okq.crash();
}

async function untilClosed(step: () => Promise<unknown>): Promise<void> {
  try {
    for (;;) await step();
  } catch (error) {
    expect((error as Error).message).toBe(CLOSED);
  }
}

test("a second okq on the same file ends at once and reports the reason", async () => {
  const store = `--store=${newDatabase()}`;
  const first = await startOkqProcess([store]);
  const client = await first.connect();
  await client.call("QLPUSH", "q", "1", "hello");
  const second = startProcess([store, "--listen-addr", "127.0.0.1:0"]);
  expect(await second.exited).toBe(1);
  const said = second.stderr().trimEnd();
  expect(said).toContain(`${store.slice("--store=sqlite:".length)} is in use by another process`);
  expect(said).toContain("several okq processes with the same queues need Redis (--redis-addr)");
  expect(said.split("\n").length).toBe(1);
  expect(await ask(client, "QRPOP", "q")).toEqual(["1", "hello"]);
  client.close();
});

test("a stop leaves claims and their leases in the database", async () => {
  const args = ["--store", newDatabase()];
  const first = await startOkqProcess(args);
  const client = await first.connect();
  await client.call("QLPUSH", "q", "1", "one");
  await client.call("QRPUSH", "q", "2", "two");
  expect(await ask(client, "QRPOP", "q", "EX", "600")).toEqual(["2", "two"]);
  first.kill("SIGTERM");
  expect(await first.exited).toBe(0);
  const second = await startOkqProcess(args);
  const again = await second.connect();
  expect(await ask(again, "QSTATUS", "q")).toEqual([["q", 2, 1, 0]]);
  expect(await ask(again, "QACK", "q", "2", "REDO")).toBe(1);
  expect(await ask(again, "QRPOP", "q")).toEqual(["2", "two"]);
  expect(await ask(again, "QRPOP", "q")).toEqual(["1", "one"]);
  again.close();
});
